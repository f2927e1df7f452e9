// What can be done: start, stop, redrive, try a state. Each asks in a dialog, and tells what came of it.

import { make, json } from "./dom.js";
import { act, get } from "./talk.js";

const dialog = document.getElementById("dialog");
const KEPT = "statewright-inputs";

function ask(title, ...content) {
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
  return { problem, row, submit };
}

// A text of JSON to edit; what is wrong with it is said while it is typed.
function editor(label, text) {
  const area = make("textarea", { rows: "12", spellcheck: "false", "aria-label": label });
  area.value = text;
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

function kept(machine) {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) || "{}")[machine] || [];
  } catch {
    return [];
  }
}

function keep(machine, text) {
  const all = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
  all[machine] = [text, ...(all[machine] || []).filter((each) => each !== text)].slice(0, 8);
  sessionStorage.setItem(KEPT, JSON.stringify(all));
}

export function start(machine, name, input, started) {
  const known = kept(machine);
  const first = input !== null ? pretty(input) : known[0] || "{}";
  const { area, element } = editor("Input", first);
  const called = make("input", { type: "text", maxlength: "80", "aria-label": "Name", placeholder: "a name of its own, or none" });
  const earlier = make("select", { "aria-label": "Earlier inputs" }, make("option", { value: "" }, "Earlier inputs …"),
    ...known.map((text, index) => make("option", { value: String(index) }, text.replace(/\s+/g, " ").slice(0, 80))));
  earlier.addEventListener("change", () => {
    if (earlier.value !== "") area.value = known[Number(earlier.value)];
  });
  const { problem, row, submit } = buttons("Start", async () => {
    const done = await act("start", { machine, input: checked(area.value, "The input"), name: called.value });
    keep(machine, area.value);
    dialog.close();
    started(done.execution);
  });
  ask(`Start ${name}`, make("form", { onsubmit: submit }, make("label", {}, "Name", called), known.length ? earlier : null, element, problem, row));
  area.focus();
}

export function confirm(title, text, name, done) {
  const { problem, row, submit } = buttons(name, async () => {
    await done();
    dialog.close();
  });
  ask(title, make("form", { onsubmit: submit }, make("p", {}, text), problem, row));
}

// One state again, with an input of its own: TestState, with a mock where the state calls something.
export function tryState(told, definition) {
  const visit = told.visit;
  const { area, element } = editor("Input", pretty(visit && visit.input ? visit.input.value : {}));
  const needsMock = ["Task", "Map", "Parallel"].includes(told.type);
  const mock = make("select", { "aria-label": "What the call gives" },
    needsMock && told.type !== "Task" ? null : make("option", { value: "" }, "the call itself"),
    make("option", { value: "result" }, "this result"), make("option", { value: "error" }, "this error"));
  const last = visit && visit.attempts.length ? visit.attempts[visit.attempts.length - 1] : null;
  const result = editor("Result", pretty(last && last.result ? last.result.value : {}));
  const error = make("input", { type: "text", "aria-label": "Error", value: (visit && visit.error && visit.error.error) || "States.TaskFailed" });
  const shown = () => {
    result.element.hidden = mock.value !== "result";
    error.parentElement.hidden = mock.value !== "error";
  };
  const outcome = make("div", { class: "outcome", role: "status" });
  const { problem, row, submit } = buttons("Try", async () => {
    outcome.replaceChildren();
    const asked = { state: told.state, definition, input: checked(area.value, "The input") };
    if (visit && Object.keys(visit.variables).length) {
      asked.variables = JSON.stringify(Object.fromEntries(Object.entries(visit.variables).map(([name, each]) => [name, each.value])));
    }
    if (needsMock && mock.value === "result") asked.mock = { result: checked(result.area.value, "The result") };
    if (needsMock && mock.value === "error") asked.mock = { errorOutput: { error: error.value, cause: "" } };
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
    needsMock ? make("label", {}, "What it calls gives", mock) : null,
    needsMock ? result.element : null, needsMock ? make("label", {}, "Error", error) : null, problem, row, outcome));
  if (needsMock) {
    mock.addEventListener("change", shown);
    shown();
  }
  area.focus();
}

function parsed(text) {
  try {
    return JSON.parse(text);
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
    ["e", "executions"], ["t", "light or dark"], ["Esc", "close"]];
  ask("Keys", make("table", {}, ...rows.map(([key, text]) => make("tr", {}, make("td", {}, make("kbd", {}, key)), make("td", {}, text)))),
    make("div", { class: "buttons" }, make("button", { type: "button", onclick: () => dialog.close() }, "Close")));
}
