// What the executions of the list cost. Each is asked for once, one after the other, when its row is seen: of an
// endpoint on this machine by itself, of others by a click, as their histories are read for it.

import { get } from "./talk.js";

const known = new Map();
const waiting = [];
let isReading = false;
let seen = null;
let button = null;

export function dollars(cost) {
  const digits = cost.usd > 0 && cost.usd < 0.0001 ? 8 : cost.usd < 1 ? 6 : 2;
  return `${cost.isLeast ? "≥ " : "≈ "}$${cost.usd.toFixed(digits)}`;
}

export function begin(isLocal, asked) {
  seen = new IntersectionObserver((entries) => {
    for (const each of entries) {
      if (!each.isIntersecting) continue;
      seen.unobserve(each.target);
      waiting.push(each.target.querySelector(".cost"));
    }
    if (isLocal) read();
  });
  button = isLocal ? null : asked;
  if (button) button.onclick = read;
}

export function show(execution, place) {
  place.dataset.execution = execution;
  if (known.has(execution)) fill(place);
  else if (seen) {
    seen.observe(place.parentElement);
    if (button) button.hidden = false;
  }
}

export function know(execution, cost) {
  known.set(execution, cost);
}

function fill(place) {
  const cost = known.get(place.dataset.execution);
  place.textContent = cost ? dollars(cost) : "";
  place.title = cost ? cost.how : "";
}

async function read() {
  if (isReading) return;
  isReading = true;
  while (waiting.length) {
    const place = waiting.shift();
    const { execution } = place.dataset;
    if (!place.isConnected) continue;
    if (!known.has(execution)) {
      try {
        known.set(execution, (await get("cost", { execution })).cost);
      } catch {
        known.set(execution, null);
      }
    }
    fill(place);
  }
  if (button) button.hidden = true;
  isReading = false;
}
