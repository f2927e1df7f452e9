// Two executions side by side: A, which is held against, and B, which is looked at.

import { make, bytes, duration, json, moments, tone } from "./dom.js";
import * as graph from "./graph.js";
import { causeOf, differences, part } from "./panel.js";
import { pick } from "./pick.js";
import { address, get, remember } from "./talk.js";
import { nextTheme, theme } from "./theme.js";

const at = (id) => document.getElementById(id);
const now = { told: null, state: null, pair: null };
const MARKS = {
  a: "M3 13 8 3l5 10M5 9.5h6",
  b: "M4.5 3v10h4.6a2.7 2.7 0 0 0 0-5.4H4.5h4.2a2.3 2.3 0 0 0 0-4.6z",
  differs: "M3 6.2h10M3 10h10M10.5 3l-5 10.5",
};
const WORDS = {
  same: "the same in both", differs: "another status", "only-a": "only A was here", "only-b": "only B was here",
  nodata: "no data", none: "neither was here",
};
const CHANGES = { "only-a": "not in the definition of B", "only-b": "not in the definition of A", changed: "defined differently" };

// --- both ---

async function load() {
  const [a, b] = [address.get("a"), address.get("b")];
  at("back").href = `/#execution=${encodeURIComponent(b || a || "")}`;
  if (!a || !b) {
    notice("There is nothing to compare with yet: choose the other execution above.");
    drawSide("a", a);
    drawSide("b", b);
    return;
  }
  notice("Reading both histories …");
  try {
    now.told = await get("compare", { a, b });
  } catch (error) {
    notice(error.message);
    return;
  }
  draw();
}

function draw() {
  const { told } = now;
  document.title = `${told.a.name} ⇄ ${told.b.name}`;
  drawSide("a", told.a.executionArn, told.a);
  drawSide("b", told.b.executionArn, told.b);
  notice(notices().join(" "));
  graph.show(told);
  if (told.svg) paint();
  drawRows();
  if (now.state && told.states.some((each) => each.state === now.state)) choose(now.state, now.pair);
  else whole();
}

function drawSide(name, arn, told = null) {
  const title = told ? told.name : arn ? arn.split(":").pop() : "choose …";
  const took = told && told.stopDate ? duration(told.stopDate - told.startDate) : "";
  at(`side-${name}`).replaceChildren(make("b", { class: "letter" }, name.toUpperCase()), make("span", { class: "title" }, title),
    ...(told ? [make("span", { class: `pill s-${tone(told.status)}` }, told.status.replace("_", " ")),
      make("span", { class: "muted" }, `${took ? took + " · " : ""}${moments(told.startDate)}`)] : []));
  at(`side-${name}`).onclick = () => choosePair(name);
}

function notices() {
  const { told } = now;
  const found = [];
  for (const name of ["a", "b"]) {
    if (told[name].notice) found.push(`${name.toUpperCase()}: ${told[name].notice}.`);
    if (!told[name].isComplete) found.push(`${name.toUpperCase()} is as it was when it was read: it runs on.`);
  }
  if (told.problem) found.push(told.problem + ".");
  if (!told.sameDefinition) found.push(`They ran different definitions: ${changed(told.changed)}. The graph has the states and edges of both.`);
  return found;
}

function changed(changes) {
  const count = (kind) => Object.values(changes).filter((each) => each === kind).length;
  const parts = [[count("only-a"), "only in A"], [count("only-b"), "only in B"], [count("changed"), "defined differently"]];
  const told = parts.filter(([number]) => number).map(([number, words]) => `${number} state${number > 1 ? "s" : ""} ${words}`);
  return told.length ? told.join(", ") : "no state of one differs from the other's";
}

function notice(text) {
  at("notice").hidden = !text;
  at("notice").textContent = text;
}

async function choosePair(side) {
  const other = now.told ? now.told[side] : null;
  const known = address.get(side) || address.get(side === "a" ? "b" : "a");
  if (!other && !known) {
    notice("Open an execution first, and compare it from there.");
    return;
  }
  const machine = other ? other.stateMachineArn : known.replace(/:(execution|express):/, ":stateMachine:").split(":").slice(0, 7).join(":");
  const mapRun = other && other.mapRunArn;
  const chosen = await pick(at("dialog"), `Which execution is ${side.toUpperCase()}?`, mapRun ? { mapRun } : { machine });
  if (!chosen) return;
  remember({ [side]: chosen });
  load();
}

