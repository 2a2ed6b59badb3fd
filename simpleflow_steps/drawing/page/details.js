// What is told of one step, of one child, of one run.

function block(title, content, bad = false) {
  const made = make("pre", { class: bad ? "bad" : null, tabindex: 0, "aria-label": title }, shown(content));
  if (bad) requestAnimationFrame(() => { made.scrollTop = made.scrollHeight; }); // the end of a traceback says most
  return make("div", { class: "block" }, make("p", null, title), made);
}

function detailOf({ node, depth }) {
  const cell = make("div", { role: "gridcell", "aria-colspan": 5 });
  const made = make("div", { role: "row", class: "detail", "aria-level": depth + 1 }, cell);
  made.style.setProperty("--depth", Math.min(depth, 8));
  cell.append(...(node.kind === "child" ? aboutChild(node.row) : aboutStep(node.row)));
  return made;
}

function aboutChild(child) {
  return [pairs([["Workflow", child.workflow], ["Id", child.id], ["Its own report", make("code", null, shown(`sfs report ${child.id}`))]])];
}

function aboutStep(step) {
  const result = resultOf(step.name);
  const parts = [pairs([
    ["Step", step.name],
    [step.forced ? "Forced, because" : "Why", (step.reasons || []).join("\n")],
    ["Started", step.started === undefined ? null : when(step.started)],
    ["Finished", step.finished === undefined ? null : when(step.finished)],
    ["Took", duration(step.seconds)],
    ["Played", step.plays > 1 ? plural(step.plays, "time") : null],
    ["Retries", step.retries ? String(step.retries) : null],
    ["Inside", step.within],
    ["Forces", (step.dependents || []).join(", ")],
    ["Last played in", grid.view.run === null && step.run !== undefined ? runButton(step.run) : null],
    ["Marker", result ? result.marker : null],
  ])];
  if (step.error !== undefined) {
    parts.push(make("div", { class: "callout failed" }, text(step.error)));
    if (step.traceback) parts.push(block("Traceback", step.traceback, true));
  }
  for (const [activity, attempt, error, at] of step.retried || []) parts.push(block(`Attempt ${attempt} of ${activity} failed at ${clock(at)}`, error));
  if (result && result.result !== undefined) parts.push(block(result.title, result.result));
  return parts;
}

function runButton(place) {
  const button = make("button", { type: "button", class: "link" }, shown(report.runs[place].id));
  button.addEventListener("click", () => selectRun(place));
  return button;
}

function names(asked) {
  return Object.entries(asked || {}).map(([name, reason]) => (reason ? `${name} (${reason})` : name)).join("; ");
}

function aboutRun(run) {
  const card = make("div", { class: "card padded" });
  card.append(pairs([
    ["Run", run.id],
    ["Started", when(run.started)],
    ["Finished", run.finished === undefined ? null : when(run.finished)],
    ["Took", duration(run.seconds)],
    ["Input", run.input],
    ...["force", "skip", "from", "until", "only"].map((list) => [`--${list}`, names(run[list])]),
    ["The workflow forced", (run.forced || []).join("; ")],
    ["The workflow skipped", (run.skipped || []).join("; ")],
    ["Log markers", (run.markers || []).join("\n")],
    ["Left out", run.left_out],
  ]));
  return run.error ? [card, problem(run.error, "The run ended with")] : [card];
}

function problem(error, title) {
  const made = make("div", { class: "callout failed", role: "note" });
  made.append(make("strong", null, `${title} ${shown(error.type)}: `), text(error.message));
  if (error.traceback) {
    const more = make("details", null, make("summary", null, "Traceback"));
    more.append(make("pre", { tabindex: 0, "aria-label": "Traceback" }, shown(error.traceback)));
    made.append(more);
  }
  return made;
}
