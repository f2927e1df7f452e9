// What the last executions of a machine went through: counted on the graph, and what was never seen listed.

import { make } from "./dom.js";
import * as graph from "./graph.js";
import { address, get, listen, remember } from "./talk.js";
import { nextTheme, theme } from "./theme.js";

const at = (id) => document.getElementById(id);
const now = { edges: [], told: null, state: null };
const NEVER = "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11zM4.2 11.8l7.6-7.6";
let reading = new AbortController();

async function load() {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  const machine = at("machines").value;
  const asked = { machine, last: at("last").value, status: at("filter-status").value };
  remember(asked);
  at("back").href = `/#${new URLSearchParams({ machine })}`;
  notice("");
  try {
    const shown = await get("graph", { machine });
    if (signal.aborted) return;
    now.edges = shown.edges;
    graph.show(shown);
    if (shown.problem) {
      notice(shown.problem);
      return;
    }
    graph.equip({ never: NEVER }, ["never"]);
    await listen("coverage", asked, (told) => signal.aborted || hear(told), signal);
  } catch (error) {
    if (!signal.aborted) notice(error.message);
  }
}

function notice(text) {
  at("notice").hidden = !text;
  at("notice").textContent = text;
}

function hear(told) {
  if (told.error) {
    notice(told.error);
    return;
  }
  now.told = told;
  const seen = told.read + told.problemCount;
  at("facts").textContent = told.summary.isComplete ? `${told.read.toLocaleString()} execution${told.read === 1 ? "" : "s"} read` : `reading ${(seen + 1).toLocaleString()} of ${told.of.toLocaleString()} …`;
  paint();
  list();
  notice(notes().join(" "));
}

function notes() {
  const { told } = now;
  const found = [];
  if (told.summary.isComplete && !told.of) found.push("There is no such execution: nothing is covered.");
  if (told.others) found.push(`${told.others} of them ran another version of the definition: what of it is still there is counted.`);
  if (told.childrenThere) found.push(`${told.children.toLocaleString()} of ${told.childrenThere.toLocaleString()} children of map runs were read.`);
  if (told.problemCount) found.push(`${told.problemCount} could not be read: ${told.problems.join("; ")}.`);
  return found;
}

const isHidden = (index) => now.edges[index].slice(0, 2).some((name) => now.told.hidden.includes(name));
const isNever = (index) => now.told.edges[index] === 0 && !isHidden(index);

function paint() {
  const { told } = now;
  const hidden = new Set(told.hidden);
  for (const [name, count] of Object.entries(told.states)) {
    const tone = count ? "covered" : hidden.has(name) ? "nodata" : "never";
    const spoken = count ? `seen in ${count} executions` : tone === "never" ? "never reached" : "no data";
    graph.dress(name, { tone, mark: count ? "succeeded" : tone, spoken, badge: count ? count.toLocaleString() : "" });
  }
  graph.dressLines((indices) => (indices.some((each) => told.edges[each]) ? "taken" : indices.some(isNever) ? "never" : ""));
  for (const each of at("canvas").querySelectorAll("[data-terminal]")) {
    const index = now.edges.findIndex((edge, place) => told.edges[place] && edge[each.dataset.terminal === "Start" ? 0 : 1] === each.dataset.terminal);
    each.classList.toggle("taken", index >= 0);
  }
}

function list() {
  const { told } = now;
  const states = Object.entries(told.states);
  const never = states.filter(([name, count]) => !count && !told.hidden.includes(name)).map(([name]) => name);
  const edges = now.edges.map((_, index) => index).filter(isNever);
  const known = now.edges.filter((_, index) => told.edges[index] || isNever(index)).length;
  const covered = states.filter(([, count]) => count).length;
  at("panel").replaceChildren(...[
    make("dl", { class: "facts" }, share("Edges", known - edges.length, known), share("States", covered, states.length - told.hidden.length)),
    section(`Edges never taken (${edges.length})`, edges.map(edgeRow), "Every edge was taken."),
    section(`States never reached (${never.length})`, never.map(stateRow), "Every state was reached."),
    told.hidden.length ? section(`No data (${told.hidden.length})`, told.hidden.map(stateRow), "") : null,
    make("p", { class: "muted" }, "Edges between the same two states are one line, and counted as one."),
  ].filter(Boolean));
}

function share(name, count, of) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, of ? `${count} of ${of} · ${Math.floor((100 * count) / of)} %` : "–"));
}

function section(title, rows, otherwise) {
  return make("section", {}, make("h2", { class: "head" }, title), rows.length ? make("ul", { class: "list never" }, ...rows) : make("p", { class: "muted" }, otherwise));
}

function edgeRow(index) {
  const [source, target, isCatch] = now.edges[index];
  const label = now.told.labels[index];
  return make("li", {}, make("button", { type: "button", class: "link", onclick: () => point(index) }, `${source} → ${target}`),
    make("small", {}, ` ${isCatch ? "Catch " : ""}${label}`));
}

function stateRow(name) {
  return make("li", {}, make("button", { type: "button", class: "link", onclick: () => show(name) }, name));
}

function show(name) {
  for (const each of at("canvas").querySelectorAll(".pointed")) each.classList.remove("pointed");
  now.state = name;
  graph.mark(name);
  graph.reveal(name);
}

function point(index) {
  const [source, target] = now.edges[index];
  show(graph.names().includes(target) ? target : source);
  for (const each of at("canvas").querySelectorAll("[data-edges]")) {
    each.classList.toggle("pointed", each.dataset.edges.split(" ").includes(String(index)));
  }
}

async function begin() {
  theme();
  graph.controls(show, () => now.state, { t: nextTheme });
  at("theme").onclick = nextTheme;
  at("reload").onclick = load;
  for (const name of ["machines", "last", "filter-status"]) at(name).onchange = load;
  at("legend").append(...[["covered", graph.MARKS.succeeded, "reached, in how many executions"], ["never", NEVER, "never"], ["nodata", graph.MARKS.nodata, "no data"]]
    .map((each) => graph.legendItem(...each)));
  for (const [name, member] of [["last", "last"], ["filter-status", "status"]]) if (address.get(member)) at(name).value = address.get(member);
  try {
    at("endpoint").textContent = `endpoint ${(await get("place")).endpoint}`;
    const { machines } = await get("machines");
    at("machines").replaceChildren(...machines.map((each) => make("option", { value: each.arn }, each.name)));
    if (machines.some((each) => each.arn === address.get("machine"))) at("machines").value = address.get("machine");
    if (machines.length) await load();
    else notice("This endpoint has no state machine yet.");
  } catch (error) {
    notice(error.message);
  }
}

window.addEventListener("hashchange", () => location.reload());
begin();
