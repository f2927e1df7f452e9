// From a quarantined record or an item to the execution, the state and the bytes it came from.

import { make, json, tone } from "./dom.js";
import { address, get, post, remember } from "./talk.js";
import { nextTheme, theme } from "./theme.js";

const at = (id) => document.getElementById(id);
const now = { datasets: [], file: null, offset: 0 };
const STAGES = { parse: "refused when it was read", enrich: "refused when it was made an item" };

function notice(text) {
  at("notice").hidden = !text;
  at("notice").textContent = text;
}

// --- where to begin ---

async function loadFiles() {
  const told = await get("follow/files");
  now.datasets = told.datasets;
  at("dataset").replaceChildren(...told.datasets.map((each) => make("option", {}, each.dataset)));
  drawKeys();
  const rows = told.files.map((file) => make("li", {}, make("button", { type: "button", class: "file", "data-file": file.id, onclick: () => openFile({ q: file.id }) },
    make("span", { class: "title" }, file.key), make("span", { class: "muted" }, `${file.dataset} · ${file.day} · ${file.status.toLowerCase()}`),
    make("span", { class: "muted" }, reasons(file)))));
  const more = told.total > rows.length ? make("li", { class: "muted" }, `and ${(told.total - rows.length).toLocaleString()} more: find them by their id`) : null;
  at("files").replaceChildren(...[...(rows.length ? rows : [make("li", { class: "muted" }, "Nothing is in quarantine")]), more].filter(Boolean));
  if (!now.file) at("rows").replaceChildren(make("p", { class: "muted about" }, "Choose a file, name one by its id or key, or find an item."));
}

const reasons = (file) => Object.entries(file.reasons || {}).map(([rule, count]) => `${rule} ${Number(count).toLocaleString()}`).join(", ");

function drawKeys() {
  const found = now.datasets.find((each) => each.dataset === at("dataset").value);
  at("keys").replaceChildren(...(found ? found.keys : []).map((key) => make("label", {}, key.name, make("input", { type: "text", "aria-label": key.name, autocomplete: "off" }))));
}

// --- a file ---

async function openFile(asked, offset = 0, wanted = null) {
  try {
    const told = await get("follow/file", { ...asked, offset });
    now.file = told;
    now.offset = offset;
    notice("");
    remember({ file: told.file.id, execution: null, dataset: null, key: null });
    drawFile(wanted);
  } catch (error) {
    now.file = null;
    notice(error.message);
    at("rows").replaceChildren();
    at("panel").replaceChildren();
  }
}

function drawFile(wanted) {
  const { file, records } = now.file;
  for (const each of at("files").querySelectorAll("[data-file]")) each.setAttribute("aria-pressed", String(each.dataset.file === file.id));
  at("back").href = file.execution ? `/#${new URLSearchParams({ execution: file.execution })}` : "/";
  const head = make("thead", {}, make("tr", {}, ...["Line", "Byte", "Rule", "At", "Record"].map((name) => make("th", { scope: "col" }, name))));
  const rows = records.map((record, index) => recordRow(record, index));
  const page = now.file.more || now.offset ? make("div", { class: "pages" },
    now.offset ? make("button", { type: "button", onclick: () => openFile({ q: file.id }, Math.max(now.offset - 100, 0)) }, "Earlier") : null,
    `from record ${(now.offset + 1).toLocaleString()}`,
    now.file.more ? make("button", { type: "button", onclick: () => openFile({ q: file.id }, now.offset + records.length) }, "Later") : null) : null;
  at("rows").replaceChildren(...[
    make("div", { class: "about" }, make("h2", {}, file.key), make("p", { class: "muted" }, `${file.dataset || ""} · ${(file.status || "").toLowerCase()} · file id ${file.id}`)),
    page, records.length ? make("table", { class: "rows" }, head, make("tbody", {}, ...rows)) : make("p", { class: "muted about" }, "No record of it is in quarantine."),
  ].filter(Boolean));
  const chosen = wanted === null ? 0 : records.findIndex((each) => each.offset === wanted);
  if (records.length) chooseRecord(Math.max(chosen, 0));
  else drawWay(fileSteps());
}

