// The panel of one state.

import { make, duration, bytes, json, moment, seen } from "./dom.js";
import { fill, logs, trace } from "./beside.js";
import { words } from "./graph.js";

const panel = document.getElementById("panel");

export function empty(text) {
  panel.replaceChildren(make("p", { class: "muted" }, text));
}

export function show(told, can) {
  const kept = new Map([...panel.querySelectorAll("details[data-part]")].map((each) => [each.dataset.part, each.open]));
  const visit = told.visit;
  panel.replaceChildren(...[
    make("h2", {}, told.state),
    make("p", { class: "kind" },
      told.what.startsWith(told.type) ? `${told.what} ` : `${told.type}${told.what ? " · " + told.what : ""} `,
      visit ? pill(visit.status) : make("span", { class: "pill s-none" }, told.notice ? "no data" : "not reached")),
    make("p", { class: "handler", "data-slot": "handler" }),
    told.comment ? make("p", { class: "comment" }, told.comment) : null,
    visits(told, can),
    ...(visit ? parts(visit, can, told) : []),
    part("Types and checks", make("div", { "data-slot": "types" }), "types"),
    part("Definition", told.definition === null ? null : json(told.definition), "definition", false),
  ].filter(Boolean));
  for (const each of panel.querySelectorAll("details[data-part]")) {
    if (kept.has(each.dataset.part)) each.open = kept.get(each.dataset.part);
  }
  panel.querySelector("[data-part=types]").hidden = true;
  fill(panel, can.execution, told.state, visit ? visit.number : null).catch(() => {});
}

function pill(status) {
  return make("span", { class: `pill s-${status}` }, words(status));
}

function visits(told, can) {
  if (told.visitCount < 2) return null;
  const chips = told.visits.map((each, index) =>
    make("button", {
      type: "button",
      class: `chip s-${each.status}`,
      "aria-pressed": String(told.visit && told.visit.number === each.number),
      title: words(each.status),
      onclick: () => can.choose(told.state, each.number),
    }, each.place.length ? each.place.join(" ") : `${index + 1}.`));
  const more = told.visitCount > told.visits.length ? make("span", { class: "muted" }, ` of ${told.visitCount.toLocaleString()}`) : null;
  return make("div", {}, make("h3", {}, `Visits`), make("div", { class: "chips" }, ...chips, more));
}

function parts(visit, can, told) {
  const payload = Math.max(visit.input ? visit.input.bytes : 0, visit.output ? visit.output.bytes : 0);
  return [
    make("dl", { class: "facts" },
      fact("Duration", visit.endedAt === null ? "running" : duration(visit.endedAt - visit.startedAt)),
      fact("Attempts", visit.attempts.length ? String(visit.attempts.length) : "–"),
      fact("Started", `+${duration(visit.offset)}`, moment(visit.startedAt))),
    visit.input || visit.output ? meter(payload, visit.limit) : null,
    visit.isWaitingForRetry ? make("p", { class: "waiting" }, "The last attempt failed; waiting for the retry.") : null,
    failure(visit),
    can.tryState && told.definition ? make("p", {}, make("button", { type: "button", onclick: () => can.tryState(told) }, "Try this state again …")) : null,
    visit.frames ? make("p", {}, make("button", { type: "button", onclick: () => can.iterations(visit) }, `Iterations (${visit.frames.toLocaleString()})`)) : null,
    visit.mapRun ? make("p", {}, make("button", { type: "button", onclick: () => can.children(visit.mapRun, told.state) }, "Child executions")) : null,
    can.follow && tellsOfRecords(visit) ? make("p", {}, make("a", { href: can.follow, class: "button" }, "Follow its records")) : null,
    visit.differences ? part("Input → output", differences(visit.differences), "differences") : null,
    part("Input", value(visit.input, "–", (path, place) => origin(visit, path, place, can)), "input"),
    ...attempts(visit, can),
    part("Output", value(visit.output, visit.status === "running" ? "not yet" : "–"), "output"),
    visit.assigned ? part("Assigned", json(visit.assigned), "assigned") : null,
    Object.keys(visit.variables).length ? part("Variables", variables(visit.variables, can), "variables") : null,
  ].filter(Boolean);
}

// Whether a state was given, or gave, a file of the pipeline or a shard of one.
function tellsOfRecords(visit) {
  const values = [visit.input, visit.output].map((each) => each && each.value);
  return values.some((each) => each && typeof each === "object" && ["file", "shard", "quarantined"].some((name) => Object.hasOwn(each, name)));
}

function fact(name, text, title) {
  return make("div", { title }, make("dt", {}, name), make("dd", {}, text));
}

