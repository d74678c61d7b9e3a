// The tooltip, and the panel of the pinned call.
function tipText(view, i) {
  const { ops, texts, nodes } = view.model;
  const took = ops.open[i] ? "never answered" : duration(ops.end[i] - ops.start[i]);
  const key = ops.key[i] < 0 ? "" : `  key ${ops.key[i]}`;
  const lines = [
    cut(label(view.model, i), 200),
    `op ${ops.index[i]}  process ${ops.process[i]}  ${nodes[ops.node[i]]}${key}`,
    OUTCOMES[ops.outcome[i]] + (view.model.raw.timed ? `  at ${moment(view.model, ops.start[i], 1e6)} s, ${took}` : ""),
  ];
  if (ops.error[i]) lines.push(cut(texts[ops.error[i]], 200));
  if (ops.mark[i]) lines.push(ops.mark[i] === 2 ? "no order explains this answer" : "part of an anomaly");
  return lines.join("\n");
}

const cut = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

function showTip(view, text, x, y) {
  const tip = byId("tip");
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const right = x + 14 + tip.offsetWidth > view.width;
  tip.style.left = Math.max(0, right ? x - tip.offsetWidth - 10 : x + 14) + "px";
  tip.style.top = y + 16 + "px";
}

// The lines of the history, from the columns.
function rawLines(model, i) {
  const { ops, texts, raw } = model;
  const line = (index, time, type, value, error) => {
    const fields = [`"index":${index}`];
    if (raw.timed) fields.push(`"time":${time}`);
    fields.push(`"process":${ops.process[i]}`, `"type":"${type}"`, `"f":${JSON.stringify(texts[ops.f[i]])}`);
    if (ops.key[i] >= 0) fields.push(`"key":${ops.key[i]}`);
    if (value) fields.push(`"value":${value}`);
    if (error) fields.push(`"error":${JSON.stringify(error)}`);
    return `{${fields.join(",")},"node":${JSON.stringify(model.nodes[ops.node[i]])}}`;
  };
  const lines = [line(ops.index[i], ops.start[i], "invoke", texts[ops.input[i]], "")];
  if (!ops.open[i])
    lines.push(line(ops.index[i] + ops.completed[i], ops.end[i], OUTCOMES[ops.outcome[i]], texts[ops.output[i]], texts[ops.error[i]]));
  return lines.join("\n");
}

// The nearest call on the same key that ended before (step -1), or began after (1), this one.
function neighbour(model, i, step) {
  const { ops } = model;
  for (let k = i + step; k >= 0 && k < ops.n; k += step) {
    if (ops.key[k] !== ops.key[i]) continue;
    if (step < 0 ? ops.end[k] <= ops.start[i] : ops.start[k] >= ops.end[i]) return k;
  }
  return -1;
}

function showPanel(view) {
  const panel = byId("panel"), i = view.pinned, { model } = view;
  panel.hidden = i < 0;
  panel.replaceChildren();
  if (i < 0) return;
  const { ops, texts, nodes, raw } = model;
  const active = raw.faults.filter((fault) => {
    const span = faultSpan(fault, model.end);
    return span && span[0] <= ops.end[i] && span[1] >= ops.start[i];
  });
  const link = (k) => (k < 0 ? "–" : element("a", { href: "#op=" + ops.index[k] }, `op ${ops.index[k]} ${cut(label(model, k), 40)}`));
  const pairs = [
    ["process", String(ops.process[i])], ["node", nodes[ops.node[i]]],
    ["key", ops.key[i] < 0 ? "–" : String(ops.key[i])],
    ["outcome", OUTCOMES[ops.outcome[i]] + (ops.open[i] ? " (never answered)" : "")],
  ];
  if (raw.timed) pairs.push(
    ["invoked", moment(model, ops.start[i], 1e3) + " s"],
    ["completed", ops.open[i] ? "–" : moment(model, ops.end[i], 1e3) + " s"],
    [ops.outcome[i] === INFO ? "gave up after" : "took", ops.open[i] ? "–" : duration(ops.end[i] - ops.start[i])],
  );
  pairs.push(
    ["faults active", active.map((fault) => `#${fault.id} ${fault.name}`).join(", ") || "none"],
    ["error", texts[ops.error[i]] || "–"],
    ["before on this key", link(neighbour(model, i, -1))],
    ["after on this key", link(neighbour(model, i, 1))],
  );
  const close = element("button", { type: "button", title: "Esc" }, "Close");
  close.addEventListener("click", () => view.pin(-1));
  const list = element("dl", { class: "pairs" });
  for (const [name, value] of pairs) list.append(element("dt", {}, name), element("dd", {}, value));
  const note = ops.mark[i] ? element("span", { class: "chip marked" }, ops.mark[i] === 2 ? "no order explains this answer" : "in an anomaly") : "";
  panel.append(
    element("h3", {}, `op ${ops.index[i]}: `, element("code", {}, cut(label(model, i), 160)), " ", note, " ", close),
    list, element("pre", { tabindex: "0" }, rawLines(model, i)),
  );
}
