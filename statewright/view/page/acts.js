// What can be done: start, stop, redrive, try a state. Each asks in a dialog, and tells what came of it.

import { make, json, parse } from "./dom.js";
import { form, skeleton } from "./form.js";
import { act, get, post } from "./talk.js";

const dialog = document.getElementById("dialog");
const KEPT = "statewright-inputs";

function ask(title, ...content) {
  dialog.setAttribute("aria-label", title);
  dialog.replaceChildren(make("h2", {}, title), ...content);
  if (!dialog.open) dialog.showModal();
}

function buttons(name, done) {
  const problem = make("p", { class: "problem", role: "alert" });
  const main = make("button", { type: "submit", class: "main" }, name);
  const row = make("div", { class: "buttons" }, make("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), main);
  const submit = async (event) => {
    event.preventDefault();
    main.disabled = true;
    problem.textContent = "";
    try {
      await done();
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      main.disabled = false;
    }
  };
  return { problem, row, submit, main };
}

// A text of JSON to edit; what is wrong with it is said while it is typed.
function editor(label, text) {
  const area = make("textarea", { rows: "12", spellcheck: "false", "aria-label": label });
  area.value = text;
  area.setSelectionRange(0, 0);
  const note = make("p", { class: "muted", role: "status" });
  area.addEventListener("input", () => {
    try {
      JSON.parse(area.value);
      note.textContent = "";
    } catch (error) {
      note.textContent = error.message;
    }
  });
  return { area, element: make("label", {}, label, area, note) };
}

// Says what is wrong with a text before it is sent.
function checked(text, name) {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is no JSON: ${error.message}`);
  }
  return text;
}

const pretty = (value) => JSON.stringify(value, null, 2);

// Inputs that were started, by machine: in this browser, until it forgets them.
const MOST_INPUTS = 8;
const MOST_MACHINES = 20;
const LONGEST_INPUT = 65536;

function allKept() {
  try {
    const all = JSON.parse(localStorage.getItem(KEPT) || "{}");
    return all && typeof all === "object" ? all : {};
  } catch {
    return {};
  }
}

function kept(machine) {
  const own = allKept()[machine];
  return Array.isArray(own) ? own.filter((each) => typeof each === "string") : [];
}

function keep(machine, text) {
  if (text.length > LONGEST_INPUT) return;
  const { [machine]: before = [], ...others } = allKept();
  const machines = Object.entries(others).slice(-(MOST_MACHINES - 1));
  const own = [text, ...before.filter((each) => each !== text)].slice(0, MOST_INPUTS);
  try {
    localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries([...machines, [machine, own]])));
  } catch {
    // no room, or none is given: the input is not kept
  }
}

// Starts an execution: a form where the machine's input has a schema, its JSON beside it.
export async function start(machine, name, input, started) {
  const known = kept(machine);
  const told = await get("schema", { machine }).catch((error) => ({ schema: null, problem: error.message }));
  const first = input !== null ? pretty(input) : known[0] || pretty(told.schema ? skeleton(told.schema, told.schema) ?? {} : {});
  const { area, element } = editor("Input", first);
  const called = make("input", { type: "text", maxlength: "80", "aria-label": "Name", placeholder: "a name of its own, or none" });
  const earlier = make("select", { "aria-label": "Earlier inputs" }, make("option", { value: "" }, "Earlier inputs …"),
    ...known.map((text, index) => make("option", { value: String(index) }, text.replace(/\s+/g, " ").slice(0, 80))));
  const { problem, row, submit, main } = buttons("Start", async () => {
    const done = await act("start", { machine, input: checked(area.value, "The input"), name: called.value });
    keep(machine, area.value);
    dialog.close();
    started(done.execution);
  });
  const beside = told.schema ? fields(machine, told, area, main) : null;
  earlier.addEventListener("change", () => {
    if (earlier.value === "") return;
    area.value = known[Number(earlier.value)];
    area.dispatchEvent(new Event("input"));
  });
  ask(`Start ${name}`, make("form", { onsubmit: submit }, make("label", {}, "Name", called), known.length ? earlier : null,
    make("div", { class: beside ? "halves" : "" }, beside ? beside.element : null, element),
    told.problem ? make("p", { class: "muted" }, `The input's schema cannot be read: ${told.problem}`) : null, problem, row));
  (beside && beside.element.querySelector("input, select, textarea") || area).focus();
}

// The form of a schema beside the text of JSON: each shows what the other says; the server tells what does not fit.
function fields(machine, told, area, main) {
  const list = make("ul", { class: "problems" });
  let timer;
  const check = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const text = area.value;
      const { problems } = await post("fits", { machine, input: text }).catch(() => ({ problems: [] }));
      if (text !== area.value) return;
      shown.mark(problems);
      list.replaceChildren(...problems.map((each) => make("li", {}, make("span", { class: "code" }, each.at || "the input"), ` ${each.message}`)));
      main.textContent = problems.length ? "Start anyway" : "Start";
    }, 200);
  };
  const shown = form(told.schema, (value) => {
    area.value = pretty(value === undefined ? null : value);
    check();
  });
  const read = () => {
    try {
      shown.show(parse(area.value));
      check();
    } catch {
      list.replaceChildren(); // the editor says that it is no JSON
    }
  };
  area.addEventListener("input", read);
  read();
  return { element: make("div", {}, make("p", { class: "muted" }, `as ${told.file} says`), shown.element, make("div", { role: "status", "aria-label": "What does not fit the schema" }, list)) };
}

