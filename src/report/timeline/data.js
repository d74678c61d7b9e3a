// The data: base64 -> gzip -> JSON -> typed columns. Values are only ever shown as text.
const byId = (id) => document.getElementById(id);
const OUTCOMES = ["ok", "fail", "info"];
const OK = 0, FAIL = 1, INFO = 2;

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

async function inflate(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(plain).text());
}

// Differences back to values.
function sums(column, into) {
  let sum = 0;
  for (let i = 0; i < column.length; i++) into[i] = sum += column[i];
  return into;
}

function unpack(raw) {
  const c = raw.columns, n = c.index.length;
  const ops = {
    n,
    index: sums(c.index, new Uint32Array(n)),
    completed: Uint32Array.from(c.completed),
    start: sums(c.start, new Float64Array(n)),
    end: new Float64Array(n),
    open: new Uint8Array(n),
    process: Uint32Array.from(c.process),
    lane: Uint32Array.from(c.lane),
    node: new Uint32Array(n),
    f: Uint32Array.from(c.f),
    key: Float64Array.from(c.key),
    outcome: Uint8Array.from(c.outcome),
    input: Uint32Array.from(c.input),
    output: Uint32Array.from(c.output),
    error: Uint32Array.from(c.error),
    mark: new Uint8Array(n), // 1: in an anomaly, 2: no order explains it
    shown: new Uint8Array(n).fill(1),
  };
  for (let i = 0; i < n; i++) {
    ops.open[i] = c.length[i] < 0 ? 1 : 0;
    ops.end[i] = c.length[i] < 0 ? raw.end : ops.start[i] + c.length[i];
    ops.node[i] = raw.lanes[ops.lane[i]];
  }
  for (const i of raw.marked) ops.mark[i] = 1;
  for (const i of raw.culprits) ops.mark[i] = 2;
  const lanes = raw.lanes.map(() => []);
  for (let i = 0; i < n; i++) lanes[ops.lane[i]].push(i);
  const marked = raw.marked.concat(raw.culprits.filter((i) => !raw.marked.includes(i)));
  marked.sort((a, b) => a - b);
  return { raw, ops, lanes, marked, end: Math.max(raw.end, 1), texts: raw.texts, nodes: raw.nodes };
}

// When a fault hurt: from its effect (or injection) to its healing (or the end).
function faultSpan(fault, end) {
  const from = fault.effective ?? fault.injected;
  return from === null ? null : [from, fault.healed ?? end];
}

function faultLabel(fault) {
  return `#${fault.id} ${fault.name} ${fault.hurt}` + (fault.effective === null ? " (not proved)" : "");
}

function label(model, i) {
  const { ops, texts } = model;
  const input = texts[ops.input[i]], output = texts[ops.output[i]];
  let text = texts[ops.f[i]] + (input ? " " + input : "");
  if (ops.outcome[i] === OK && (!input || (output && output !== input))) text += " → " + (output || "null");
  if (ops.outcome[i] === INFO) text += " ?";
  if (ops.outcome[i] === FAIL) text += " ✗";
  return text;
}

function duration(ns) {
  if (ns < 1e3) return ns + " ns";
  if (ns < 1e6) return +(ns / 1e3).toPrecision(3) + " µs";
  if (ns < 1e9) return +(ns / 1e6).toPrecision(3) + " ms";
  return +(ns / 1e9).toPrecision(4) + " s";
}

// A moment, with as many digits as the step between neighbours asks for.
function moment(model, ns, step) {
  if (!model.raw.timed) return String(Math.round(ns / 1e6));
  const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step / 1e9) - 1e-9)));
  return (ns / 1e9).toFixed(digits);
}

const grouped = (n) => n.toLocaleString("en-US");
