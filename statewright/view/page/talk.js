// Talking to the server: every request carries the token, which is kept in this tab alone.

import { parse } from "./dom.js";

const KEY = "statewright-token";

export const address = new URLSearchParams(location.hash.slice(1));
if (address.get("token")) sessionStorage.setItem(KEY, address.get("token"));
address.delete("token");
if (location.hash.includes("token=")) history.replaceState(null, "", "#" + address); // out of the bar and the history
const token = sessionStorage.getItem(KEY) || "";

export function remember(members) {
  for (const [name, value] of Object.entries(members)) {
    if (value === null || value === undefined || value === "") address.delete(name);
    else address.set(name, value);
  }
  history.replaceState(null, "", "#" + address);
}

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function answerOf(response) {
  const told = await response.text().then(parse).catch(() => ({}));
  if (!response.ok) throw new Refused(told.error || `HTTP ${response.status}`, response.status);
  return told;
}

export async function get(path, members = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  return answerOf(await fetch(`/api/${path}?${query}`, { headers: { "X-Statewright-Token": token } }));
}

export const act = (name, told) => post(`do/${name}`, told);

export async function post(path, told) {
  return answerOf(await fetch(`/api/${path}`, {
    method: "POST",
    headers: { "X-Statewright-Token": token, "Content-Type": "application/json" },
    body: JSON.stringify(told),
  }));
}

// Server-sent events over fetch, as an EventSource could not carry the token. Tells `heard` each message;
// comes again after a pause when the line breaks, until `signal` ends it or the server says that all is told.
export async function listen(path, members, heard, signal) {
  while (!signal.aborted) {
    try {
      const query = new URLSearchParams(members);
      const response = await fetch(`/api/${path}?${query}`, { headers: { "X-Statewright-Token": token }, signal });
      if (!response.ok) {
        await answerOf(response);
      }
      if (await readAll(response.body.getReader(), heard)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

async function readAll(reader, heard) {
  const decoder = new TextDecoder();
  let text = "";
  let last = null;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Boolean(last && last.summary.isComplete);
    text += decoder.decode(value, { stream: true });
    const messages = text.split("\n\n");
    text = messages.pop();
    for (const message of messages) {
      if (!message.startsWith("data: ")) continue;
      last = JSON.parse(message.slice(6));
      heard(last);
    }
  }
}