function recordRow(record, index) {
  const text = record.raw.length > 160 ? record.raw.slice(0, 160) + "…" : record.raw;
  const line = record.line === null ? `${record.lineInShard} of shard ${record.shard}` : record.line.toLocaleString();
  return make("tr", { "data-index": String(index), onclick: () => chooseRecord(index) },
    make("td", { class: "number" }, make("button", { type: "button", class: "link", "aria-label": `Line ${line}` }, line)),
    make("td", { class: "number" }, record.offset.toLocaleString()), make("td", {}, make("b", {}, record.rule)),
    make("td", {}, record.pointer || "the record"), make("td", { class: "code" }, text));
}

async function chooseRecord(index) {
  for (const each of at("rows").querySelectorAll("[data-index]")) each.classList.toggle("chosen", each.dataset.index === String(index));
  const record = now.file.records[index];
  const { row, file } = now.file;
  remember({ byte: record.offset });
  const steps = [
    step("Refused", make("div", {}, make("p", {}, make("b", { class: "rule" }, record.rule), ` at ${record.pointer || "the record"}`),
      make("p", {}, record.message), make("p", { class: "muted" }, `${STAGES[record.stage] || record.stage}, held against ${record.contract}`))),
    step("The record", bytesOf(record.raw, record.isWhole)),
    step("The raw object", objectOf(record.bucket, record.key, record.version, record.offset,
      `${record.line === null ? `line ${record.lineInShard} of shard ${record.shard}` : `line ${record.line.toLocaleString()}`}, byte ${record.offset.toLocaleString()}, shard ${record.shard}`)),
    step("The state", placeOf(file.execution, { stage: record.stage, shard: record.shard })),
    step("In quarantine", make("p", { class: "code" }, record.object)),
    ...ledger(row, file),
  ];
  drawWay(steps);
}

const fileSteps = () => [step("The state", placeOf(now.file.file.execution, { stage: "parse", shard: 0 })), ...ledger(now.file.row, now.file.file)];

// --- an item ---

async function openItem(asked) {
  await showItem(() => get("follow/item", { ...asked, key: JSON.stringify(asked.key) }));
  remember({ file: null, execution: null, byte: null, dataset: asked.dataset, key: JSON.stringify(asked.key) });
}

async function showItem(ask) {
  let told;
  try {
    told = await ask();
  } catch (error) {
    notice(error.message);
    return;
  }
  notice("");
  const { lineage, row } = told;
  const offset = Number(lineage._offset || 0);
  at("rows").replaceChildren(make("div", { class: "about" }, make("h2", {}, told.table ? `An item of ${told.table}` : "The item that was pasted"), json(told.item)));
  at("back").href = row.execution ? `/#${new URLSearchParams({ execution: row.execution })}` : "/";
  const where = make("div", {}, objectOf(row.bucket_name, lineage._s3_key, row.version, offset,
    `${lineage._line === undefined ? "" : `line ${Number(lineage._line).toLocaleString()}, `}byte ${offset.toLocaleString()}`));
  drawWay([
    step("The item", make("p", {}, `made by ${lineage._contract || "a contract that it does not name"}`)),
    step("The states", make("div", {}, placeOf(row.execution, { stage: "enrich", offset }, "made it"), placeOf(row.execution, { stage: "write" }, "wrote it"))),
    step("The record", rawOf(row.bucket_name, lineage._s3_key, row.version, offset)),
    step("The raw object", where),
    ...ledger(row, { id: lineage._file_id, execution: row.execution }),
  ]);
}

// --- the way ---

const step = (title, body) => make("li", {}, make("h3", {}, title), body);

function drawWay(steps) {
  at("panel").replaceChildren(make("h2", {}, "Its way"), make("ol", { class: "way" }, ...steps));
}

function bytesOf(text, isWhole) {
  return make("div", {}, make("pre", { class: "raw" }, text), isWhole ? null : make("p", { class: "muted" }, "Only its beginning is shown."));
}

function objectOf(bucket, key, version, offset, words) {
  if (!bucket || !key) return make("p", { class: "muted" }, "The ledger does not tell it.");
  return make("div", {}, make("p", { class: "code" }, `s3://${bucket}/${key}`), make("p", { class: "muted" }, words),
    version ? make("p", { class: "muted" }, `version ${version}`) : null);
}

