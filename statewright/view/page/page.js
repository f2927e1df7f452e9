// The page: which execution is shown, what is chosen in it, and news while it runs.

import * as acts from "./acts.js";
import { make, duration, json, parse, tone } from "./dom.js";
import * as costs from "./costs.js";
import { dollars } from "./costs.js";
import * as executions from "./executions.js";
import * as exports from "./export.js";
import * as graph from "./graph.js";
import { at, now } from "./now.js";
import * as panel from "./panel.js";
import { Events, Timeline } from "./tables.js";
import { act, address, get, listen, remember } from "./talk.js";
import { nextTheme, theme } from "./theme.js";

let following = new AbortController();
const timeline = new Timeline(at("timeline"), choose);
const events = new Events(at("events"), choose);

// --- machines ---

async function loadMachines() {
  const told = await get("machines");
  now.machines = told.machines;
  at("machines").replaceChildren(...told.machines.map((each) => make("option", { value: each.arn }, each.name)));
  if (!told.machines.length) {
    notice("This endpoint has no state machine yet.");
    return;
  }
  const wanted = address.get("machine");
  now.machine = told.machines.find((each) => each.arn === wanted) || told.machines[0];
  at("machines").value = now.machine.arn;
}

// --- one execution ---

async function open(execution, state = null) {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  Object.assign(now, { execution, summary: null, overlay: null, frame: null, chosen: state, visit: null, told: null });
  remember({ execution, machine: now.machine ? now.machine.arn : null, state });
  executions.selectRow();
  at("search-states").value = "";
  drawFrame();
  try {
    const shown = await get("graph", { execution });
    if (signal.aborted) return;
    now.definition = shown.definition;
    now.shown = shown;
    graph.show(shown);
    notice(shown.problem ? `The definition cannot be drawn: ${shown.problem}` : "");
    listen("live", { execution }, (told) => signal.aborted || hear(told), signal).catch((error) => notice(error.message));
  } catch (error) {
    if (!signal.aborted) notice(error.message);
  }
}

async function hear(told) {
  const isFirst = now.summary === null;
  const hadEnded = !isFirst && now.summary.isComplete;
  const before = now.summary ? now.summary.status : null;
  now.summary = told.summary;
  now.overlay = told.overlay;
  drawHead();
  if (now.frame === null) graph.paint(told.overlay);
  else graph.paint(await get("overlay", { execution: now.execution, frame: now.frame.frame }));
  notice(told.summary.notice || "");
  refreshTable(isFirst);
  const ended = told.summary.isComplete && !hadEnded;
  if (before !== told.summary.status) executions.updateRow();
  if (isFirst && now.mapRun === null) executions.drawParent(told.summary.parent);
  if (isFirst && now.chosen) choose(now.chosen, now.visit);
  else if ((isFirst || (ended && !now.chosen)) && told.summary.look && (told.summary.isComplete || isFirst)) {
    if (told.summary.isComplete && told.summary.status !== "SUCCEEDED") lookAt(told.summary.look);
    else if (isFirst) panel.empty("Click a state.");
  } else if (now.chosen) loadPanel();
  else if (isFirst) panel.empty(told.summary.notice ? "No data: this endpoint tells no history." : "Click a state.");
}

function lookAt({ state, visit }) {
  choose(state, visit);
  graph.approach(state);
}

function drawHead() {
  const told = now.summary;
  const arn = (told.stateMachineArn || "").split(":");
  at("machine-name").textContent = arn[6] ? arn[6].split("/")[0] : "Statewright";
  document.title = `${told.name} · ${told.status.toLowerCase()}`;
  at("status").hidden = false;
  at("status").textContent = told.status.replace("_", " ");
  at("status").className = `pill s-${tone(told.status)}`;
  const took = told.stopDate ? told.stopDate - told.startDate : Date.now() / 1000 - told.startDate;
  if (told.cost && told.isComplete) costs.know(now.execution, told.cost);
  at("facts").replaceChildren(
    make("span", { class: "name", title: told.name }, told.name), make("span", {}, "duration ", make("b", {}, duration(took))),
    ...(told.notice ? [] : [make("span", {}, "transitions ", make("b", {}, told.transitions.toLocaleString()))]),
    ...(told.cost ? [make("span", { title: told.cost.how }, make("b", {}, dollars(told.cost)))] : []));
  const can = new Set(now.place.acts);
  at("stop").hidden = !(can.has("stop") && told.status === "RUNNING");
  at("redrive").hidden = !(can.has("redrive") && told.redriveStatus === "REDRIVABLE");
  at("start").hidden = !(can.has("start") && now.machine);
  at("follow").hidden = !now.place.follows;
  at("follow").href = `/follow#${new URLSearchParams({ execution: now.execution })}`;
  at("compare").hidden = false;
  at("export").hidden = Boolean(now.shown && now.shown.problem);
  at("compare").href = `/compare#${new URLSearchParams({ b: now.execution })}`;
  if (now.tab === "payloads") drawPayloads();
}

