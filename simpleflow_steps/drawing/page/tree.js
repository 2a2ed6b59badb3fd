// Which step goes under which: first by the step around it, then by the dots in its name.

const DEEPEST = 10;
const OPEN_UP_TO = 60; // what is under a name is shown at once if it is not more

function plant(view) {
  const byName = new Map(view.steps.map((step) => [step.name, step]));
  const inside = new Map(), children = new Map();
  const into = (map, key, value) => (map.get(key) || map.set(key, []).get(key)).push(value);
  for (const step of view.steps) into(inside, isRooted(step, byName) ? step.within : undefined, step);
  for (const child of view.children || []) into(children, byName.has(child.within) ? child.within : undefined, child);
  return contents(undefined, "", 0, { inside, children });
}

function isRooted(step, byName) {
  let at = step;
  for (let times = 0; times < DEEPEST; times += 1) {
    if (at.within === undefined) return true;
    if (!byName.has(at.within)) return at !== step;
    at = byName.get(at.within);
  }
  return false;
}

function contents(name, base, depth, known) {
  const root = { branches: new Map() };
  for (const step of known.inside.get(name) || []) grow(root, step, base && step.name.startsWith(`${base}.`) ? base.length + 1 : 0);
  const nodes = [...root.branches.values()].map((branch) => settle(branch, base, depth, known));
  for (const child of known.children.get(name) || []) nodes.push(leaf("child", child, child.id, base));
  return nodes;
}

function grow(root, step, start) {
  let here = root, at = start;
  for (let level = 0; level < DEEPEST; level += 1) {
    const dot = step.name.indexOf(".", at);
    if (dot < 0) break;
    here = sprout(here, step.name.slice(0, dot));
    at = dot + 1;
  }
  sprout(here, step.name).step = step;
}

function sprout(branch, name) {
  if (!branch.branches.has(name)) branch.branches.set(name, { name, branches: new Map() });
  return branch.branches.get(name);
}

function settle(found, base, depth, known) {
  let branch = found;
  while (!branch.step && branch.branches.size === 1) branch = branch.branches.values().next().value;
  if (!branch.branches.size) return stepNode(branch.step, base, depth, known);
  const node = leaf("group", null, branch.name, base);
  if (branch.step) node.items.push(stepNode(branch.step, branch.name, depth + 1, known));
  for (const each of branch.branches.values()) node.items.push(settle(each, branch.name, depth + 1, known));
  return total(node);
}

function stepNode(step, base, depth, known) {
  const node = leaf("step", step, step.name, base);
  if (depth < DEEPEST) node.items = contents(step.name, step.name, depth + 1, known);
  return total(node);
}

function leaf(kind, row, name, base) {
  return { kind, row, name, base, items: [], counts: row && kind === "step" ? { [row.state]: 1 } : {}, seconds: 0, open: true };
}

function total(node) {
  for (const item of node.items) {
    for (const [state, count] of Object.entries(item.counts)) node.counts[state] = (node.counts[state] || 0) + count;
    node.seconds += item.seconds;
  }
  if (node.row) node.seconds = node.row.seconds || 0;
  node.open = node.items.length <= OPEN_UP_TO;
  return node;
}

function walk(nodes, visit) {
  for (const node of nodes) {
    visit(node);
    walk(node.items, visit);
  }
}

// Gives what is to be seen, each with its depth; while something is looked for, what matches and all around it.
function flatten(nodes, matches, depth = 0, rows = []) {
  for (const node of nodes) {
    const at = rows.length;
    rows.push({ node, depth });
    const own = !matches || matches(node);
    if (matches) flatten(node.items, matches, depth + 1, rows);
    else if (node.open) flatten(node.items, null, depth + 1, rows);
    if (!own && rows.length === at + 1) rows.pop();
  }
  return rows;
}
