// Mouse and keyboard.
function attachMouse(view) {
  const { canvas } = view;
  let drag = null;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const span = view.to - view.from;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const shift = (event.deltaX / view.plot()) * span;
      view.show(view.from + shift, view.to + shift);
    } else {
      const unit = event.deltaMode === 1 ? 30 : 1;
      zoom(view, view.time(event.offsetX), Math.exp(event.deltaY * unit * 0.0015));
    }
    view.settle();
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { x: event.offsetX, from: view.from, to: view.to, moved: false, brush: event.shiftKey };
  });
  canvas.addEventListener("pointermove", (event) => {
    view.cursor = event.offsetX;
    if (drag) {
      drag.moved ||= Math.abs(event.offsetX - drag.x) > 3;
      if (drag.brush) view.brush = [drag.x, event.offsetX];
      else if (drag.moved) {
        const shift = ((drag.x - event.offsetX) / view.plot()) * (drag.to - drag.from);
        view.show(drag.from + shift, drag.to + shift);
      }
    }
    hover(view, event);
    view.draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    const ended = drag;
    drag = null;
    view.brush = null;
    if (!ended) return;
    if (ended.brush && ended.moved) {
      const [a, b] = [view.time(ended.x), view.time(event.offsetX)];
      view.show(Math.min(a, b), Math.max(a, b));
    } else if (!ended.moved) view.pin(callAt(view, event.offsetX, event.offsetY));
    view.settle();
  });
  canvas.addEventListener("pointerleave", () => {
    view.cursor = null;
    view.hover = -1;
    showTip(view, "");
    view.draw();
  });
  canvas.addEventListener("dblclick", () => { view.fit(); view.settle(); });
}

function zoom(view, around, factor) {
  view.show(around - (around - view.from) * factor, around + (view.to - around) * factor);
}

function hover(view, event) {
  const l = view.layout;
  view.hover = callAt(view, event.offsetX, event.offsetY);
  let text = view.hover >= 0 ? tipText(view, view.hover) : "";
  if (!text && event.offsetY < l.lanes[0]) text = faultTip(view, view.time(event.offsetX));
  if (!text && event.offsetY > l.lanesEnd && view.model.raw.timed) text = stripTip(view, view.time(event.offsetX)) || "";
  showTip(view, text, event.offsetX, event.offsetY);
}

function faultTip(view, time) {
  const at = (ns) => (ns === null ? "never" : moment(view.model, ns, 1e6) + " s");
  const active = view.model.raw.faults.filter((fault) => {
    const span = faultSpan(fault, view.model.end);
    return span && span[0] <= time && span[1] >= time;
  });
  return active.map((f) =>
    `${faultLabel(f)}\nplanned ${at(f.planned)}, injected ${at(f.injected)}, effective ${at(f.effective)}, healed ${at(f.healed)}`,
  ).join("\n");
}

function attachKeys(view, form) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "Escape") {
      if (typing) event.target.blur();
      else { form.reset(); view.pin(-1); }
    } else if (typing) return;
    else if (event.key === "/") { form.elements.q.focus(); view.reveal(); }
    else if (event.key === "f") view.fit();
    else if (event.key === "n" || event.key === "p") step(view, event.key === "n" ? 1 : -1);
    else if (event.target === view.canvas && !canvasKey(view, event.key)) return;
    else if (event.target !== view.canvas) return;
    event.preventDefault();
    view.settle();
  });
}

function canvasKey(view, key) {
  const shift = (view.to - view.from) / 5, middle = (view.from + view.to) / 2;
  if (key === "ArrowLeft") view.show(view.from - shift, view.to - shift);
  else if (key === "ArrowRight") view.show(view.from + shift, view.to + shift);
  else if (key === "+" || key === "=") zoom(view, middle, 0.6);
  else if (key === "-") zoom(view, middle, 1 / 0.6);
  else return false;
  return true;
}

// To the next anomalous call, or the one before.
function step(view, direction) {
  const { marked } = view.model;
  if (!marked.length) return;
  const at = marked.indexOf(view.pinned);
  const next = at < 0 ? (direction > 0 ? 0 : marked.length - 1) : (at + direction + marked.length) % marked.length;
  view.visit(marked[next]);
}