function notice(text) {
  at("notice").hidden = !text;
  at("notice").textContent = text;
}

// --- what is chosen ---

async function choose(state, visit = null) {
  now.chosen = state;
  now.visit = visit;
  graph.mark(state);
  graph.reveal(state);
  remember({ state });
  await loadPanel();
}

async function loadPanel() {
  const { execution, chosen, visit, frame } = now;
  if (!chosen) return;
  try {
    const told = await get("state", { execution, state: chosen, visit, frame: frame ? frame.frame : null });
    if (now.execution !== execution || now.chosen !== chosen) return;
    now.told = told;
    panel.show(told, {
      execution,
      isLocal: now.place.isLocal,
      choose,
      iterations: (each) => acts.iterations(execution, each, enterFrame),
      children: showChildren,
      origin: async (number, path) => (await get("origin", { execution, visit: number, path: JSON.stringify(path) })).origin,
      tryState: now.place.acts.includes("try") ? tryState : null,
      follow: now.place.follows ? `/follow#${new URLSearchParams({ execution })}` : null,
    });
  } catch (error) {
    panel.empty(error.message);
  }
}

function tryState(told) {
  const { summary: run, shown, definition, place } = now;
  const context = {
    Execution: { Id: run.executionArn, Name: run.name, Input: parse(run.input || "{}"), StartTime: new Date(run.startDate * 1000).toISOString(), ...(shown.role ? { RoleArn: shown.role } : {}) },
    StateMachine: { Id: run.stateMachineArn, Name: (run.stateMachineArn || "").split(":").pop() },
    State: { Name: told.state, EnteredTime: new Date((told.visit ? told.visit.startedAt : run.startDate) * 1000).toISOString() },
  };
  if (/\.(waitForTaskToken|sync(:2)?)$/.test(told.definition.Resource || "")) context.Task = { Token: "a-token-of-the-test" };
  acts.tryState(told, { definition, role: shown.role, isLocal: place.isLocal, context });
}

// --- iterations and children ---

async function enterFrame(iteration) {
  now.frame = iteration;
  drawFrame();
  graph.paint(await get("overlay", { execution: now.execution, frame: iteration.frame }));
  if (iteration.last) choose(iteration.last);
}

function drawFrame() {
  const bar = at("frame-bar");
  bar.hidden = now.frame === null;
  if (now.frame === null) return;
  bar.replaceChildren(make("span", {}, "Only iteration ", make("b", {}, `#${now.frame.index}`), ` · ${now.frame.status}`),
    make("button", { type: "button", onclick: leaveFrame }, "Show all"));
}

function leaveFrame() {
  now.frame = null;
  drawFrame();
  graph.paint(now.overlay);
  loadPanel();
}

async function showChildren(mapRun, state) {
  now.parents.push({ execution: now.execution, name: now.summary.name, mapRun: now.mapRun });
  now.mapRun = mapRun;
  at("filter-status").value = "";
  at("search-executions").value = "";
  executions.drawCrumbs(state);
  await executions.loadExecutions();
}

async function back() {
  const parent = now.parents.pop();
  now.mapRun = parent.mapRun;
  executions.drawCrumbs("the map run");
  await executions.loadExecutions();
  open(parent.execution);
}

// --- tables ---

