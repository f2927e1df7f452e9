// The graph: shown, coloured anew as news come, moved, zoomed, searched, walked through by keys.

const SVG = "http://www.w3.org/2000/svg";
const stage = document.getElementById("stage");
const canvas = document.getElementById("canvas");
const zoomText = document.getElementById("zoom");
const view = { x: 0, y: 0, scale: 1, isFitted: true };
let edges = [];
let states = new Map();
let marked = null;

export function show(graph) {
  edges = graph.edges;
  states = new Map();
  canvas.replaceChildren();
  if (!graph.svg) return;
  const parsed = new DOMParser().parseFromString(graph.svg, "image/svg+xml").documentElement;
  const svg = document.importNode(parsed, true);
  canvas.append(svg);
  for (const element of svg.querySelectorAll(".state")) states.set(element.dataset.state, element);
  fit();
}

export function paint(overlay) {
  for (const name of states.keys()) {
    const status = overlay.statuses[name] || "none";
    dress(name, { tone: status, mark: status === "none" ? null : status, spoken: words(status), badge: overlay.badges[name] || "" });
  }
  const ways = new Set(overlay.taken.map((way) => JSON.stringify(way)));
  const taken = new Set(edges.map((edge, index) => (ways.has(JSON.stringify(edge)) ? index : -1)));
  dressLines((indices) => (indices.some((each) => taken.has(each)) ? "taken" : ""));
  for (const element of canvas.querySelectorAll("[data-terminal]")) {
    const isStart = element.dataset.terminal === "Start";
    element.classList.toggle("taken", isStart ? overlay.started : overlay.status === "SUCCEEDED");
  }
}

// Gives a state its colour, its mark (by its id in the picture, after "mark-"), its badge, and words for it.
export function dress(name, { tone, mark, spoken, badge: text }) {
  const element = states.get(name);
  const classes = [...element.classList].filter((each) => !each.startsWith("s-"));
  element.setAttribute("class", [...classes, `s-${tone}`].join(" "));
  const sign = element.querySelector(":scope > .mark");
  if (mark === null) sign.removeAttribute("href");
  else sign.setAttribute("href", `#mark-${mark}`);
  element.setAttribute("aria-description", spoken);
  badge(element.querySelector(":scope > .badge"), text);
}

const TONES = ["taken", "only-a", "only-b", "never"];

// Gives lines and their labels one of TONES, or none; `toneOf` is told the indices of the edges that they are of.
export function dressLines(toneOf) {
  for (const element of canvas.querySelectorAll("[data-edges]")) {
    const tone = toneOf(element.dataset.edges.split(" ").map(Number));
    element.classList.remove(...TONES);
    if (tone) element.classList.add(tone);
    if (!element.hasAttribute("marker-end")) continue;
    const isCatch = element.classList.contains("catch");
    const plain = isCatch ? "catch" : "plain";
    const head = tone === "taken" ? (isCatch ? "taken-catch" : "taken") : tone || plain;
    element.setAttribute("marker-end", `url(#head-${head})`);
  }
}

// Adds marks and arrow heads to a picture that was shown, by their ids.
export function equip(marks, heads) {
  const definitions = canvas.querySelector("defs");
  for (const [name, path] of Object.entries(marks)) {
    const sign = document.createElementNS(SVG, "path");
    sign.setAttribute("id", `mark-${name}`);
    sign.setAttribute("d", path);
    definitions.append(sign);
  }
  for (const name of heads) {
    const head = definitions.querySelector("#head-plain").cloneNode(true);
    head.setAttribute("id", `head-${name}`);
    head.setAttribute("class", `head ${name}`);
    definitions.append(head);
  }
}

export function words(status) {
  return { nodata: "no data", none: "not reached" }[status] || status;
}

function badge(group, text) {
  const box = group.querySelector("rect");
  const label = group.querySelector("text");
  if (label.textContent === text) return;
  label.textContent = text;
  const width = text ? label.getComputedTextLength() + 12 : 0;
  const right = Number(group.dataset.right);
  box.setAttribute("width", width);
  box.setAttribute("x", right - width);
  label.setAttribute("x", right - width / 2);
}

export function mark(name) {
  if (marked) marked.classList.remove("selected");
  marked = states.get(name) || null;
  if (marked) marked.classList.add("selected");
}

export function reveal(name) {
  const element = states.get(name);
  if (!element) return;
  const box = element.getBoundingClientRect();
  const around = stage.getBoundingClientRect();
  const isSeen = box.left >= around.left && box.right <= around.right && box.top >= around.top && box.bottom <= around.bottom;
  if (isSeen) return;
  view.isFitted = false;
  view.x += around.left + around.width / 2 - (box.left + box.width / 2);
  view.y += around.top + around.height / 2 - (box.top + Math.min(box.height, 200) / 2);
  apply();
}

// Of a large graph, whose names cannot be read where all of it is seen: larger, a state in the middle, unless somebody moved it.
const LEGIBLE = 0.5;
const READ = 0.75;

export function approach(name) {
  const element = states.get(name);
  if (!element || !view.isFitted || view.scale >= LEGIBLE) return;
  const around = stage.getBoundingClientRect();
  const box = element.getBoundingClientRect();
  view.x += around.left + around.width / 2 - (box.left + box.width / 2);
  view.y += around.top + around.height / 2 - (box.top + box.height / 2);
  zoom(READ / view.scale);
}

export const names = () => [...states.keys()];

// --- moving ---

function apply() {
  canvas.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  zoomText.textContent = `${Math.round(view.scale * 100)} %`;
}

