// A form from a JSON Schema: fields for what the schema names, a text of JSON for what no field fits.
// The value is the truth: what has no field stays in it as it is.

import { make, parse } from "./dom.js";

const DEEPEST = 8;
const MOST_ITEMS = 100;

// Gives { element, show(value), mark(problems) }; `changed` is told each new value.
export function form(root, changed) {
  const element = make("div", { class: "schema-form" });
  let value;
  const set = (path, next) => {
    value = placed(value, path, next);
    changed(value);
  };
  const redraw = () => {
    const held = element.contains(document.activeElement) ? document.activeElement.dataset.at : null;
    element.replaceChildren(field(resolved(root, root), "", [], value, true));
    const again = held && [...element.querySelectorAll("[data-at]")].find((each) => each.dataset.at === held);
    if (again) again.focus();
  };
  const restructure = (path, next) => {
    set(path, next);
    redraw();
  };
  const field = (schema, name, path, current, isNeeded) => build({ root, schema, name, path, current, isNeeded, set, restructure, field });
  return {
    element,
    show: (next) => {
      value = next;
      redraw();
    },
    mark: (problems) => mark(element, problems),
  };
}

function resolved(schema, root) {
  let found = schema;
  for (let hops = 0; hops < 20 && found && typeof found.$ref === "string"; hops += 1) {
    const { $ref, ...beside } = found;
    found = { ...((root.$defs || {})[$ref.replace("#/$defs/", "")] || {}), ...beside };
  }
  return found && typeof found === "object" ? found : {};
}

