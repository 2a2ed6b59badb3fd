// When each step of each run was at work. A run is drawn when it comes into sight.

const MOST_ROWS = 30; // with more bars than that, they share lanes
const MOST_BARS = 400;
const MOST_LANES = 40;
const MOST_TICKS = 300;

function drawTimeline() {
  const place = byId("timeline");
  const sight = new IntersectionObserver((seen) => {
    for (const each of seen.filter((one) => one.isIntersecting)) {
      sight.unobserve(each.target);
      each.target.draw();
    }
  }, { rootMargin: "300px" });
  report.runs.forEach((run, number) => {
    const made = runSection(run, number);
    place.append(made);
    sight.observe(made);
  });
  if (!report.runs.length) place.append(make("p", { class: "card still padded" }, "No run is recorded."));
  const swatch = (kind) => make("i", { class: `swatch ${kind}` });
  byId("legend").append(
    make("span", null, swatch("done"), "done"), make("span", null, swatch("failed hatched"), "failed"),
    make("span", null, swatch("skipped thin"), "skipped"), make("span", null, "↻ tried again"));
}

function runSection(run, number) {
  const made = make("section", { class: "card run", "aria-label": `Run ${shown(run.id)}` });
  const button = make("button", { type: "button" }, "Show its steps");
  button.addEventListener("click", () => { selectRun(number); byId("controls").scrollIntoView(); });
  const took = run.seconds === undefined ? "" : ` · ${duration(run.seconds)}`;
  made.append(make("div", { class: "top" }, statusPill(run.status), make("h3", null, when(run.started)), make("p", null, `${counted(run.counts) || "no steps"}${took}`), button));
  made.draw = () => { made.draw = () => {}; made.append(chartOf(loadRun(number))); };
  return made;
}

function chartOf(run) {
  const bars = run.steps.filter((step) => step.started !== undefined);
  const skips = run.steps.filter((step) => step.state === "skipped" && step.finished !== undefined);
  const ends = [...bars, ...skips].map((step) => step.finished ?? run.finished ?? report.made);
  if (!ends.length) return make("p", { class: "still" }, run.steps.length ? "No step was played." : "No step was met.");
  const begin = run.started, end = Math.max(ends.reduce((last, at) => Math.max(last, at), begin), run.finished ?? begin, begin + 1);
  const scale = { begin, length: end - begin, end, run };
  const lanes = bars.length > MOST_ROWS;
  const chart = make("div", { class: `chart${lanes ? " lanes" : ""}`, role: "img", "aria-label": `When the steps were at work: ${counted(run.counts)}` });
  share(chart, "--step", (100 * tickOf(scale.length)) / scale.length);
  if (lanes) drawLanes(chart, bars, scale);
  else for (const step of bars) chart.append(make("span", { class: "label whole-end", title: shown(step.name) }, text(step.name)), track(bar(step, scale, true), ...retriesOf(step, scale)));
  if (skips.length) drawSkips(chart, skips, scale, lanes);
  if (!lanes) chart.append(make("span"));
  chart.append(axis(scale));
  return chart;
}

function track(...parts) {
  return make("div", { class: "track" }, ...parts);
}

function drawLanes(chart, bars, scale) {
  const drawn = [...bars].sort((one, other) => (other.seconds || 0) - (one.seconds || 0)).slice(0, MOST_BARS);
  drawn.sort((one, other) => one.started - other.started);
  const ends = [], tracks = [];
  let left = bars.length - drawn.length;
  for (const step of drawn) {
    let lane = ends.findIndex((end) => end <= step.started);
    if (lane < 0) lane = ends.length < MOST_LANES ? ends.push(0) - 1 : -1;
    if (lane < 0) { left += 1; continue; }
    ends[lane] = step.finished ?? scale.end;
    if (!tracks[lane]) { tracks[lane] = track(); chart.append(tracks[lane]); }
    tracks[lane].append(bar(step, scale, false), ...retriesOf(step, scale));
  }
  if (left) chart.append(make("p", { class: "hint" }, `The longest ${plural(bars.length - left, "step")}; ${left.toLocaleString("en")} more are not drawn.`));
}

function drawSkips(chart, skips, scale, lanes) {
  const marks = track();
  for (const step of skips.slice(0, MOST_TICKS)) {
    const tick = make("i", { class: "tick", title: `${shown(step.name)} was skipped` });
    share(tick, "left", (100 * (step.finished - scale.begin)) / scale.length);
    marks.append(tick);
  }
  if (!lanes) chart.append(make("span", { class: "label" }, `↷ ${skips.length.toLocaleString("en")} skipped`));
  chart.append(marks);
}

function bar(step, scale, told) {
  const end = step.finished ?? scale.end;
  const left = (100 * (step.started - scale.begin)) / scale.length, width = (100 * (end - step.started)) / scale.length;
  const beside = !told ? "" : left + width < 85 ? " beside" : width > 25 ? " within" : " before";
  const words = `${step.name}: ${step.state}${step.seconds === undefined ? "" : `, ${duration(step.seconds)}`}`;
  const made = make("i", {
    class: `span bar-of ${classOf(step.state)}${step.state === "unfinished" ? " hatched" : ""}${beside}`, title: shown(words), "data-time": duration(step.seconds),
  });
  share(made, "left", Math.min(left, 99.5));
  share(made, "width", width);
  made.addEventListener("click", () => { selectRun(report.runs.findIndex((run) => run.id === scale.run.id)); goTo(step.name); });
  return made;
}

function retriesOf(step, scale) {
  return (step.retried || []).map(([activity, attempt, error, at]) => {
    const mark = make("i", { class: "again", title: shown(`attempt ${attempt} of ${activity} failed: ${error.slice(0, 200)}`) }, "↻");
    share(mark, "left", (100 * (at - scale.begin)) / scale.length);
    return mark;
  });
}

function tickOf(length) {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5];
  return steps.find((step) => length / step <= 6) || Math.ceil(length / 6 / 864e5) * 864e5;
}

function axis(scale) {
  const made = make("div", { class: "axis" }), step = tickOf(scale.length);
  for (let at = 0; at <= scale.length; at += step) {
    if (at > 0 && at > scale.length * 0.93) break;
    const tick = make("span", null, at ? duration(at / 1000).replace(".0 s", " s") : "0");
    share(tick, "left", (100 * at) / scale.length);
    made.append(tick);
  }
  return made;
}
