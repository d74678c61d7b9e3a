// Which calls are shown. The state lives in the address, so that a link names a moment.
const FIELDS = ["o", "f", "node", "key", "p", "q", "fault", "a"];

function makeFilter(model, form) {
  const option = (value, text) => element("option", { value }, text);
  const select = (name, title, values) =>
    element("label", {}, title + " ", element("select", { name }, option("", "all"), ...values));
  const input = (name, title, size, hint) =>
    element("label", {}, title + " ", element("input", { name, size, autocomplete: "off", placeholder: hint }));
  const functions = [...new Set(model.ops.f)].map((f) => model.texts[f]).sort();
  const faults = model.raw.faults.filter((fault) => faultSpan(fault, model.end));
  form.append(
    input("q", "text", 18, "in values and errors"),
    select("o", "outcome", OUTCOMES.map((o) => option(o, o))),
    select("f", "f", functions.map((f) => option(f, f))),
    select("node", "node", model.nodes.map((n) => option(n, n))),
    input("key", "key", 4, ""),
    input("p", "process", 4, ""),
  );
  if (faults.length)
    form.append(select("fault", "during", faults.map((f) => option(String(f.id), `#${f.id} ${f.name}`))));
  if (model.marked.length)
    form.append(element("label", {}, element("input", { type: "checkbox", name: "a", value: "1" }), " anomalous only"));
  form.append(element("button", { type: "reset" }, "Clear"), element("output", { name: "count" }));
}

function readFilter(form) {
  const wanted = {};
  for (const [name, value] of new FormData(form)) if (value.trim()) wanted[name] = value.trim();
  return wanted;
}

function applyFilter(model, wanted) {
  const { ops, texts } = model;
  const text = wanted.q && wanted.q.toLowerCase();
  const hits = text ? texts.map((t) => t.toLowerCase().includes(text)) : null;
  const outcome = OUTCOMES.indexOf(wanted.o), f = texts.indexOf(wanted.f), node = model.nodes.indexOf(wanted.node);
  const fault = wanted.fault && model.raw.faults.find((x) => String(x.id) === wanted.fault);
  const span = fault && faultSpan(fault, model.end);
  let count = 0;
  for (let i = 0; i < ops.n; i++) {
    const shown =
      (!wanted.o || ops.outcome[i] === outcome) &&
      (!wanted.f || ops.f[i] === f) &&
      (!wanted.node || ops.node[i] === node) &&
      (!wanted.key || String(ops.key[i]) === wanted.key) &&
      (!wanted.p || String(ops.process[i]) === wanted.p) &&
      (!wanted.a || ops.mark[i] > 0) &&
      (!span || (ops.start[i] <= span[1] && ops.end[i] >= span[0])) &&
      (!hits || hits[ops.input[i]] || hits[ops.output[i]] || hits[ops.error[i]] || hits[ops.f[i]]);
    ops.shown[i] = shown ? 1 : 0;
    if (shown) count++;
  }
  return count;
}

function writeAddress(view, wanted) {
  const parts = FIELDS.filter((name) => wanted[name]).map((name) => `${name}=${encodeURIComponent(wanted[name])}`);
  const pad = view.model.end * 0.004;
  if (view.from > pad || view.to < view.model.end - pad)
    parts.unshift(`t=${(view.from / 1e9).toFixed(6)}-${(view.to / 1e9).toFixed(6)}`);
  if (view.pinned >= 0) parts.push(`op=${view.model.ops.index[view.pinned]}`);
  if (!parts.length && !location.hash.includes("=")) return;
  history.replaceState(null, "", "#" + parts.join("&"));
}

function readAddress() {
  const state = {};
  for (const part of location.hash.slice(1).split("&")) {
    const at = part.indexOf("=");
    if (at > 0) {
      try { state[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } catch { /* not ours */ }
    }
  }
  return state;
}
