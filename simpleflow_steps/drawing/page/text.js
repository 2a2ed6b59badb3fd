// What is shown, and how: nothing here makes markup of a text.

const SYMBOLS = {
  done: "✓", running: "▸", failed: "✗", skipped: "↷", invalidated: "↺", unfinished: "◐", "not done": "○", unknown: "?",
};
const STATES = Object.keys(SYMBOLS);
const STATUSES = {
  completed: "done", continued: "done", stopped: "done", running: "running", stale: "running", failed: "failed", crashed: "failed",
};
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const FIT = new Set(["\n", "\t", "\u200d"]);

function byId(id) {
  return document.getElementById(id);
}

function read(id) {
  const found = byId(id);
  return found ? JSON.parse(found.textContent) : null;
}

function classOf(state) {
  return SYMBOLS[state] ? state.replace(" ", "-") : "unknown";
}

// Writes what nobody would see, or what turns text round, as an escape.
function shown(text) {
  return String(text).replace(UNFIT, (found) =>
    FIT.has(found) ? found : `\\u${found.codePointAt(0).toString(16).padStart(4, "0")}`);
}

function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function text(value, kind = "text") {
  return make("span", { class: kind, dir: "auto" }, shown(value));
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 0.9995) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60), whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, "0")}m`;
}

function two(number) {
  return String(number).padStart(2, "0");
}

function clock(ms) {
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function when(ms) {
  return make("time", { datetime: new Date(ms).toISOString() }, clock(ms));
}

function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

function facts(list, entries) {
  for (const [name, value] of entries) {
    if (value === null || value === undefined || value === "") continue;
    const cell = make("dd", null, typeof value === "string" ? text(value) : value);
    list.append(make("div", null, make("dt", null, name), cell));
  }
  return list;
}

function pairs(entries) {
  const list = make("dl");
  for (const [name, value] of entries) {
    if (value === null || value === undefined || value === "") continue;
    list.append(make("dt", null, name), make("dd", null, typeof value === "string" ? text(value) : value));
  }
  return list;
}

function counted(counts) {
  return STATES.filter((state) => counts[state]).map((state) => `${counts[state].toLocaleString("en")} ${state}`).join(", ");
}

function share(element, name, percent) {
  element.style.setProperty(name, `${Math.max(0, Math.min(100, percent)).toFixed(3)}%`);
}