// --- the graph ---

function paint() {
  const { told } = now;
  graph.equip(MARKS, ["only-a", "only-b"]);
  const notable = 0.05 * Math.max(...["a", "b"].map((name) => (told[name].stopDate || 0) - (told[name].startDate || 0)), 1);
  for (const row of told.states) {
    if (!graph.names().includes(row.state)) continue;
    const mark = { same: row.a.status, differs: "differs", "only-a": "a", "only-b": "b", nodata: "nodata", none: null }[row.relation];
    const by = difference(row);
    const change = row.change ? "Δ " : "";
    const text = by !== null && Math.abs(by) > Math.max(notable, 0.05) ? signed(by) : "";
    graph.dress(row.state, { tone: row.relation === "same" && row.a.status === "failed" ? "same-failed" : row.relation, mark, spoken: WORDS[row.relation], badge: (change + text).trim() });
  }
  graph.dressLines((indices) => {
    const sides = new Set(indices.map((each) => told.sides[each]));
    if (sides.has("both") || (sides.has("a") && sides.has("b"))) return "taken";
    return sides.has("a") ? "only-a" : sides.has("b") ? "only-b" : "";
  });
  for (const each of at("canvas").querySelectorAll("[data-terminal]")) {
    each.classList.toggle("taken", each.dataset.terminal === "Start" || [told.a, told.b].some((side) => side.status === "SUCCEEDED"));
  }
  for (const line of at("canvas").querySelectorAll(".line.only-a, .line.only-b")) pip(line);
}

// A letter on a line that one of them went alone, so that it can be told without its colour.
function pip(line) {
  const svg = line.ownerSVGElement;
  const length = line.getTotalLength();
  const { x, y } = line.getPointAtLength(line.hasAttribute("marker-end") ? Math.max(length - 15, length / 2) : Math.min(8, length / 2));
  const group = document.createElementNS(svg.namespaceURI, "g");
  group.setAttribute("class", `pip ${line.classList.contains("only-a") ? "only-a" : "only-b"}`);
  const dot = document.createElementNS(svg.namespaceURI, "circle");
  const letter = document.createElementNS(svg.namespaceURI, "text");
  for (const [name, value] of Object.entries({ cx: x, cy: y, r: 5.5 })) dot.setAttribute(name, value);
  for (const [name, value] of Object.entries({ x, y: y + 2.9, "text-anchor": "middle" })) letter.setAttribute(name, value);
  letter.textContent = line.classList.contains("only-a") ? "A" : "B";
  group.append(dot, letter);
  line.after(group);
}

function drawLegend() {
  const items = [["same", graph.MARKS.succeeded, "same status"], ["differs", MARKS.differs, "another status"],
    ["only-a", MARKS.a, "only A"], ["only-b", MARKS.b, "only B"], ["nodata", graph.MARKS.nodata, "no data"]];
  at("legend").replaceChildren(...items.map((each) => graph.legendItem(...each)),
    make("li", {}, make("b", {}, "Δ"), "defined differently"), make("li", {}, make("b", {}, "+1.2 s"), "B took longer by"));
}

// --- the table ---

const difference = (row) => (typeof row.a.seconds === "number" && typeof row.b.seconds === "number" ? row.b.seconds - row.a.seconds : null);
const signed = (seconds) => (Math.abs(seconds) < 0.0005 ? "" : seconds < 0 ? "−" : "+") + duration(Math.abs(seconds));

function drawRows() {
  const { told } = now;
  const isDifferent = (row) => row.relation !== "same" || row.change || row.a.visits !== row.b.visits || row.a.retries !== row.b.retries;
  const reached = told.states.filter((row) => row.a.visits || row.b.visits);
  const shown = at("differing").checked ? reached.filter(isDifferent) : reached;
  const most = Math.max(...reached.map((row) => Math.abs(difference(row) || 0)), 0.001);
  at("sums").textContent = `${reached.length} reached, ${reached.filter((row) => row.relation !== "same").length} of them not alike`;
  const head = make("thead", {}, make("tr", {}, ...["State", "A", "", "B", "", "B − A", ""].map(column)));
  at("rows").replaceChildren(make("table", { class: "rows" }, head, make("tbody", {}, ...shown.map((row) => tableRow(row, most)))));
}

