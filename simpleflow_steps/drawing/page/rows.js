// The rows of the steps: built as they come into sight, so that thousands cost nothing until then.

const CHUNK = 100;
const LONGEST_WHY = 300;

const grid = {
  tree: byId("tree"), more: byId("more"), view: null, nodes: [], rows: [], built: 0, states: new Set(), words: "", opened: new Set(), slowest: 1, at: null,
};
let results = null;

function resultOf(name) {
  if (results === null) results = read("results") || {};
  return Object.hasOwn(results, name) ? results[name] : null;
}

function showView(view) {
  grid.view = view;
  grid.nodes = plant(view);
  grid.opened.clear();
  grid.slowest = view.steps.reduce((most, step) => Math.max(most, step.seconds || 0), 0.001);
  grid.at = null;
  drawRows();
}

function haystack(row) {
  if (row.haystack === undefined) {
    row.haystack = [row.name, row.id, row.workflow, ...(row.reasons || []), row.error].filter(Boolean).join("\n").toLowerCase();
  }
  return row.haystack;
}

function matcher() {
  if (!grid.words && !grid.states.size) return null;
  return ({ row, kind }) => row !== null && (kind === "step" || !grid.states.size) &&
    (!grid.states.size || grid.states.has(row.state)) && (!grid.words || haystack(row).includes(grid.words));
}

function drawRows() {
  const matches = matcher();
  grid.rows = flatten(grid.nodes, matches);
  grid.built = 0;
  grid.tree.replaceChildren(grid.tree.firstElementChild);
  grid.tree.setAttribute("aria-rowcount", String(grid.rows.length + 1));
  buildMore();
  const found = matches ? grid.view.steps.filter((row) => matches({ row, kind: "step" })).length : grid.view.steps.length;
  byId("found").textContent = matches ? `${found.toLocaleString("en")} of ${plural(grid.view.steps.length, "step")}` : plural(found, "step");
  byId("nothing").hidden = grid.rows.length > 0;
  byId("nothing").textContent = matches ? "No step is like that." : "No step was met.";
}

function buildMore(upTo = grid.built + CHUNK) {
  const page = document.createDocumentFragment();
  const end = Math.min(upTo, grid.rows.length);
  for (; grid.built < end; grid.built += 1) {
    const entry = grid.rows[grid.built];
    page.append(rowOf(entry, grid.built));
    if (grid.opened.has(entry.node)) page.append(detailOf(entry));
  }
  grid.tree.append(page);
  grid.more.hidden = grid.built >= grid.rows.length;
}

function rowOf(entry, place) {
  const { node, depth } = entry, row = node.row;
  const state = row ? row.state : null;
  const inner = node.items.length > 0;
  const expanded = inner ? node.open || matcher() !== null : grid.opened.has(node);
  const made = make("div", {
    role: "row", class: `row item ${node.kind} ${state ? classOf(state) : ""}${grid.opened.has(node) ? " open" : ""}`,
    "aria-level": depth + 1, "aria-rowindex": place + 2, "aria-expanded": String(expanded),
    tabindex: (grid.at ? grid.at === node : place === 0) ? 0 : -1, "data-place": place,
  });
  made.style.setProperty("--depth", Math.min(depth, 8));
  made.append(nameCell(node, inner), stateCell(node, state), whyCell(node), triesCell(row), timeCell(node));
  return made;
}

function nameCell(node, inner) {
  const twist = make("i", { class: inner ? "twist" : "twist leaf", "aria-hidden": "true" }, "›");
  const mark = make("span", { class: "mark", "aria-hidden": "true" }, node.row ? SYMBOLS[node.row.state] || "?" : "");
  const cut = node.base && node.name.startsWith(`${node.base}.`) ? node.base.length + 1 : 0;
  const label = make("span", { class: "text", dir: "auto", title: shown(node.name) });
  if (cut) label.append(make("span", { class: "dim" }, shown(node.name.slice(0, cut))));
  label.append(shown(node.name.slice(cut)));
  return make("span", { role: "gridcell", class: "name" }, twist, node.row ? mark : null, label);
}

function stateCell(node, state) {
  const cell = make("span", { role: "gridcell", class: "state" });
  if (state) cell.append(shown(state));
  return cell;
}

function whyCell(node) {
  const { row, kind } = node;
  if (kind === "group") return make("span", { role: "gridcell", class: "why" }, counted(node.counts));
  if (kind === "child") return make("span", { role: "gridcell", class: "why" }, text(`child workflow ${row.workflow}`));
  const bad = row.error !== undefined && (row.state === "failed" || row.state === "unfinished");
  const said = bad ? row.error : (row.reasons || []).join("; ");
  return make("span", { role: "gridcell", class: bad ? "why bad" : "why" }, said ? text(said.slice(0, LONGEST_WHY)) : "");
}