// A dialog that does one thing and closes.
export function dialogue(title, name, done, ...content) {
  const { problem, row, submit } = buttons(name, async () => {
    await done();
    dialog.close();
  });
  ask(title, make("form", { onsubmit: submit }, ...content, problem, row));
}

export const confirm = (title, text, name, done) => dialogue(title, name, done, make("p", {}, text));

// One state again, with an input of its own: TestState, with a mock where the state calls something.
export function tryState(told, { definition, role, isLocal, context }) {
  const visit = told.visit;
  const { area, element } = editor("Input", pretty(visit && visit.input ? visit.input.value : {}));
  const calls = ["Task", "Map", "Parallel"].includes(told.type);
  const mock = make("select", { "aria-label": "What the call gives" },
    told.needsMock ? null : make("option", { value: "" }, "the call itself"),
    make("option", { value: "result" }, "this result"), make("option", { value: "error" }, "this error"));
  const last = visit && visit.attempts.length ? visit.attempts[visit.attempts.length - 1] : null;
  const result = editor("Result", pretty(resultOf(told, visit, last)));
  const error = make("input", { type: "text", "aria-label": "Error", value: (visit && visit.error && visit.error.error) || "States.TaskFailed" });
  const cause = make("input", { type: "text", "aria-label": "Cause", value: causeText(visit) });
  const by = make("input", { type: "text", "aria-label": "Role", value: role || "" });
  const shown = () => {
    result.element.hidden = mock.value !== "result";
    error.parentElement.hidden = cause.parentElement.hidden = mock.value !== "error";
    by.parentElement.hidden = isLocal || mock.value !== "";
  };
  const outcome = make("div", { class: "outcome", role: "status" });
  const { problem, row, submit } = buttons("Try", async () => {
    outcome.replaceChildren();
    const asked = { state: told.state, definition, input: checked(area.value, "The input") };
    if (visit && Object.keys(visit.variables).length) {
      asked.variables = JSON.stringify(Object.fromEntries(Object.entries(visit.variables).map(([name, each]) => [name, each.value])));
    }
    if (calls && mock.value === "result") asked.mock = { result: checked(result.area.value, "The result") };
    if (calls && mock.value === "error") asked.mock = { errorOutput: { error: error.value, cause: cause.value } };
    if (asked.mock) asked.context = JSON.stringify(context);
    else if (calls && by.value) asked.role = by.value;
    const answer = await act("try", asked);
    outcome.replaceChildren(...[
      make("p", {}, make("span", { class: `pill s-${answer.status === "SUCCEEDED" ? "succeeded" : answer.status === "RETRIABLE" ? "running" : answer.status === "CAUGHT_ERROR" ? "caught" : "failed"}` }, answer.status || "?"),
        answer.nextState ? ` goes on at ${answer.nextState}` : null),
      answer.error ? make("div", { class: "error s-failed" }, make("strong", {}, answer.error), make("p", { class: "cause" }, answer.cause || "")) : null,
      answer.output !== undefined ? make("div", {}, make("p", { class: "sub" }, "Output"), json(parsed(answer.output))) : null,
      answer.inspectionData ? make("details", {}, make("summary", {}, "Step by step"), json(unfolded(answer.inspectionData))) : null,
    ].filter(Boolean));
  });
  ask(`Try ${told.state} again`, make("form", { onsubmit: submit }, element,
    ...(calls ? [make("label", {}, "What it calls gives", mock), told.needsMock ? make("p", { class: "muted" }, "TestState does not run what this state waits for.") : null,
      result.element, make("label", {}, "Error", error), make("label", {}, "Cause", cause), make("label", {}, "Role", by)] : []).filter(Boolean), problem, row, outcome));
  if (calls) {
    mock.addEventListener("change", shown);
    shown();
  }
  area.focus();
}

