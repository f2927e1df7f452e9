// The list of executions of a machine, or of the children of a map run, and the way up from a child.

import { make, duration, moments, tone } from "./dom.js";
import * as costs from "./costs.js";
import { at, now } from "./now.js";
import { get } from "./talk.js";

let can = {};
let asked = 0; // an answer to an older question than the last one is not drawn
let answered = 0;

// Tells what a click does: `open` an execution, go `back` from children to their parent.
export function begin(done) {
  can = done;
}

export async function loadExecutions(token = null) {
  if (!now.machine && !now.mapRun) return [];
  at("coverage").hidden = !now.machine;
  if (now.machine) at("coverage").href = `/coverage#${new URLSearchParams({ machine: now.machine.arn })}`;
  const scope = now.mapRun ? { mapRun: now.mapRun } : { machine: now.machine.arn };
  const question = ++asked;
  let told;
  try {
    told = await get("executions", { ...scope, status: at("filter-status").value, q: at("search-executions").value, token });
  } catch (error) {
    at("executions").replaceChildren(make("li", { class: "muted" }, error.message));
    at("more-executions").hidden = true;
    return [];
  } finally {
    answered = question;
  }
  if (question !== asked) return told.executions;
  const rows = told.executions.map(executionRow);
  if (token) at("executions").append(...rows);
  else at("executions").replaceChildren(...(rows.length ? rows : [make("li", { class: "muted" }, "No executions")]));
  at("more-executions").hidden = !told.token;
  at("more-executions").onclick = () => loadExecutions(told.token);
  return told.executions;
}

function executionRow(each) {
  const took = each.stopDate ? duration(each.stopDate - each.startDate) : "";
  const row = make("li", { role: "option", "data-arn": each.arn, "aria-selected": String(each.arn === now.execution), class: `s-${tone(each.status)}`, onclick: () => can.open(each.arn) },
    make("span", { class: "title" }, make("span", { class: "dot", "aria-hidden": "true" }), make("span", { class: "name", title: each.name }, each.name)), make("span", { class: "took" }, took),
    make("span", { class: "muted" }, `${each.status.toLowerCase().replace("_", " ")} · ${moments(each.startDate)}`), make("span", { class: "muted cost" }));
  if (each.stopDate) costs.show(each.arn, row.querySelector(".cost"));
  return row;
}

export function selectRow() {
  for (const row of at("executions").children) row.setAttribute("aria-selected", String(row.dataset.arn === now.execution));
}

export function updateRow() {
  const row = [...at("executions").children].find((each) => each.dataset.arn === now.execution);
  if (!row) return;
  const { name, status, startDate, stopDate } = now.summary;
  row.replaceWith(executionRow({ arn: now.execution, name, status, startDate, stopDate }));
}

export function drawCrumbs(state) {
  const crumbs = at("crumbs");
  crumbs.hidden = now.mapRun === null;
  if (now.mapRun === null) return;
  crumbs.replaceChildren(make("button", { type: "button", onclick: () => can.back() }, `‹ ${now.parents[now.parents.length - 1].name}`),
    make("span", { class: "muted" }, `children of ${state}`));
}

// Of a child that was not come to through its list: the way up to the execution that it is a part of.
export function drawParent(parent) {
  at("crumbs").hidden = !parent;
  if (!parent) return;
  at("crumbs").replaceChildren(make("button", { type: "button", onclick: () => can.open(parent) }, `‹ ${parent.split(":").pop()}`), make("span", { class: "muted" }, "this is a child of it"));
}

// New executions appear at the top; a list that was scrolled or searched is left alone.
export async function refreshList() {
  if (answered !== asked) return;
  if (at("executions").scrollTop > 0 || at("executions").children.length > 100 || !(now.machine || now.mapRun)) return;
  await loadExecutions();
  if (!now.execution && now.machine) {
    const first = at("executions").querySelector("[data-arn]");
    if (first) can.open(first.dataset.arn);
  }
}