function triesCell(row) {
  const tries = row && row.started !== undefined ? (row.plays ?? 1) + (row.retries || 0) : 0;
  return make("span", { role: "gridcell", class: tries > 1 ? "tries many" : "tries" }, tries > 1 ? `↻ ${tries}` : tries ? String(tries) : "");
}

function timeCell(node) {
  const cell = make("span", { role: "gridcell", class: "time" });
  const gauge = make("span", { class: `gauge${node.kind === "group" ? " mix" : ""}`, "aria-hidden": "true" });
  if (node.kind === "group") {
    const all = Object.values(node.counts).reduce((sum, count) => sum + count, 0);
    for (const state of STATES.filter((each) => node.counts[each])) gauge.append(part(state, (100 * node.counts[state]) / all));
  } else if (node.row && node.row.seconds) {
    gauge.append(part(node.row.state, (100 * node.row.seconds) / grid.slowest));
  }
  cell.append(gauge, make("span", null, node.kind === "group" ? "" : duration(node.row.seconds)));
  return cell;
}

function part(state, percent) {
  const made = make("span", { class: classOf(state) });
  share(made, "width", percent);
  return made;
}

function rowAt(place) {
  if (place >= grid.built) buildMore(place + 1);
  return grid.tree.querySelector(`[data-place="${place}"]`);
}

function focusAt(place) {
  if (place < 0 || place >= grid.rows.length) return;
  const old = grid.tree.querySelector('.item[tabindex="0"]');
  if (old) old.setAttribute("tabindex", "-1");
  const row = rowAt(place);
  grid.at = grid.rows[place].node;
  row.setAttribute("tabindex", "0");
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function setOpen(node, open) {
  node.open = open;
  redrawAt(node);
}

function toggleDetail(node) {
  if (node.kind === "group") return setOpen(node, !node.open);
  if (grid.opened.has(node)) grid.opened.delete(node);
  else grid.opened.add(node);
  return redrawAt(node);
}

function redrawAt(node) {
  const built = grid.built;
  grid.at = node;
  drawRows();
  if (grid.built < built) buildMore(built);
  const place = grid.rows.findIndex((entry) => entry.node === node);
  if (place >= 0) focusAt(place);
}

function openAll(open) {
  walk(grid.nodes, (node) => { if (node.items.length) node.open = open; });
  if (!open) grid.opened.clear();
  drawRows();
}

// Shows one step with its details, whatever was looked for before.
function goTo(name) {
  let target = null;
  const path = [];
  const seek = (nodes) => nodes.some((node) => {
    if (node.kind === "step" && node.name === name) { target = node; return true; }
    path.push(node);
    if (seek(node.items)) return true;
    path.pop();
    return false;
  });
  if (!seek(grid.nodes)) return;
  for (const node of path) node.open = true;
  clearSearch();
  grid.opened.add(target);
  redrawAt(target);
  grid.tree.querySelector('.item[tabindex="0"]').scrollIntoView({ block: "center" });
}

function onKey(event) {
  const row = event.target.closest(".item");
  if (!row || event.target !== row || event.ctrlKey || event.metaKey || event.altKey) return;
  const place = Number(row.dataset.place), { node, depth } = grid.rows[place];
  const looking = matcher() !== null;
  const keys = {
    ArrowDown: () => focusAt(place + 1),
    ArrowUp: () => focusAt(place - 1),
    Home: () => focusAt(0),
    End: () => focusAt(grid.rows.length - 1),
    Enter: () => toggleDetail(node),
    " ": () => toggleDetail(node),
    ArrowRight: () => {
      if (node.items.length && !node.open && !looking) setOpen(node, true);
      else if (node.items.length) focusAt(place + 1);
      else if (!grid.opened.has(node)) toggleDetail(node);
    },
    ArrowLeft: () => {
      if (grid.opened.has(node)) toggleDetail(node);
      else if (node.items.length && node.open && !looking) setOpen(node, false);
      else focusAt(grid.rows.findLastIndex((each, index) => index < place && each.depth < depth));
    },
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
}

function onClick(event) {
  const row = event.target.closest(".item");
  if (!row || String(window.getSelection()).length) return;
  const { node } = grid.rows[Number(row.dataset.place)];
  if (node.items.length && (event.target.closest(".twist") || node.kind === "group")) setOpen(node, !node.open);
  else toggleDetail(node);
}

grid.tree.addEventListener("keydown", onKey);
grid.tree.addEventListener("click", onClick);
new IntersectionObserver((seen) => {
  if (seen.some((each) => each.isIntersecting) && grid.built < grid.rows.length) buildMore();
}, { rootMargin: "800px" }).observe(grid.more);