function meter(count, limit) {
  const share = Math.min(count / limit, 1);
  const bar = make("span", { class: share > 0.8 ? "bar hot" : "bar" });
  bar.style.width = `${Math.max(share * 100, 0.8)}%`;
  return make("div", { class: "meter" }, `Payload ${bytes(count)} of ${bytes(limit)}`, make("div", { class: "track" }, bar));
}

function failure(visit) {
  if (!visit.error) return null;
  const { error, cause, location, type } = visit.error;
  return make("div", { class: `error s-${visit.status}` },
    make("strong", {}, error || { FailStateEntered: "No data: its error is not told" }[type] || type),
    location ? make("span", { class: "muted" }, ` in ${location}`) : null,
    visit.status === "caught" ? make("span", { class: "muted" }, " caught") : null,
    causeOf(cause));
}

// A cause with a stack trace, as Lambda words it, is told as such; any other JSON as JSON.
export function causeOf(cause) {
  if (cause === null || cause === undefined) return null;
  if (typeof cause !== "object") return make("p", { class: "cause" }, seen(String(cause)));
  const rest = { ...cause };
  const shown = [];
  if (typeof cause.errorMessage === "string") {
    shown.push(make("p", { class: "cause" }, cause.errorMessage));
    delete rest.errorMessage;
  }
  for (const name of ["stackTrace", "trace"]) {
    if (Array.isArray(cause[name]) && cause[name].length) {
      shown.push(trace(cause[name]));
      delete rest[name];
    }
  }
  if (Object.keys(rest).length) shown.push(json(rest));
  return make("div", {}, ...shown);
}

function attempts(visit, can) {
  const shown = visit.attempts.slice(-20);
  return shown.map((attempt, index) => {
    const number = visit.attempts.length - shown.length + index + 1;
    const head = visit.attempts.length > 1 ? `Attempt ${number}` : "Call";
    const took = attempt.endedAt === null ? "running" : duration(attempt.endedAt - attempt.startedAt);
    const body = make("div", {},
      attempt.resource ? make("p", { class: "muted" }, attempt.resource) : null,
      attempt.arguments ? make("div", {}, make("p", { class: "sub" }, "Arguments"), json(attempt.arguments.value)) : null,
      attempt.result ? make("div", {}, make("p", { class: "sub" }, "Result"), json(attempt.result.value)) : null,
      attempt.error ? make("div", { class: "error s-failed" }, make("strong", {}, attempt.error),
        visit.error && number === visit.attempts.length ? null : causeOf(attempt.cause)) : null,
      attempt.function ? logs(can.execution, visit.number, number - 1, can.isLocal && number === visit.attempts.length) : null);
    return part(`${head} · ${took}${attempt.error ? " · failed" : ""}`, body, `attempt${number}`, visit.attempts.length === 1 || attempt.error === null);
  });
}

export function differences(list) {
  if (list.length === 0) return make("p", { class: "muted" }, "No change");
  return make("ul", { class: "diff" }, ...list.map((each) =>
    make("li", { class: { "+": "added", "-": "removed", "~": "changed" }[each.op] || "" },
      make("span", { class: "op" }, each.op), make("span", { class: "key" }, each.path), " ",
      each.before !== undefined ? make("del", {}, seen(each.before)) : null,
      each.before !== undefined && each.after !== undefined ? " → " : null,
      each.after !== undefined ? make("ins", {}, seen(each.after)) : null)));
}

function variables(found, can) {
  return make("div", { class: "json" }, ...Object.entries(found).map(([name, each]) =>
    make("div", { class: "member" }, make("span", { class: "key" }, `$${name}`), ": ", json(each.value),
      make("button", { type: "button", class: "link", onclick: () => can.choose(each.state, each.visit) }, `from ${each.state}`))));
}

function value(payload, otherwise = "–", onKey = null) {
  return payload === null ? make("p", { class: "muted" }, otherwise) : json(payload.value, onKey);
}

// Says beside a field which state wrote it.
async function origin(visit, path, place, can) {
  const found = await can.origin(visit.number, path);
  const text = found === null ? "not told" : "from the execution's input";
  const answer = found && found.state !== null
    ? make("button", { type: "button", class: "link from", onclick: () => can.choose(found.state, found.visit) }, `from ${found.state}`)
    : make("span", { class: "muted from" }, text);
  place.replaceWith(answer);
}

export function part(title, body, name, isOpen = true) {
  if (!body) return null;
  const copy = make("button", { type: "button", class: "copy", title: "Copy", "aria-label": `Copy ${title}`, onclick: () => navigator.clipboard.writeText(body.innerText) }, "copy");
  return make("details", { class: "part", "data-part": name, open: isOpen }, make("summary", {}, title), copy, body);
}
