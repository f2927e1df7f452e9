// What the project tells of a state: its handler's line, the lines of a stack trace, log lines, types.

import { make, json } from "./dom.js";
import { get } from "./talk.js";

// A line of code: a link into the editor, or the place alone where there is none.
export function place(told) {
  if (!told) return null;
  return told.url ? make("a", { class: "code", href: told.url, title: "Open in the editor" }, told.place) : make("span", { class: "code" }, told.place);
}

const FRAME = /File "([^"\n]{1,500})", line (\d{1,7})/;

// A stack trace line by line; `data-frame` says which line of code each names, until `linkFrames` knows it.
export function trace(lines) {
  const rows = lines.map(String).join("\n").replace(/\n\n/g, "\n").trimEnd().split("\n");
  return make("pre", { class: "trace" }, ...rows.flatMap((row) => {
    const found = FRAME.exec(row);
    return [make("span", found ? { "data-frame": `${found[1]}:${Number(found[2])}` } : {}, row), "\n"];
  }));
}

let frames = {}; // of the state that is shown

function linkFrames(panel, lines = frames) {
  frames = lines;
  for (const frame of panel.querySelectorAll("[data-frame]")) {
    const told = lines[frame.dataset.frame];
    if (!told) continue;
    const [before, after] = frame.textContent.split(FRAME.exec(frame.textContent)[0]);
    frame.removeAttribute("data-frame");
    frame.replaceChildren(before, place(told), after);
  }
}

// Fills the parts of a panel that the project tells; each stays away where it has nothing to tell.
export async function fill(panel, execution, state, visit) {
  const own = () => panel.dataset.shown === `${execution} ${state} ${visit ?? ""}`;
  panel.dataset.shown = `${execution} ${state} ${visit ?? ""}`;
  const [source, types] = await Promise.all([get("source", { execution, state, visit }), get("types", { execution, state })]);
  if (!own()) return;
  linkFrames(panel, source.lines);
  const handler = panel.querySelector("[data-slot=handler]");
  if (handler && source.handler) handler.replaceChildren("handler ", place(source.handler));
  const slot = panel.querySelector("[data-slot=types]");
  if (slot && types.types) slot.replaceChildren(...typed(types.types));
  if (slot) slot.closest("details").hidden = !types.types;
}

function typed(told) {
  if (told.problem) return [make("p", { class: "muted" }, `The schemas cannot be read: ${told.problem}`)];
  const shown = told.findings.map((each) => make("div", { class: `finding of-${each.severity}` },
    make("strong", {}, each.code), ` ${each.message} `,
    each.suggestion ? make("em", {}, each.suggestion, " ") : null,
    each.url || each.place ? place(each) : make("span", { class: "code" }, each.at)));
  if (!told.findings.length) shown.push(make("p", { class: "muted" }, make("span", { class: "code" }, "statewright check"), " finds nothing here."));
  if (told.file && !told.isSame) shown.push(make("p", { class: "muted" }, `What ran is not what ${told.file} says now.`));
  const declared = told.function;
  return [...shown,
    declared ? row("Declared input", declared.input, make("span", {}, "of ", place({ place: declared.file, url: declared.url }))) : null,
    declared ? row("Declared output", declared.output) : null,
    told.inferred ? row("Inferred input", told.inferred.input.words) : null,
    told.inferred ? row("Inferred output", told.inferred.output.words) : null].filter(Boolean);
}

function row(title, words, more = null) {
  return make("div", {}, make("p", { class: "sub" }, title, more ? " " : null, more), make("p", { class: "code words" }, words));
}

const known = new Map();

// The log lines of one call, asked for when they are looked at.
export function logs(execution, visit, attempt, isOpen) {
  const body = make("div", { class: "log", role: "status" }, make("p", { class: "muted" }, "…"));
  const part = make("details", { class: "inner", "data-part": `log${attempt}` }, make("summary", {}, "Log lines"), body);
  const key = `${execution} ${visit} ${attempt}`;
  const load = async () => {
    if (!part.open) return;
    try {
      if (!known.has(key)) known.set(key, get("logs", { execution, visit, attempt }));
      const told = await known.get(key);
      if (told.notice) known.delete(key);
      body.replaceChildren(...logged(told));
      linkFrames(body);
    } catch (error) {
      known.delete(key);
      body.replaceChildren(make("p", { class: "muted" }, error.message));
    }
  };
  part.addEventListener("toggle", load);
  part.open = isOpen;
  return part;
}

function logged(told) {
  if (told.notice) return [make("p", { class: "muted" }, told.notice)];
  const left = told.left ? [make("p", { class: "muted" }, `… ${told.left.toLocaleString()} lines before`)] : [];
  return [...left, ...told.lines.map(line)];
}

// What Lambda's runtime puts before a message of Python's logging: level, time, request.
const PLAIN = /^\[(\w+)\]\t(\S+)\t[0-9a-f-]{36}\t([^]*)$/;

// Lines are told by their level and message; the rest of structured ones is folded.
function line(text) {
  const plain = PLAIN.exec(text);
  if (plain) return make("div", { class: `code line${/ERROR|CRITICAL/.test(plain[1]) ? " bad" : ""}`, title: plain[2] }, make("b", {}, plain[1]), ` ${plain[3]}`);
  if (/^(START|END|REPORT) RequestId: /.test(text)) return make("div", { class: "code line muted" }, text.replace(/\t/g, "  "));
  let told = null;
  try {
    told = text.startsWith("{") ? JSON.parse(text) : null;
  } catch {
    told = null;
  }
  const frame = FRAME.exec(text);
  if (!told) return make("div", { class: `code line${/ERROR|Traceback/.test(text) ? " bad" : ""}`, "data-frame": frame && `${frame[1]}:${Number(frame[2])}` }, text);
  if (told.message === undefined) return make("details", { class: "code line muted" }, make("summary", {}, `{ ${Object.keys(told).filter((name) => name !== "_aws").join(", ")} }`), json(told));
  const { level, message, ...rest } = told;
  const said = typeof message === "string" ? message : JSON.stringify(message);
  return make("details", { class: `code line${/ERROR|CRITICAL/.test(level) ? " bad" : ""}` }, make("summary", {}, level ? make("b", {}, `${level} `) : "", said), json(rest));
}