// What the call gave the last time: of a Map or a Parallel, which keep no result, what they put out.
function resultOf(told, visit, last) {
  if (last && last.result) return last.result.value;
  if (told.type === "Task") return {};
  return visit && visit.output && Array.isArray(visit.output.value) ? visit.output.value : [];
}

function causeText(visit) {
  const cause = visit && visit.error ? visit.error.cause : null;
  return cause === null || cause === undefined ? "" : typeof cause === "string" ? cause : JSON.stringify(cause);
}

function parsed(text) {
  try {
    return parse(text);
  } catch {
    return text;
  }
}

function unfolded(data) {
  return Object.fromEntries(Object.entries(data).map(([name, each]) => [name, typeof each === "string" ? parsed(each) : each]));
}

export function iterations(execution, visit, choose) {
  const list = make("ul", { class: "list" });
  const more = make("button", { type: "button", hidden: true }, "More");
  const filter = make("select", { "aria-label": "Status" }, ...["", "running", "succeeded", "failed", "aborted"].map((each) =>
    make("option", { value: each }, each || "all")));
  const load = async (offset) => {
    const told = await get("iterations", { execution, visit: visit.number, status: filter.value, offset });
    if (!offset) list.replaceChildren();
    for (const each of told.iterations) {
      list.append(make("li", {}, make("button", { type: "button", class: `chip s-${each.status}`, onclick: () => {
        dialog.close();
        choose(each);
      } }, `#${each.index}`), ` ${each.status}`, each.last ? ` · ${each.last}` : null));
    }
    const shown = offset + told.iterations.length;
    more.hidden = shown >= told.total;
    more.onclick = () => load(shown);
  };
  filter.addEventListener("change", () => load(0));
  ask("Iterations", make("p", {}, filter), list, more, make("div", { class: "buttons" },
    make("button", { type: "button", onclick: () => dialog.close() }, "Close")));
  return load(0);
}

export function keys() {
  const rows = [["/", "find a state"], ["arrows", "go to the state next to it"], ["Enter", "open the state in focus"],
    ["f", "the failing state"], ["[ and ]", "visit before, visit after"], ["+ − 0", "larger, smaller, all of it"],
    ["e", "executions"], ["c", "compare with another execution"], ["t", "light or dark"], ["Esc", "close"]];
  ask("Keys", make("table", {}, ...rows.map(([key, text]) => make("tr", {}, make("td", {}, make("kbd", {}, key)), make("td", {}, text)))),
    make("div", { class: "buttons" }, make("button", { type: "button", onclick: () => dialog.close() }, "Close")));
}