function tableRow(row, most) {
  const name = make("button", { type: "button", class: "link", onclick: () => choose(row.state) }, row.state);
  const cell = make("td", {}, name, row.change ? make("small", { title: CHANGES[row.change] }, " Δ") : null);
  cell.style.paddingLeft = `${12 + row.depth * 14}px`;
  const by = difference(row);
  return make("tr", { class: `r-${row.relation}`, "aria-selected": null, "data-state": row.state, onclick: () => choose(row.state) },
    cell, ...sideCells(row.a), ...sideCells(row.b),
    make("td", { class: "number" }, by === null ? "" : signed(by)), make("td", { class: "chart" }, by === null ? null : bar(by / most)));
}

function sideCells(side) {
  if (!side.visits) return [make("td", { class: "muted" }, graph.words(side.status)), make("td", {})];
  const more = [side.visits > 1 ? `×${side.visits}` : "", side.retries ? `↻${side.retries}` : ""].filter(Boolean).join(" ");
  return [make("td", {}, make("span", { class: `word s-${side.status}` }, graph.words(side.status)), more ? make("small", {}, ` ${more}`) : null),
    make("td", { class: "number" }, side.seconds === null ? "running" : duration(side.seconds))];
}

// To the left where B was faster, to the right where it took longer.
function bar(share) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-100 0 200 10");
  svg.setAttribute("preserveAspectRatio", "none");
  const box = document.createElementNS(svg.namespaceURI, "rect");
  const width = Math.abs(share) * 100;
  for (const [name, value] of Object.entries({ x: share < 0 ? -width : 0, y: 2, width: Math.max(width, 0.6), height: 6, class: share < 0 ? "faster" : "slower" })) box.setAttribute(name, value);
  const axis = document.createElementNS(svg.namespaceURI, "path");
  axis.setAttribute("d", "M0 0V10");
  axis.setAttribute("vector-effect", "non-scaling-stroke");
  svg.append(box, axis);
  return svg;
}

// --- one state ---

async function choose(state, pair = null) {
  Object.assign(now, { state, pair });
  remember({ state });
  graph.mark(state);
  graph.reveal(state);
  for (const row of at("rows").querySelectorAll("tr[data-state]")) row.classList.toggle("chosen", row.dataset.state === state);
  const asked = { a: now.told.a.executionArn, b: now.told.b.executionArn, state, pair };
  try {
    const told = await get("compare/state", asked);
    if (now.state === state) showState(told);
  } catch (error) {
    at("panel").replaceChildren(make("p", { class: "problem" }, error.message));
  }
}

function showState(told) {
  const row = now.told.states.find((each) => each.state === told.state);
  at("panel").replaceChildren(...[
    make("p", {}, make("button", { type: "button", class: "link", onclick: whole }, "‹ Both executions")),
    make("h2", {}, told.state),
    make("p", { class: "kind" }, make("span", { class: `pill r-${row.relation}` }, WORDS[row.relation]),
      row.change ? make("span", { class: "muted" }, ` ${CHANGES[row.change]}`) : null),
    pairs(told),
    told.definitions.length ? part("Definition A → B", differences(told.definitions), "definitions") : null,
    ...(told.index === null ? [] : [sides(told), compared("Input A → B", told.input, "input"), compared("Output A → B", told.output, "output"), ...errors(told)]),
  ].filter(Boolean));
}