let refreshing = null;
function refreshTable(isFirst) {
  if (isFirst || !refreshing) {
    clearTimeout(refreshing);
    refreshing = setTimeout(() => {
      refreshing = null;
      drawTable(isFirst);
    }, isFirst ? 0 : 500);
  }
}

function drawTable(isFirst = true) {
  if (!now.execution) return;
  const search = at("search-table").value;
  const failed = (error) => notice(error.message);
  if (now.tab === "timeline") timeline.load(now.execution, search).catch(failed);
  if (now.tab === "events") (isFirst || !events.news ? events.load(now.execution, search) : Promise.resolve(events.news())).catch(failed);
  if (now.tab === "payloads") drawPayloads();
}

function drawPayloads() {
  const parsed = (text) => {
    try {
      return parse(text);
    } catch {
      return text;
    }
  };
  const told = now.summary;
  if (!told) return;
  const column = (title, text) => make("div", {}, make("h2", { class: "head" }, title), text === undefined ? make("p", { class: "muted" }, "–") : json(parsed(text)));
  at("payloads").replaceChildren(column("Input", told.input),
    told.error || told.cause ? make("div", {}, make("h2", { class: "head" }, "Error"), json({ error: told.error, cause: parsed(told.cause) })) : column("Output", told.output));
}

function showTab(name) {
  now.tab = name;
  for (const each of ["timeline", "events", "payloads"]) {
    at(each).hidden = each !== name;
    at(`tab-${each}`).setAttribute("aria-selected", String(each === name));
  }
  at("search-table").hidden = name === "payloads";
  drawTable();
}

// --- acts ---

function drawStart() {
  let input = null;
  try {
    input = now.summary && now.summary.input ? parse(now.summary.input) : null;
  } catch {
    input = null;
  }
  acts.start(now.machine.arn, now.machine.name, input, async (execution) => {
    now.mapRun = null;
    now.parents = [];
    executions.drawCrumbs("");
    open(execution);
    await executions.loadExecutions();
    executions.selectRow();
  });
}

async function afterAct() {
  now.place = await get("place");
  open(now.execution);
}

// --- keys ---

document.addEventListener("keydown", (event) => {
  const isTyping = /INPUT|TEXTAREA|SELECT/.test(event.target.tagName) || at("dialog").open;
  if (event.key === "Escape" && event.target.tagName === "INPUT") event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const done = KEYS[event.key];
  if (done) {
    event.preventDefault();
    done();
  } else if (event.key.startsWith("Arrow") && !event.target.closest("#executions, [role=tabpanel], #panel, #splitter")) {
    const next = graph.neighbour(now.chosen, event.key);
    if (next) {
      event.preventDefault();
      choose(next);
    }
  }
});

function step(by) {
  const visits = now.told ? now.told.visits : [];
  const place = visits.findIndex((each) => now.told.visit && each.number === now.told.visit.number);
  const next = visits[place + by];
  if (next) choose(now.chosen, next.number);
}

const KEYS = {
  "/": () => at("search-states").focus(),
  e: () => at("executions").focus(),
  f: () => now.summary && now.summary.look && choose(now.summary.look.state, now.summary.look.visit),
  "+": () => graph.zoom(1.2),
  "=": () => graph.zoom(1.2),
  "-": () => graph.zoom(1 / 1.2),
  0: graph.fit,
  "[": () => step(-1),
  "]": () => step(1),
  c: () => now.summary && at("compare").click(),
  t: nextTheme,
  "?": acts.keys,
};

