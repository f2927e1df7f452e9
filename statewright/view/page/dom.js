// Elements, made so that no text is ever read as markup.

export function make(tag, members = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(members)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// JSON as it stands: an integer beyond what JavaScript counts exactly keeps every digit, where the browser can.
export function parse(text) {
  return JSON.parse(text, (_, value, context) => {
    const isLong = typeof value === "number" && !Number.isSafeInteger(value) && context && /^-?\d+$/.test(context.source);
    return isLong && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
  });
}

// Characters that are not seen, and those that turn the direction of what follows, by their code: what a text
// shows is then what is in it.
const UNSEEN = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
export const seen = (text) => text.replace(UNSEEN, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);

const isLeaf = (value) => value === null || typeof value !== "object" || Boolean(JSON.isRawJSON && JSON.isRawJSON(value));

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// When it was, for a list: the time alone where that was today.
export function moments(seconds) {
  const isToday = new Date(seconds * 1000).toDateString() === new Date().toDateString();
  return isToday ? moment(seconds).slice(11) : moment(seconds);
}

export function moment(seconds) {
  if (!seconds) return "–";
  const at = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  return `${(count / 1024).toFixed(1)} KiB`;
}

// The status of an execution as the word that states have.
export function tone(status) {
  return { TIMED_OUT: "failed", PENDING_REDRIVE: "running" }[status] || (status || "none").toLowerCase();
}

const LONGEST = 20000;
const SHORT = 44; // characters of an object that stands in one line

// A JSON value, coloured and folded: objects and arrays beyond a line open by a click.
// With `onKey`, a click on a field asks where its value comes from: it is told the path of the field, and an
// element that the answer takes the place of. Outermost members have a button for it beside them.
export function json(value, onKey = null) {
  const text = typeof value === "string" && value.length > LONGEST ? value.slice(0, LONGEST) + "…" : value;
  const shown = branch(text, [], { left: 5000, onKey });
  return make("div", { class: "json" }, onKey && isLeaf(value) ? asked(shown, [], onKey) : shown);
}

function asked(row, path, onKey) {
  const button = make("button", { type: "button", class: "ask", "aria-label": `Where ${pathText(path)} comes from`, onclick: () => onKey(path, button) }, "from?");
  return make("div", { class: "asked" }, row, button);
}

// The name of a field deep inside, as a button where it can be asked for.
function field(path, budget) {
  const name = path[path.length - 1];
  const kind = typeof name === "number" ? "index" : "key";
  if (!budget.onKey) return make("span", { class: kind }, String(name));
  const button = make("button", { type: "button", class: `${kind} field`, "aria-label": `Where ${pathText(path)} comes from`, onclick: () => {
    const place = make("span", {});
    button.after(place);
    budget.onKey(path, place);
  } }, String(name));
  return button;
}

const pathText = (path) => path.reduce((text, step) => (typeof step === "number" ? `${text}[${step}]` : text ? `${text}.${step}` : step), "") || "it";

// What SDK integrations add to every result: there, but folded.
const ASIDE = new Set(["SdkHttpMetadata", "SdkResponseMetadata"]);

function branch(value, path, budget, title = []) {
  const level = path.length;
  budget.left -= 1;
  if (budget.left < 0) return make("span", { class: "muted" }, "… more than is shown");
  if (isLeaf(value)) return leaf(value);
  const isList = Array.isArray(value);
  const members = isList ? value.map((each, index) => [index, each]) : Object.entries(value);
  if (members.length === 0) return make("span", {}, isList ? "[]" : "{}");
  const short = shortText(value);
  if (level > 0 && short) return make("span", { class: "short" }, ...coloured(value, path, budget));
  const rows = members.map(([name, each]) => {
    const inside = [...path, name];
    const isFolded = !isLeaf(each) && !shortText(each);
    const title = [level === 0 || isFolded ? make("span", { class: isList ? "index" : "key" }, String(name)) : field(inside, budget), ": "];
    const inner = branch(each, inside, budget, title);
    const row = inner.tagName === "DETAILS" ? inner : make("div", { class: "member" }, ...title, inner);
    return budget.onKey && level === 0 ? asked(row, inside, budget.onKey) : row;
  });
  if (rows.length > 2 * GROUP) rows.splice(0, rows.length, ...grouped(rows));
  if (level === 0) return make("div", {}, ...rows);
  const summary = make("summary", {}, ...title, isList ? `[ ${members.length} ]` : `{ ${members.length} }`);
  const isAside = title.length && ASIDE.has(title[0].textContent);
  return make("details", { open: level < 3 && members.length <= 30 && !isAside }, summary, ...rows);
}

// Long lists fold by hundreds.
const GROUP = 100;

function grouped(rows) {
  const groups = [];
  for (let start = 0; start < rows.length; start += GROUP) {
    const part = rows.slice(start, start + GROUP);
    const title = make("span", { class: "muted" }, `${start} … ${start + part.length - 1}`);
    groups.push(make("details", { open: start === 0 }, make("summary", {}, title), ...part));
  }
  return groups;
}

// A text that is JSON itself, as causes of errors are: unfolded, and said to be a text.
function textOfJson(text) {
  if (text.length <= SHORT || !/^[{[]/.test(text)) return null;
  try {
    return make("details", { open: text.length < 2000 }, make("summary", {}, "a text of JSON"), branch(parse(text), [], { left: 500, onKey: null }));
  } catch {
    return null;
  }
}

function leaf(value) {
  if (typeof value === "string") {
    const inside = textOfJson(value);
    if (inside) return make("span", { class: "inside" }, inside);
    return make("span", { class: value.includes("\n") ? "text lines" : "text" }, seen(value.includes("\n") ? value : JSON.stringify(value)));
  }
  return make("span", { class: "plain" }, JSON.stringify(value));
}

function shortText(value) {
  const text = JSON.stringify(value);
  return text.length <= SHORT;
}

function coloured(value, path, budget) {
  if (isLeaf(value)) return [leaf(value)];
  const isList = Array.isArray(value);
  const parts = [];
  const members = isList ? value.map((each, index) => [index, each]) : Object.entries(value);
  members.forEach(([name, each], index) => {
    if (index) parts.push(", ");
    if (!isList) parts.push(field([...path, name], budget), ": ");
    parts.push(...coloured(each, [...path, name], budget));
  });
  return [isList ? "[" : "{", ...parts, isList ? "]" : "}"];
}