// Fills itself in: the state, with a link that opens it in the graph.
function placeOf(execution, asked, words = "worked on it") {
  if (!execution) return make("p", { class: "muted" }, "The ledger names no execution.");
  const place = make("p", { class: "muted", "data-place": asked.stage }, "…");
  get("follow/place", { execution, ...asked }).then((told) => {
    const open = new URLSearchParams({ execution: told.execution, ...(told.state ? { state: told.state } : {}) });
    place.replaceChildren(...[told.state ? make("a", { href: `/#${open}`, class: "state-link" }, told.state) : null, told.state ? ` ${words}` : null,
      told.note ? make("span", { class: "muted" }, `${told.state ? ". " : ""}${told.note}`) : null].filter(Boolean));
    place.classList.toggle("muted", !told.state);
  }).catch((error) => place.replaceChildren(error.message));
  return place;
}

function rawOf(bucket, key, version, offset) {
  const place = make("div", {}, make("p", { class: "muted" }, "…"));
  if (!bucket || !key) {
    place.replaceChildren(make("p", { class: "muted" }, "The ledger does not tell where it lies."));
    return place;
  }
  get("follow/raw", { bucket, key, version, offset }).then((told) =>
    place.replaceChildren(told.problem ? make("p", { class: "muted" }, told.problem) : bytesOf(told.text, told.isWhole)))
    .catch((error) => place.replaceChildren(make("p", { class: "muted" }, error.message)));
  return place;
}

function ledger(row, file) {
  if (!row || !row.file_id) return [step("The ledger", make("p", { class: "muted" }, `has no row of ${file.id}`))];
  const name = (row.execution || "").split(":").pop();
  const open = row.execution ? make("a", { href: `/#${new URLSearchParams({ execution: row.execution })}` }, name) : "no execution";
  const others = [...(row.replay_of ? [["a replay of", row.replay_of]] : []), ...(row.replayed_by || []).map((id) => ["replayed by", id])];
  return [step("The execution", make("p", {}, open, " ", make("span", { class: `pill s-${tone(row.status)}` }, row.status || "?"), row.error ? ` ${row.error}` : null)),
    ...(others.length ? [step("Replays", make("ul", { class: "list" }, ...others.map(([words, id]) =>
      make("li", {}, `${words} `, make("button", { type: "button", class: "link", onclick: () => openFile({ q: id }) }, id)))))] : []),
    step("The ledger's row", json(row))];
}

// --- the page ---

async function begin() {
  theme();
  at("theme").onclick = nextTheme;
  at("dataset").onchange = drawKeys;
  at("search-file").onsubmit = (event) => {
    event.preventDefault();
    if (at("file").value.trim()) openFile({ q: at("file").value.trim() });
  };
  at("search-item").onsubmit = (event) => {
    event.preventDefault();
    openItem({ dataset: at("dataset").value, key: [...at("keys").querySelectorAll("input")].map((each) => each.value) });
  };
  at("follow-pasted").onclick = () => showItem(() => post("follow/pasted", { item: at("pasted").value }));
  try {
    at("endpoint").textContent = `endpoint ${(await get("place")).endpoint}`;
    await loadFiles();
  } catch (error) {
    notice(error.message);
    for (const each of document.querySelectorAll("nav form")) each.hidden = true;
    return;
  }
  await openNamed();
}

async function openNamed() {
  const byte = address.get("byte") === null ? null : Number(address.get("byte"));
  if (address.get("file")) await openFile({ q: address.get("file") }, 0, byte);
  else if (address.get("execution")) await openFile({ execution: address.get("execution") });
  else if (address.get("dataset") && address.get("key")) {
    const key = JSON.parse(address.get("key"));
    at("dataset").value = address.get("dataset");
    drawKeys();
    [...at("keys").querySelectorAll("input")].forEach((each, index) => {
      each.value = key[index] || "";
    });
    await openItem({ dataset: address.get("dataset"), key });
  }
}

window.addEventListener("hashchange", () => location.reload());
begin();