function watchControls() {
  graph.onChoose((state) => choose(state));
  graph.legend(at("legend"));
  at("fit").onclick = graph.fit;
  at("zoom-in").onclick = () => graph.zoom(1.2);
  at("zoom-out").onclick = () => graph.zoom(1 / 1.2);
  at("theme").onclick = nextTheme;
  at("help").onclick = acts.keys;
  at("start").onclick = drawStart;
  at("export").onclick = () => exports.ask(now.execution, now.summary.name);
  at("stop").onclick = () => acts.confirm("Stop", `Stop ${now.summary.name}?`, "Stop", async () => {
    await act("stop", { execution: now.execution });
    await afterAct();
  });
  at("redrive").onclick = () => acts.confirm("Redrive", `Redrive ${now.summary.name}? It goes on from the states that did not succeed.`, "Redrive", async () => {
    try {
      await act("redrive", { execution: now.execution });
    } finally {
      now.place = await get("place");
    }
    await afterAct();
  });
  for (const name of ["timeline", "events", "payloads"]) at(`tab-${name}`).onclick = () => showTab(name);
  at("machines").onchange = async () => {
    now.machine = now.machines.find((each) => each.arn === at("machines").value);
    now.mapRun = null;
    now.parents = [];
    executions.drawCrumbs("");
    openFirst(await executions.loadExecutions());
  };
  const later = (change) => {
    let timer;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(change, 200);
    };
  };
  at("search-executions").oninput = later(() => executions.loadExecutions());
  at("filter-status").onchange = () => executions.loadExecutions();
  at("search-table").oninput = later(() => drawTable());
  at("search-states").oninput = () => graph.find(at("search-states").value);
  at("search-states").onkeydown = (event) => {
    if (event.key !== "Enter") return;
    const found = graph.find(at("search-states").value);
    if (found) choose(found);
    at("search-states").blur();
  };
  at("executions").onkeydown = (event) => {
    const rows = [...at("executions").children].filter((each) => each.dataset.arn);
    const place = rows.findIndex((each) => each.dataset.arn === now.execution);
    const next = event.key === "ArrowDown" ? rows[place + 1] : event.key === "ArrowUp" ? rows[place - 1] : null;
    if (!next) return;
    event.preventDefault();
    open(next.dataset.arn);
  };
  split();
}

function split() {
  const bar = at("splitter");
  const set = (height) => {
    const bounded = Math.round(Math.min(Math.max(height, 60), window.innerHeight * 0.7));
    at("bottom").style.height = `${bounded}px`;
    bar.setAttribute("aria-valuenow", bounded);
  };
  bar.onpointerdown = (event) => bar.setPointerCapture(event.pointerId);
  bar.onpointermove = (event) => {
    if (bar.hasPointerCapture(event.pointerId)) set(at("middle").getBoundingClientRect().bottom - event.clientY);
  };
  bar.onkeydown = (event) => {
    const by = { ArrowUp: 30, ArrowDown: -30 }[event.key];
    if (by) set(at("bottom").offsetHeight + by);
  };
}

async function openFirst(list) {
  if (list.length) {
    await open(list[0].arn);
    return;
  }
  following.abort();
  Object.assign(now, { execution: null, summary: null, chosen: null });
  remember({ execution: null, machine: now.machine.arn, state: null });
  at("status").hidden = true;
  at("compare").hidden = true;
  at("follow").href = "/follow";
  at("facts").replaceChildren();
  at("timeline").replaceChildren();
  at("machine-name").textContent = now.machine.name;
  at("start").hidden = !now.place.acts.includes("start");
  const shown = await get("graph", { machine: now.machine.arn });
  now.definition = shown.definition;
  graph.show(shown);
  panel.empty("No execution yet.");
}

async function begin() {
  theme();
  executions.begin({ open, back });
  watchControls();
  try {
    now.place = await get("place");
    at("follow").hidden = !now.place.follows;
    at("follow").href = "/follow";
    costs.begin(now.place.isLocal, at("read-costs"));
    at("endpoint").textContent = `endpoint ${now.place.endpoint}`;
    await loadMachines();
    const wanted = address.get("execution");
    if (wanted) {
      const machine = wanted.split(":")[6].split("/")[0]; // of a child of a map run: machine/label
      now.machine = now.machines.find((each) => each.name === machine) || now.machine;
      if (now.machine) at("machines").value = now.machine.arn;
    }
    const list = await executions.loadExecutions();
    if (wanted) await open(wanted, address.get("state"));
    else if (now.machine) await openFirst(list);
  } catch (error) {
    notice(error.message);
  }
}

window.addEventListener("hashchange", () => location.reload());
begin();
setInterval(() => {
  if (!now.summary || now.summary.isComplete) return;
  drawHead();
  if (now.tab === "timeline") refreshTable(false);
}, 1000);
setInterval(() => document.visibilityState === "visible" && now.place && now.place.isLocal && executions.refreshList(), 4000);

