// The page itself: its head, its controls, and which run is shown.

const report = read("report");
const loaded = new Map();

function loadRun(place) {
  if (!loaded.has(place)) loaded.set(place, { ...report.runs[place], ...read(`run-${place}`) });
  return loaded.get(place);
}

function statusPill(status) {
  const state = STATUSES[status] || "unfinished";
  return make("span", { class: `pill ${classOf(state)}` }, make("span", { "aria-hidden": "true" }, SYMBOLS[state]), shown(status));
}

function drawHead() {
  byId("title").append(text(report.id));
  byId("state").append(statusPill(report.status));
  byId("lead").append(text(report.lead));
  const all = Object.values(report.counts).reduce((sum, count) => sum + count, 0);
  byId("meter").setAttribute("aria-label", counted(report.counts) || "no steps");
  for (const state of STATES.filter((each) => report.counts[each])) byId("meter").append(part(state, (100 * report.counts[state]) / all));
  byId("meter").hidden = !all;
  facts(byId("facts"), [
    ["Steps", counted(report.counts) || "none"],
    ["Runs", report.runs_text],
    ["Last run", report.runs.length ? when(report.runs[0].started) : null],
    ["Class", report.target],
    ["Storage", report.storage],
  ]);
  for (const note of report.notes) byId("notes").append(make("p", { class: "callout" }, text(note)));
  byId("made").append("As it was at ", when(report.made), `. Made by sfs report, ${report.version}. This file is whole: it asks for nothing from outside.`);
}

function drawPicker() {
  const picker = byId("run");
  picker.append(make("option", { value: "now" }, "All steps, as they stand"));
  report.runs.forEach((run, place) => {
    picker.append(make("option", { value: String(place) }, `Run of ${clock(run.started)}, ${shown(run.status)}`));
  });
  picker.addEventListener("change", () => selectRun(picker.value === "now" ? null : Number(picker.value)));
}

function drawFilters(counts) {
  const place = byId("filters");
  place.replaceChildren();
  for (const state of STATES.filter((each) => counts[each])) {
    const button = make("button", { type: "button", class: classOf(state), "aria-pressed": String(grid.states.has(state)), "data-state": state });
    button.append(make("i", { "aria-hidden": "true" }, SYMBOLS[state]), state, make("b", null, counts[state].toLocaleString("en")));
    button.addEventListener("click", () => {
      if (!grid.states.delete(state)) grid.states.add(state);
      button.setAttribute("aria-pressed", String(grid.states.has(state)));
      drawRows();
    });
    place.append(button);
  }
}

function clearSearch() {
  grid.states.clear();
  grid.words = "";
  byId("search").value = "";
  for (const button of byId("filters").children) button.setAttribute("aria-pressed", "false");
}

function selectRun(place) {
  const run = place === null ? null : loadRun(place);
  byId("run").value = place === null ? "now" : String(place);
  grid.states.clear();
  const view = run === null ? { ...read("now"), run: null } : { steps: run.steps, children: run.children, run: place };
  drawFilters(run === null ? report.counts : run.counts);
  byId("about").replaceChildren(...(run === null ? lastProblem() : aboutRun(run)));
  showView(view);
}

function lastProblem() {
  const newest = report.runs[0];
  return newest && newest.error ? [problem(newest.error, "The last run ended with")] : [];
}

let typing = 0;
byId("search").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => { grid.words = event.target.value.trim().toLowerCase(); drawRows(); }, 60);
});
byId("controls").addEventListener("submit", (event) => event.preventDefault());
byId("expand").addEventListener("click", () => openAll(true));
byId("collapse").addEventListener("click", () => openAll(false));
document.addEventListener("keydown", (event) => {
  const typed = event.target.closest("input, select, textarea");
  if (event.key === "/" && !typed && !event.ctrlKey && !event.metaKey) { event.preventDefault(); byId("search").focus(); }
  if (event.key === "Escape" && typed === byId("search")) { clearSearch(); drawRows(); }
});
window.addEventListener("beforeprint", () => {
  buildMore(5000);
  for (const run of document.querySelectorAll(".run")) run.draw();
});

drawHead();
drawPicker();
drawTimeline();
selectRun(null);
