// Throughput, latency and availability under the lanes, on the same time axis.

// Counts and quantiles of each window, of the calls the filter shows.
function makeSeries(model, filtered) {
  const { ops, raw, nodes } = model, window = raw.window;
  const windows = Math.floor(raw.end / window) + 1;
  // Whether a node answers is asked of whole seconds: in less, silence means nothing.
  const long = Math.max(window, 1e9);
  const zeros = (n) => new Uint32Array(n);
  const counts = [zeros(windows), zeros(windows), zeros(windows)];
  const perNode = nodes.map(() => [0, 0].map(() => zeros(Math.floor(raw.end / long) + 1)));
  const waits = Array.from({ length: windows }, () => []);
  for (let i = 0; i < ops.n; i++) {
    // Availability is the system's, whatever the filter shows.
    const [ok, busy] = perNode[ops.node[i]], until = Math.floor(ops.end[i] / long);
    for (let w = Math.floor(ops.start[i] / long); w <= until; w++) busy[w]++;
    if (ops.outcome[i] === OK) ok[until]++;
    if (!ops.shown[i]) continue;
    const to = Math.floor(ops.end[i] / window);
    counts[ops.outcome[i]][to]++;
    if (ops.outcome[i] === OK) waits[to].push(ops.end[i] - ops.start[i]);
  }
  const series = { window, windows, long, counts, perNode, quantiles: waits.map(quantiles) };
  // Not every call is here: the true counts are, as long as nothing is filtered.
  if (raw.rates) series.perNode = raw.rates.nodes;
  if (raw.rates && !filtered) series.counts = [raw.rates.ok, raw.rates.fail, raw.rates.info];
  series.rateMost = 1;
  for (let w = 0; w < windows; w++)
    series.rateMost = Math.max(series.rateMost, series.counts[0][w] + series.counts[1][w] + series.counts[2][w]);
  return Object.assign(series, decades(series.quantiles.filter(Boolean)));
}

// The whole decades that hold all quantiles.
function decades(all) {
  if (!all.length) return { waitLeast: 1e6, waitMost: 1e9 };
  const least = all.reduce((m, q) => Math.min(m, q[0]), Infinity), most = all.reduce((m, q) => Math.max(m, q[2]), 1);
  const waitLeast = Math.pow(10, Math.floor(Math.log10(Math.max(1, least))));
  return { waitLeast, waitMost: Math.max(waitLeast * 10, Math.pow(10, Math.ceil(Math.log10(most)))) };
}

function quantiles(waits) {
  if (!waits.length) return null;
  waits.sort((a, b) => a - b);
  return [0.5, 0.95, 0.99].map((q) => waits[Math.min(waits.length - 1, Math.ceil(q * waits.length) - 1)]);
}

function paintStrips(view) {
  const s = view.series;
  const first = Math.max(0, Math.floor(view.from / s.window));
  const last = Math.min(s.windows - 1, Math.ceil(view.to / s.window));
  paintRate(view, s, first, last);
  paintLatency(view, s, first, last);
  paintAvailability(view, s);
}

function paintRate(view, s, first, last) {
  const c = view.context, { colours, layout: l } = view;
  const floor = l.rate + HEIGHTS.rate, scale = (HEIGHTS.rate - 2) / s.rateMost;
  c.fillStyle = colours.line;
  c.fillRect(GUTTER, floor, view.plot(), 1);
  for (let w = first; w <= last; w++) {
    const x = view.x(w * s.window), width = Math.max(view.x((w + 1) * s.window) - x - (view.plot() > 4 * (last - first) ? 1 : 0), 1);
    let y = floor;
    for (const outcome of [OK, FAIL, INFO]) {
      const height = s.counts[outcome][w] * scale;
      c.fillStyle = outcome === INFO ? view.patterns.info : colours[OUTCOMES[outcome]];
      c.fillRect(x, y -= height, width, height);
    }
  }
}

function waitY(view, s, wait) {
  const share = Math.log(wait / s.waitLeast) / Math.log(s.waitMost / s.waitLeast);
  return view.layout.latency + HEIGHTS.latency * (1 - share);
}

const QUANTILES = [["p50", [], 1.6], ["p95", [5, 3], 1.3], ["p99", [1.5, 2.5], 1.3]];

