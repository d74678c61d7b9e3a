// The bars: one a call while there is room, a density strip where there is not.

// Position in `lane` of the first call that ends at `time` or later. Calls of a lane never overlap.
function firstEnding(ops, lane, time) {
  let low = 0, high = lane.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ops.end[lane[middle]] < time) low = middle + 1; else high = middle;
  }
  return low;
}

function paintLanes(view) {
  const { model, layout: l } = view, { ops } = model;
  model.lanes.forEach((lane, number) => {
    const first = firstEnding(ops, lane, view.from);
    let last = firstEnding(ops, lane, view.to);
    if (last < lane.length) last++;
    const y = l.lanes[number], height = l.row - (l.row > 5 ? 2 : 1);
    if (last - first > view.plot() / 3) paintDensity(view, lane, first, last, y, height);
    else for (let at = first; at < last; at++) paintBar(view, lane[at], y, height);
  });
  paintMarks(view);
}

function paintBar(view, i, y, height) {
  const c = view.context, { ops } = view.model, { colours } = view;
  const x = view.x(ops.start[i]), right = view.x(ops.end[i]);
  const width = Math.max(right - x - 0.5, 1.5);
  const outcome = ops.outcome[i];
  c.globalAlpha = ops.shown[i] ? 1 : 0.12;
  c.fillStyle = ops.mark[i] === 2 ? colours.bad : outcome === INFO ? view.patterns.info : colours[OUTCOMES[outcome]];
  c.fillRect(x, y, width, height);
  if (outcome === INFO && height > 5) arrow(c, right, y, height, colours.info);
  if (outcome === FAIL && width > 3) cross(c, x, y, width, height);
  const left = Math.max(x, GUTTER);
  if (height >= 12 && right - left > 24 && ops.shown[i]) {
    c.fillStyle = ops.mark[i] === 2 ? "#fff" : "#111";
    clipped(c, label(view.model, i), left + 3, y + height / 2 + 0.5, right - left - 5);
  }
  c.globalAlpha = 1;
}

// An `info` has no end: its client only gave up here.
function arrow(c, x, y, height, colour) {
  c.fillStyle = colour;
  c.beginPath();
  c.moveTo(x, y);
  c.lineTo(x + height / 2, y + height / 2);
  c.lineTo(x, y + height);
  c.fill();
}

function cross(c, x, y, width, height) {
  c.strokeStyle = "#8a3158";
  c.lineWidth = 1;
  c.beginPath();
  c.moveTo(x, y);
  c.lineTo(x + width, y + height);
  c.stroke();
}

// A pixel tells an `info` if there was one, else what took most of it, and how much that was.
function paintDensity(view, lane, first, last, y, height) {
  const { ops } = view.model, c = view.context, wide = Math.ceil(view.plot());
  const busy = [0, 1, 2].map(() => new Float32Array(wide + 1));
  for (let at = first; at < last; at++) {
    const i = lane[at];
    if (!ops.shown[i]) continue;
    const from = Math.max(view.x(ops.start[i]) - GUTTER, 0);
    const to = Math.min(Math.max(view.x(ops.end[i]) - GUTTER, from), wide - 0.01);
    for (let pixel = from | 0; pixel <= (to | 0); pixel++)
      busy[ops.outcome[i]][pixel] += Math.max(Math.min(to, pixel + 1) - Math.max(from, pixel), 0.02);
  }
  const fills = [view.colours.ok, view.colours.fail, view.patterns.info];
  const kindAt = (pixel) => (busy[INFO][pixel] ? INFO : busy[FAIL][pixel] > busy[OK][pixel] ? FAIL : OK);
  // 0 for nothing, else the kind and, for what is not rare, one of four shades.
  const shade = (pixel) => {
    const kind = kindAt(pixel), share = busy[kind][pixel];
    return share ? kind * 8 + (kind === INFO ? 4 : Math.min(4, Math.ceil(share * 4))) : 0;
  };
  for (let pixel = 0; pixel < wide;) {
    const kind = kindAt(pixel), now = shade(pixel);
    let end = pixel + 1;
    while (end < wide && shade(end) === now) end++;
    if (now) {
      c.fillStyle = fills[kind];
      c.globalAlpha = 0.25 + 0.75 * ((now % 8) / 4);
      c.fillRect(GUTTER + pixel, y, end - pixel, height);
    }
    pixel = end;
  }
  c.globalAlpha = 1;
}

// Anomalous calls, the pinned and the hovered one stand out at every zoom.
function paintMarks(view) {
  const { ops, marked } = view.model, { colours } = view;
  for (const i of marked) {
    if (ops.end[i] >= view.from && ops.start[i] <= view.to) outline(view, i, colours.bad, ops.mark[i] === 2);
  }
  if (view.hover >= 0) outline(view, view.hover, colours.text, false);
  if (view.pinned >= 0) outline(view, view.pinned, colours.text, true);
}

function outline(view, i, colour, strong) {
  const c = view.context, { ops } = view.model, l = view.layout;
  const x = view.x(ops.start[i]), y = l.lanes[ops.lane[i]], height = l.row - (l.row > 5 ? 2 : 1);
  const width = Math.max(view.x(ops.end[i]) - x, 2);
  c.strokeStyle = colour;
  c.lineWidth = strong ? 2.5 : 1.5;
  c.strokeRect(x - 1, y - 1, width + 2, height + 2);
  if (!ops.mark[i] || width > 30) return;
  c.fillStyle = view.colours.bad;
  c.beginPath();
  c.moveTo(x - 4, y - 8);
  c.lineTo(x + width + 4, y - 8);
  c.lineTo(x + width / 2, y - 1);
  c.fill();
}

// The call drawn at a point of the canvas, or -1.
function callAt(view, x, y) {
  const { ops, lanes } = view.model, l = view.layout;
  const number = l.lanes.findIndex((top) => y >= top - 1 && y < top + l.row - 0.5);
  if (number < 0 || x < GUTTER) return -1;
  const lane = lanes[number], slack = view.time(x + 4) - view.time(x);
  const at = firstEnding(ops, lane, view.time(x) - slack);
  let best = -1, nearest = slack;
  for (let k = at; k < Math.min(at + 40, lane.length); k++) {
    const i = lane[k], time = view.time(x);
    const away = time < ops.start[i] ? ops.start[i] - time : Math.max(0, time - ops.end[i]);
    if (ops.shown[i] && away <= nearest && (away < nearest || best < 0)) { best = i; nearest = away; }
    if (ops.start[i] > time + slack) break;
  }
  return best;
}