export function fit() {
  const svg = canvas.querySelector("svg");
  if (!svg) return;
  const [width, height] = [svg.width.baseVal.value, svg.height.baseVal.value];
  const [room, tall] = [stage.clientWidth, stage.clientHeight];
  const scaled = (top) => Math.max(Math.min((room - 24) / width, (tall - 16 - top) / height, 1.15), 0.05);
  // The tools lie over the top right corner: a graph that reaches below them begins under them.
  const tools = document.getElementById("graph-tools");
  const isBelow = (room + width * scaled(8)) / 2 > tools.offsetLeft;
  const top = isBelow ? tools.offsetTop + tools.offsetHeight : 8;
  view.scale = scaled(top);
  view.x = (room - width * view.scale) / 2;
  view.y = Math.max((tall - height * view.scale) / 2, top);
  view.isFitted = true;
  apply();
}

export function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const scale = Math.min(Math.max(view.scale * factor, 0.05), 4);
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  view.isFitted = false;
  apply();
}

stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const around = stage.getBoundingClientRect();
  if (event.ctrlKey || event.metaKey) {
    zoom(Math.exp(-event.deltaY * 0.01), event.clientX - around.left, event.clientY - around.top);
    return;
  }
  view.x -= event.shiftKey ? event.deltaY : event.deltaX;
  view.y -= event.shiftKey ? 0 : event.deltaY;
  view.isFitted = false;
  apply();
}, { passive: false });

let dragged = null;
stage.addEventListener("pointerdown", (event) => {
  dragged = { x: event.clientX, y: event.clientY, hasMoved: false };
});
stage.addEventListener("pointermove", (event) => {
  if (!dragged || !event.buttons) return;
  const [dx, dy] = [event.clientX - dragged.x, event.clientY - dragged.y];
  if (!dragged.hasMoved && Math.hypot(dx, dy) < 4) return;
  if (!dragged.hasMoved) stage.setPointerCapture(event.pointerId);
  dragged = { x: event.clientX, y: event.clientY, hasMoved: true };
  view.x += dx;
  view.y += dy;
  view.isFitted = false;
  apply();
});
new ResizeObserver(() => view.isFitted && fit()).observe(stage);

export function onChoose(chosen) {
  canvas.addEventListener("click", (event) => {
    if (dragged && dragged.hasMoved) return;
    const state = event.target.closest(".state");
    if (state) chosen(state.dataset.state);
  });
  canvas.addEventListener("keydown", (event) => {
    const state = event.target.closest(".state");
    if (state && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      chosen(state.dataset.state);
    }
  });
}

// Lets the buttons and keys of a page that shows one graph move it; `chosen` tells which state arrows begin at.
export function controls(choose, chosen, more = {}) {
  const keys = { "+": () => zoom(1.2), "=": () => zoom(1.2), "-": () => zoom(1 / 1.2), 0: fit, ...more };
  document.getElementById("fit").onclick = fit;
  document.getElementById("zoom-in").onclick = keys["+"];
  document.getElementById("zoom-out").onclick = keys["-"];
  onChoose(choose);
  document.addEventListener("keydown", (event) => {
    const isElsewhere = event.target.closest("input, select, textarea, dialog, [role=region], #panel");
    if (isElsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = event.key.startsWith("Arrow") ? neighbour(chosen(), event.key) : null;
    if (next) choose(next);
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
}

// --- keys and search ---

const DIRECTIONS = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

// The nearest state in the direction of an arrow key.
export function neighbour(name, key) {
  const from = states.get(name);
  const [dx, dy] = DIRECTIONS[key];
  if (!from) return names()[0];
  const middle = (element) => {
    const box = element.querySelector(".box").getBoundingClientRect();
    return [box.left + box.width / 2, box.top + Math.min(box.height, 40 * view.scale) / 2];
  };
  const [x, y] = middle(from);
  let best = null;
  let least = Infinity;
  for (const [other, element] of states) {
    if (other === name) continue;
    const [ox, oy] = middle(element);
    const along = (ox - x) * dx + (oy - y) * dy;
    const aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
    if (along > 2 && along + 2 * aside < least) {
      least = along + 2 * aside;
      best = other;
    }
  }
  return best;
}

export function find(text) {
  const wanted = text.trim().toLowerCase();
  let first = null;
  for (const [name, element] of states) {
    const isFound = wanted !== "" && name.toLowerCase().includes(wanted);
    element.classList.toggle("found", isFound);
    if (isFound && first === null) first = name;
  }
  return first;
}

export function legend(list) {
  for (const status of ["succeeded", "failed", "running", "caught", "aborted", "nodata"]) list.append(legendItem(status, MARKS[status], words(status)));
}

export function legendItem(tone, path, text) {
  const item = document.createElement("li");
  const icon = document.createElementNS(SVG, "svg");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("class", `graph-mark s-${tone}`);
  const sign = document.createElementNS(SVG, "path");
  sign.setAttribute("d", path);
  icon.append(sign);
  item.append(icon, text);
  return item;
}

export const MARKS = {
  succeeded: "M3 8.5 6.5 12 13 4.5",
  failed: "M4 4l8 8M12 4l-8 8",
  running: "M8 2.5a5.5 5.5 0 1 1-5.5 5.5",
  caught: "M3 4v4.5a3 3 0 0 0 3 3h6M9.5 8.5l3 3-3 3",
  aborted: "M4.5 4.5h7v7h-7z",
  nodata: "M5.5 6a2.5 2.5 0 1 1 3.3 2.3Q8 8.7 8 9.7M8 12.3v.4",
};