function paintLatency(view, s, first, last) {
  const c = view.context, { colours } = view;
  for (let wait = s.waitLeast; wait <= s.waitMost; wait *= 10) {
    c.fillStyle = colours.line;
    c.fillRect(GUTTER, Math.round(waitY(view, s, wait)), view.plot(), 1);
  }
  c.strokeStyle = colours.text;
  QUANTILES.forEach(([, dash, width], which) => {
    c.setLineDash(dash);
    c.lineWidth = width;
    c.beginPath();
    let drawing = false;
    for (let w = Math.max(0, first - 1); w <= Math.min(last + 1, s.windows - 1); w++) {
      const q = s.quantiles[w];
      if (!q) { drawing = false; continue; }
      const x = view.x((w + 0.5) * s.window), y = waitY(view, s, Math.max(q[which], s.waitLeast));
      // A lone window between two silent ones would be a line of no length.
      if (!drawing) c.moveTo(x - 1.5, y);
      c.lineTo(x, y);
      drawing = true;
    }
    c.stroke();
  });
  c.setLineDash([]);
}

function paintAvailability(view, s) {
  const c = view.context, { colours, layout: l } = view;
  const first = Math.max(0, Math.floor(view.from / s.long)), last = Math.ceil(view.to / s.long);
  s.perNode.forEach(([ok, busy], node) => {
    const y = l.nodes + node * HEIGHTS.node;
    for (let w = first; w <= Math.min(last, ok.length - 1); w++) {
      const x = view.x(w * s.long), width = view.x((w + 1) * s.long) - x;
      const up = ok[w] > 0;
      if (!up && !busy[w]) { c.fillStyle = colours.line; c.fillRect(x, y + 3, width, 1); continue; }
      c.fillStyle = up ? colours.ok : view.patterns.bad;
      c.globalAlpha = up ? 0.7 : 1;
      c.fillRect(x, y, Math.max(width, 1), HEIGHTS.node - 2);
    }
  });
  c.globalAlpha = 1;
}

function paintStripNames(view) {
  const c = view.context, { colours, layout: l, series: s, model } = view;
  const per = duration(s.window);
  const title = (text, y) => { c.fillStyle = colours.back; c.globalAlpha = 0.75; c.fillRect(GUTTER, y - 7, text.length * 6.7 + 6, 13); c.globalAlpha = 1; c.fillStyle = colours.dim; c.fillText(text, GUTTER + 3, y); };
  const perSecond = s.rateMost / (s.window / 1e9);
  title("calls a second: ok, fail, info", l.rate - 8);
  title(`latency of ok calls: p50 —  p95 ╌╌  p99 ┄┄  (windows of ${per}, log scale)`, l.latency - 9);
  title(`availability: hatched red = no ok on that node in ${duration(s.long)}`, l.nodes - 10);
  c.textAlign = "right";
  c.fillText(grouped(Math.round(perSecond)), GUTTER - 5, l.rate + 5);
  c.fillText("0", GUTTER - 5, l.rate + HEIGHTS.rate);
  const powers = Math.round(Math.log10(s.waitMost / s.waitLeast)), every = powers > 4 ? 2 : 1;
  for (let k = 0; k <= powers; k += every) {
    const wait = s.waitLeast * Math.pow(10, k);
    c.fillText(duration(Math.round(wait)), GUTTER - 5, waitY(view, s, wait));
  }
  c.textAlign = "left";
  model.nodes.forEach((name, node) => clipped(c, name, 4, l.nodes + node * HEIGHTS.node + 5, GUTTER - 8));
}

// What the strips say at a moment.
function stripTip(view, time) {
  const s = view.series, w = Math.floor(time / s.window);
  if (w < 0 || w >= s.windows) return null;
  const lines = [`${moment(view.model, w * s.window, s.window)} s – ${moment(view.model, (w + 1) * s.window, s.window)} s`];
  lines.push(OUTCOMES.map((name, o) => `${name} ${grouped(s.counts[o][w])}`).join("  "));
  const q = s.quantiles[w];
  if (q) lines.push(QUANTILES.map(([name], k) => `${name} ${duration(q[k])}`).join("  "));
  const at = Math.floor(time / s.long);
  const down = view.model.nodes.filter((_, n) => !s.perNode[n][0][at] && s.perNode[n][1][at]);
  if (down.length) lines.push("no ok on " + down.join(", "));
  return lines.join("\n");
}
