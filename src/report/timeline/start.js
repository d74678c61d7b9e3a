// Puts the parts together once the data is there.
function connect(view, form) {
  let pending = 0;
  const refilter = () => {
    const wanted = readFilter(form), count = applyFilter(view.model, wanted);
    view.series = makeSeries(view.model, Object.keys(wanted).length > 0);
    form.elements.count.textContent = `${grouped(count)} of ${grouped(view.model.ops.n)} calls`;
    view.draw();
  };
  // The address follows a little later: browsers refuse too many changes a second.
  view.settle = () => {
    clearTimeout(pending);
    pending = setTimeout(() => writeAddress(view, readFilter(form)), 250);
  };
  view.pin = (i) => { view.pinned = i; showPanel(view); view.draw(); view.settle(); };
  view.reveal = () => byId("timeline").scrollIntoView({ block: "start" });
  view.visit = (i) => {
    const { ops, end } = view.model;
    const length = ops.end[i] - ops.start[i], factor = ops.outcome[i] === INFO ? 0.3 : 6;
    const around = Math.min(Math.max(length * factor, end / 2000), end / 2);
    view.show(ops.start[i] - around, ops.start[i] + length + around);
    view.pin(i);
    view.reveal();
  };
  const follow = () => {
    const state = readAddress();
    const names = Object.keys(state);
    if (!names.length) return;
    // `#op=7` and `#fault=2` alone are links from the page: they keep the filter.
    const link = names.length === 1 && (state.op || state.fault);
    if (!link) for (const name of FIELDS) setField(form, name, state[name] || "");
    refilter();
    const range = /^(-?[\d.]+)-([\d.]+)$/.exec(state.t || "");
    if (range) view.show(range[1] * 1e9, range[2] * 1e9);
    const fault = link && view.model.raw.faults.find((f) => String(f.id) === state.fault);
    if (fault) visitFault(view, fault);
    if (!state.op) return;
    const i = view.model.ops.index.findIndex((index, k) => index === +state.op || index + view.model.ops.completed[k] === +state.op);
    if (i >= 0) { if (link) view.visit(i); else view.pin(i); }
  };
  form.addEventListener("input", () => { refilter(); view.settle(); });
  form.addEventListener("reset", () => setTimeout(() => { refilter(); view.settle(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", follow);
  addEventListener("resize", () => resize(view));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => resize(view));
  refilter();
  follow();
}

function setField(form, name, value) {
  const field = form.elements[name];
  if (!field) return;
  if (field.type === "checkbox") field.checked = value !== ""; else field.value = value;
}

function visitFault(view, fault) {
  const span = faultSpan(fault, view.model.end);
  if (!span) return;
  const around = Math.max(1e9, (span[1] - span[0]) / 2);
  view.show(span[0] - around, span[1] + around);
  view.reveal();
}

function attachCopy() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = byId(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        // No clipboard for this page: select the text instead.
        getSelection().selectAllChildren(source);
        source.scrollIntoView({ block: "center" });
      }
    });
  }
}

async function start() {
  document.documentElement.classList.add("scripted");
  attachCopy();
  const data = byId("data");
  if (!data) return;
  try {
    const model = unpack(await inflate(data.textContent));
    data.remove();
    const view = makeView(model, byId("canvas")), form = byId("filter");
    makeFilter(model, form);
    view.fit();
    view.series = makeSeries(model, false);
    resize(view);
    connect(view, form);
    attachMouse(view);
    attachKeys(view, form);
  } catch (error) {
    byId("stage").replaceChildren(element("p", {}, "The timeline cannot be drawn: " + error.message));
    throw error;
  }
}

start();
