// What part of the run is seen, in which colours, and where things lie on the canvas.
const GUTTER = 78, RIGHT = 10, AXIS = 22, BAND = 16;
const HEIGHTS = { rate: 64, latency: 76, node: 11, gap: 20 };
const FONT = "11px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

function makeView(model, canvas) {
  const view = {
    model, canvas, context: canvas.getContext("2d"),
    from: 0, to: model.end, width: 0, height: 0, hover: -1, pinned: -1, cursor: null, brush: null,
    colours: {}, patterns: {}, scheduled: false, series: null,
  };
  view.plot = () => view.width - GUTTER - RIGHT;
  view.x = (time) => GUTTER + ((time - view.from) / (view.to - view.from)) * view.plot();
  view.time = (x) => view.from + ((x - GUTTER) / view.plot()) * (view.to - view.from);
  view.draw = () => {
    if (view.scheduled) return;
    view.scheduled = true;
    requestAnimationFrame(() => { view.scheduled = false; paint(view); });
  };
  view.show = (from, to) => {
    const least = 1e3, pad = model.end * 0.01;
    const span = Math.min(Math.max(to - from, least), model.end + 2 * pad);
    view.from = Math.min(Math.max(from, -pad), model.end + pad - span);
    view.to = view.from + span;
    view.draw();
  };
  view.fit = () => view.show(-model.end * 0.005, model.end * 1.005);
  return view;
}

function readColours(view) {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue("--" + name).trim();
  for (const name of ["ok", "fail", "info", "bad", "text", "dim", "line", "back", "band", "stripe"])
    view.colours[name] = get(name);
  view.patterns.info = hatch(view.context, view.colours.info, 6, 1);
  view.patterns.bad = hatch(view.context, view.colours.bad, 5, -1);
}

// Diagonal stripes: the kinds of bars differ by more than colour.
function hatch(context, colour, size, slope) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = size * devicePixelRatio;
  const c = tile.getContext("2d");
  c.scale(devicePixelRatio, devicePixelRatio);
  c.globalAlpha = 0.45;
  c.fillStyle = colour;
  c.fillRect(0, 0, size, size);
  c.globalAlpha = 1;
  c.strokeStyle = colour;
  c.lineWidth = size / 2.4;
  c.beginPath();
  for (const shift of [-size, 0, size]) {
    c.moveTo(shift, slope > 0 ? size : 0);
    c.lineTo(shift + size, slope > 0 ? 0 : size);
  }
  c.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / devicePixelRatio));
  return pattern;
}

// Vertical positions of everything.
function layout(view) {
  const { model } = view, l = {};
  l.bands = AXIS;
  l.bandRows = bandRows(model);
  const top = AXIS + l.bandRows.count * BAND + 6;
  const lanes = model.lanes.length;
  l.row = Math.max(3, Math.min(18, Math.floor(380 / Math.max(lanes, 1))));
  l.lanes = [];
  l.nodeTop = [];
  let y = top, before = -1;
  for (let lane = 0; lane < lanes; lane++) {
    const node = model.raw.lanes[lane];
    if (node !== before) { y += before < 0 ? 0 : 5; l.nodeTop.push([node, y]); before = node; }
    l.lanes.push(y);
    y += l.row;
  }
  l.lanesEnd = y;
  if (model.raw.timed) {
    l.rate = y + HEIGHTS.gap;
    l.latency = l.rate + HEIGHTS.rate + HEIGHTS.gap;
    l.nodes = l.latency + HEIGHTS.latency + HEIGHTS.gap + 2;
    y = l.nodes + model.nodes.length * HEIGHTS.node;
  }
  l.bottom = y + 4;
  return l;
}

// Faults that overlap in time get label rows of their own.
function bandRows(model) {
  const ends = [], of = new Map();
  for (const fault of model.raw.faults) {
    const span = faultSpan(fault, model.end);
    if (!span) continue;
    let row = ends.findIndex((end) => end <= span[0]);
    if (row < 0) row = ends.push(0) - 1;
    ends[row] = span[1];
    of.set(fault.id, row);
  }
  return { of, count: ends.length };
}