function pairs(told) {
  if (told.count < 2) return null;
  const title = (pair) => [pair.place.join(" "), pair.ordinal > 1 || !pair.place.length ? `${pair.ordinal}.` : ""].filter(Boolean).join(" ");
  const kind = (pair) => (pair.a === null ? "only-b" : pair.b === null ? "only-a" : pair.a === pair.b ? "same" : "differs");
  return make("div", {}, make("h3", {}, "Visits"), make("div", { class: "chips" }, ...told.pairs.map((pair) =>
    make("button", { type: "button", class: `chip r-${kind(pair)}`, "aria-pressed": String(pair.index === told.index), title: WORDS[kind(pair)],
      onclick: () => choose(told.state, pair.index) }, title(pair))),
  told.count > told.pairs.length ? make("span", { class: "muted" }, ` of ${told.count.toLocaleString()}`) : null));
}

function sides(told) {
  const cells = (side) => (side === null ? ["–", "–", "–"] : [graph.words(side.status), side.seconds === null ? "running" : duration(side.seconds), side.attempts ? String(side.attempts) : "–"]);
  const rows = ["a", "b"].map((name) => make("tr", {}, make("th", { scope: "row" }, letter(name)), ...cells(told[name]).map((text) => make("td", {}, text)),
    make("td", {}, told[name] ? make("a", { href: opened(now.told[name].executionArn, told.state) }, "open") : null)));
  return make("table", { class: "sides" }, make("thead", {}, make("tr", {}, ...["", "Status", "Duration", "Attempts", ""].map(column))), make("tbody", {}, ...rows));
}

const column = (name) => (name ? make("th", { scope: "col" }, name) : make("td"));
const letter = (name) => make("span", { class: `letter only-${name}` }, name.toUpperCase());
const opened = (execution, state) => `/#${new URLSearchParams({ execution, ...(state ? { state } : {}) })}`;

function compared(title, pair, name) {
  if (!pair || (pair.a === null && pair.b === null)) return null;
  const found = pair.differences ? differences(pair.differences) : make("p", { class: "muted" }, pair.a === null ? "only B has it" : "only A has it");
  const payload = (side) => (pair[side] === null ? null
    : make("details", { class: "payload" }, make("summary", {}, letter(side), ` in full · ${bytes(pair[side].bytes)}`), json(pair[side].value)));
  return part(title, make("div", {}, found, payload("a"), payload("b")), name);
}

function errors(told) {
  return ["a", "b"].filter((name) => told[name] && told[name].error).map((name) => make("div", { class: `error s-${told[name].status}` },
    letter(name), " ", make("strong", {}, told[name].error.error || told[name].error.type), causeOf(told[name].error.cause)));
}

function whole() {
  const { told } = now;
  now.state = null;
  remember({ state: null });
  graph.mark(null);
  const took = (side) => (side.stopDate ? duration(side.stopDate - side.startDate) : "running");
  const rows = ["a", "b"].map((name) => make("tr", {}, make("th", { scope: "row" }, letter(name)), make("td", {}, told[name].status.toLowerCase().replace("_", " ")),
    make("td", {}, took(told[name])), make("td", {}, told[name].transitions.toLocaleString()), make("td", {}, make("a", { href: opened(told[name].executionArn) }, "open"))));
  at("panel").replaceChildren(...[
    make("h2", {}, "Both executions"),
    make("table", { class: "sides" }, make("thead", {}, make("tr", {}, ...["", "Status", "Duration", "Transitions", ""].map(column))), make("tbody", {}, ...rows)),
    ...["input", "output", "error", "cause"].map((name) => compared(`${name[0].toUpperCase()}${name.slice(1)} A → B`, told.payloads[name], name)),
    make("p", { class: "muted" }, "Click a state for what differs there."),
  ].filter(Boolean));
}

// --- the page ---

async function begin() {
  theme();
  graph.controls((state) => choose(state), () => now.state, { t: nextTheme });
  drawLegend();
  at("theme").onclick = nextTheme;
  at("reload").onclick = load;
  at("differing").onchange = drawRows;
  at("swap").onclick = () => {
    remember({ a: address.get("b"), b: address.get("a") });
    load();
  };
  now.state = address.get("state");
  try {
    at("endpoint").textContent = `endpoint ${(await get("place")).endpoint}`;
    if (address.get("b") && !address.get("a")) remember({ a: (await get("compare/reference", { execution: address.get("b") })).execution });
  } catch (error) {
    notice(error.message);
    return;
  }
  await load();
}

window.addEventListener("hashchange", () => location.reload());
begin();