const pointer = (path) => path.map((part) => "/" + String(part).replace(/~/g, "~0").replace(/\//g, "~1")).join("");
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value) && !isRaw(value);
const isRaw = (value) => Boolean(JSON.isRawJSON && JSON.isRawJSON(value));

function placed(value, path, next) {
  if (path.length === 0) return next;
  const [first, ...rest] = path;
  if (Array.isArray(value)) return value.map((each, index) => (index === first ? placed(each, rest, next) : each));
  const entries = Object.entries(isObject(value) ? value : {}).filter(([name]) => name !== first);
  const within = isObject(value) && Object.hasOwn(value, first) ? value[first] : undefined;
  const made = placed(within, rest, next);
  const all = made === undefined ? entries : within === undefined ? [...entries, [first, made]] : Object.entries(value).map(([name, each]) => [name, name === first ? made : each]);
  return Object.fromEntries(all);
}

function build(at) {
  const { schema, path, current } = at;
  const kinds = schema.anyOf || schema.oneOf;
  if (path.length > DEEPEST) return free(at);
  if (schema.const !== undefined) return constant(at);
  if (Array.isArray(schema.enum)) return choice(at, schema.enum);
  if (Array.isArray(kinds)) return alternatives(at, kinds.map((each) => resolved(each, at.root)));
  if (schema.properties && (current === undefined || isObject(current))) return object(at);
  if (schema.type === "array" && schema.items && (current === undefined || Array.isArray(current))) return list(at);
  if (schema.type === "boolean") return choice(at, [true, false]);
  if (schema.type === "string" && (current === undefined || typeof current === "string")) return text(at);
  if (["integer", "number"].includes(schema.type) && (current === undefined || typeof current === "number" || isRaw(current))) return figure(at);
  return free(at);
}

function labelled({ name, schema, isNeeded, path }, control) {
  const at = pointer(path);
  control.dataset.at = at;
  control.setAttribute("aria-label", name === "" ? "value" : String(name));
  control.setAttribute("aria-describedby", `wrong${at}`);
  if (isNeeded) control.setAttribute("aria-required", "true");
  if (schema.description) control.title = schema.description;
  return make("label", { class: "field" }, make("span", {}, name === "" ? "value" : String(name), isNeeded ? " *" : null), control, wrong(at));
}

// Where is said what is wrong with a field.
function wrong(at) {
  return make("span", { class: "wrong", id: `wrong${at}`, "data-wrong": at });
}

function text(at) {
  const hint = at.schema.format || (at.schema.examples || [])[0] || at.schema.pattern || "";
  const control = make("input", { type: "text", placeholder: typeof hint === "string" ? hint : "", autocomplete: "off" });
  control.value = at.current ?? "";
  control.addEventListener("input", () => at.set(at.path, control.value === "" && !at.isNeeded ? undefined : control.value));
  return labelled(at, control);
}

function figure(at) {
  const control = make("input", { type: "text", inputmode: "decimal", placeholder: at.schema.type, autocomplete: "off" });
  control.value = at.current === undefined ? "" : JSON.stringify(at.current);
  control.addEventListener("input", () => {
    let told = control.value;
    try {
      told = parse(control.value);
    } catch {
      told = control.value; // the check says that it is no number
    }
    at.set(at.path, control.value === "" ? undefined : told);
  });
  return labelled(at, control);
}

function constant(at) {
  const control = make("input", { type: "checkbox", class: "constant" });
  control.checked = JSON.stringify(at.current) === JSON.stringify(at.schema.const);
  control.addEventListener("change", () => at.set(at.path, control.checked ? at.schema.const : undefined));
  const label = labelled({ ...at, name: `${at.name}: ${JSON.stringify(at.schema.const)}` }, control);
  label.classList.add("beside");
  return label;
}

function choice(at, values) {
  const texts = values.map((each) => JSON.stringify(each));
  const control = make("select", {}, make("option", { value: "" }, "–"), ...values.map((each, index) => make("option", { value: texts[index] }, typeof each === "string" ? each : texts[index])));
  const now = at.current === undefined ? "" : JSON.stringify(at.current);
  if (now && !texts.includes(now)) control.append(make("option", { value: now }, now));
  control.value = now;
  control.addEventListener("change", () => at.set(at.path, control.value === "" ? undefined : parse(control.value)));
  return labelled(at, control);
}

function free(at) {
  const control = make("textarea", { rows: "3", spellcheck: "false" });
  control.value = at.current === undefined ? "" : JSON.stringify(at.current, null, 2);
  control.addEventListener("input", () => {
    try {
      at.set(at.path, control.value.trim() === "" ? undefined : parse(control.value));
      control.setCustomValidity("");
    } catch (error) {
      control.setCustomValidity(error.message);
    }
  });
  return labelled(at, control);
}

// --- what holds other fields ---

function boxed(at, ...content) {
  const remove = at.path.length && !at.isNeeded && at.current !== undefined
    ? make("button", { type: "button", class: "link", onclick: () => at.restructure(at.path, undefined) }, "remove") : null;
  if (at.name === "" && !at.path.length) return make("div", { class: "fields" }, ...content);
  return make("fieldset", {}, make("legend", {}, String(at.name), at.isNeeded ? " *" : "", " ", remove), ...content);
}

function adder(at, first) {
  const button = make("button", { type: "button", "data-at": pointer(at.path), onclick: () => at.restructure(at.path, first) }, `Add ${at.name === "" ? "input" : at.name}`);
  return make("div", {}, button, wrong(pointer(at.path)));
}

function object(at) {
  if (at.current === undefined && !at.isNeeded) return adder(at, skeleton(at.schema, at.root));
  const needed = new Set(at.schema.required || []);
  const given = at.current || {};
  const fields = Object.entries(at.schema.properties).map(([name, each]) =>
    at.field(resolved(each, at.root), name, [...at.path, name], Object.hasOwn(given, name) ? given[name] : undefined, needed.has(name)));
  const others = Object.keys(given).filter((name) => !Object.hasOwn(at.schema.properties, name));
  return boxed(at, ...fields, others.length ? make("p", { class: "muted" }, `in the JSON too: ${others.join(", ")}`) : null,
    wrong(pointer(at.path)));
}

function list(at) {
  if (at.current === undefined && !at.isNeeded) return adder(at, []);
  const given = at.current || [];
  const items = given.slice(0, MOST_ITEMS).map((each, index) => make("div", { class: "item" },
    at.field(resolved(at.schema.items, at.root), `item ${index}`, [...at.path, index], each, true),
    make("button", { type: "button", class: "link", "aria-label": `Remove item ${index} of ${at.name}`, onclick: () => at.restructure(at.path, given.filter((_, other) => other !== index)) }, "remove")));
  const add = make("button", { type: "button", "data-at": pointer(at.path), onclick: () => at.restructure(at.path, [...given, skeleton(resolved(at.schema.items, at.root), at.root) ?? ""]) }, "Add an item");
  const more = given.length > MOST_ITEMS ? make("p", { class: "muted" }, `and ${given.length - MOST_ITEMS} more in the JSON`) : null;
  return boxed(at, ...items, more, add, wrong(pointer(at.path)));
}

function alternatives(at, kinds) {
  const shared = { ...at.schema };
  delete shared.anyOf;
  delete shared.oneOf;
  const fitting = closest(kinds, at.current);
  const control = make("select", { "data-at": `${pointer(at.path)} kind`, "aria-label": `Kind of ${at.name || "input"}` },
    ...kinds.map((each, index) => make("option", { value: String(index) }, titleOf(each))));
  control.value = String(fitting);
  control.addEventListener("change", () => at.restructure(at.path, skeleton(kinds[Number(control.value)], at.root)));
  const inner = build({ ...at, schema: { ...shared, ...kinds[fitting] } });
  return make("div", { class: "fields" }, kinds.length > 1 ? control : null, inner);
}

// Which alternative a value was meant for: what names most of its members, and lacks the fewest.
function closest(kinds, value) {
  const score = (kind) => {
    if (!isObject(value)) return kind.type === (Array.isArray(value) ? "array" : value === null ? "null" : typeof value) ? 1 : 0;
    const names = Object.keys(value);
    const known = Object.keys(kind.properties || {});
    const lacking = (kind.required || []).filter((name) => !names.includes(name));
    return names.filter((name) => known.includes(name)).length * 2 - lacking.length - names.filter((name) => !known.includes(name)).length;
  };
  const scores = kinds.map(score);
  return scores.indexOf(Math.max(...scores));
}

function titleOf(kind) {
  return kind.title || (kind.required || []).join(", ") || kind.description || (kind.const !== undefined ? JSON.stringify(kind.const) : kind.type) || "other";
}

// The least that a schema asks for: needed members, with what the schema itself says of their values.
export function skeleton(schema, root, level = 0) {
  const found = resolved(schema, root);
  if (found.const !== undefined) return found.const;
  if (found.default !== undefined) return found.default;
  const kinds = found.anyOf || found.oneOf;
  if (Array.isArray(kinds) && kinds.length && level < DEEPEST) return skeleton({ ...found, anyOf: undefined, oneOf: undefined, ...resolved(kinds[0], root) }, root, level + 1);
  if (found.properties || found.type === "object") {
    const needed = level < DEEPEST ? found.required || [] : [];
    return Object.fromEntries(needed.map((name) => [name, skeleton((found.properties || {})[name] || {}, root, level + 1)]).filter(([, each]) => each !== undefined));
  }
  return found.type === "array" ? [] : found.type === "string" && level ? "" : undefined;
}

function mark(element, problems) {
  const said = new Map();
  for (const each of problems) said.set(each.at, said.has(each.at) ? `${said.get(each.at)}; ${each.message}` : each.message);
  for (const place of element.querySelectorAll("[data-wrong]")) place.textContent = said.get(place.dataset.wrong) || "";
  for (const control of element.querySelectorAll("input, select, textarea")) {
    if (said.has(control.dataset.at)) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
}