function resize(view) {
  view.layout = layout(view);
  view.width = Math.max(320, view.canvas.parentElement.clientWidth);
  view.height = view.layout.bottom;
  view.canvas.width = view.width * devicePixelRatio;
  view.canvas.height = view.height * devicePixelRatio;
  view.canvas.style.height = view.height + "px";
  readColours(view);
  view.draw();
}

function paint(view) {
  const c = view.context, { colours, layout: l } = view;
  c.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  c.font = FONT;
  c.textBaseline = "middle";
  c.fillStyle = colours.back;
  c.fillRect(0, 0, view.width, view.height);
  paintAxis(view);
  c.save();
  c.beginPath();
  c.rect(GUTTER, 0, view.plot(), view.height);
  c.clip();
  paintFaults(view);
  paintLanes(view);
  if (view.model.raw.timed) paintStrips(view);
  paintCursor(view);
  c.restore();
  paintNames(view, l);
}

const STEPS = [1, 2, 5];

function tickStep(span, most) {
  let step = Math.pow(10, Math.floor(Math.log10(span / most)));
  for (const factor of [...STEPS, 10]) if (span / (step * factor) <= most) return step * factor;
  return step * 10;
}

function paintAxis(view) {
  const c = view.context, { colours } = view;
  const step = tickStep(view.to - view.from, view.plot() / 90);
  c.textAlign = "center";
  for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
    if (t < -step / 2) continue;
    const x = Math.round(view.x(t)) + 0.5;
    c.fillStyle = colours.line;
    c.fillRect(x, AXIS - 4, 1, view.height);
    c.fillStyle = colours.dim;
    if (x > GUTTER + 14) c.fillText(moment(view.model, t, step), x, 9);
  }
  c.textAlign = "left";
  c.fillText(view.model.raw.timed ? "seconds" : "op", 4, 9);
}

function paintFaults(view) {
  const c = view.context, { colours, layout: l, model } = view;
  for (const fault of model.raw.faults) {
    const span = faultSpan(fault, model.end);
    if (!span || span[1] < view.from || span[0] > view.to) continue;
    const from = view.x(span[0]), to = view.x(span[1]);
    const y = AXIS + l.bandRows.of.get(fault.id) * BAND;
    c.fillStyle = colours.band;
    c.fillRect(from, y, Math.max(to - from, 1), view.height - y);
    c.fillStyle = colours.stripe;
    c.fillRect(from, y, 1, view.height - y);
    c.fillRect(to - 1, y, 1, view.height - y);
    c.fillRect(from, y, Math.max(to - from, 1), BAND - 2);
    if (fault.injected !== null && fault.effective !== null)
      c.fillRect(view.x(fault.injected), y, Math.max(0, from - view.x(fault.injected)), 2);
    const left = Math.max(from, GUTTER) + 4, room = Math.min(to, view.width - RIGHT) - left - 2;
    c.fillStyle = colours.text;
    clipped(c, faultLabel(fault), left, y + 7, room);
  }
}

// Text, cut to the room there is; nothing where there is hardly any.
function clipped(c, text, x, y, room) {
  const most = Math.floor(room / 6.65);
  if (most < Math.min(4, text.length)) return;
  c.fillText(text.length > most ? text.slice(0, most - 1) + "…" : text, x, y);
}

function paintNames(view, l) {
  const c = view.context, { colours, model } = view;
  c.textAlign = "left";
  l.nodeTop.forEach(([node, y], i) => {
    const next = l.nodeTop[i + 1] ? l.nodeTop[i + 1][1] : l.lanesEnd;
    c.fillStyle = colours.line;
    c.fillRect(0, y - 3, view.width, 1);
    c.fillStyle = colours.text;
    if (next - y >= 9) clipped(c, model.nodes[node], 4, y + Math.min(l.row, 18) / 2, GUTTER - 8);
  });
  c.fillStyle = colours.line;
  c.fillRect(GUTTER - 1, AXIS, 1, view.height);
  if (model.raw.timed) paintStripNames(view);
}

function paintCursor(view) {
  const c = view.context, { colours } = view;
  if (view.brush) {
    const [a, b] = view.brush;
    c.fillStyle = colours.stripe;
    c.fillRect(Math.min(a, b), 0, Math.abs(b - a), view.height);
  }
  if (view.cursor === null || view.cursor < GUTTER) return;
  c.fillStyle = colours.dim;
  c.fillRect(Math.round(view.cursor), AXIS - 4, 1, view.height);
}
