// An execution as one file, to keep or to hand on.

import { dialogue } from "./acts.js";
import { make } from "./dom.js";
import { get } from "./talk.js";

const TYPES = { html: "text/html", svg: "image/svg+xml" };

export function ask(execution, name) {
  const kind = make("select", { "aria-label": "What" }, make("option", { value: "html" }, "a page: graph, visits, errors, payloads"), make("option", { value: "svg" }, "the graph alone, as SVG"));
  const redact = make("input", { type: "checkbox", "aria-label": "Without values" });
  const label = make("label", { class: "check" }, redact, "payloads and causes without values");
  kind.addEventListener("change", () => {
    label.hidden = kind.value !== "html";
  });
  dialogue(`Export ${name}`, "Save", async () => {
    const { text } = await get("export", { execution, format: kind.value, redact: redact.checked ? "1" : "0" });
    save(`${name.replace(/[^\w.-]+/g, "_")}.${kind.value}`, text, TYPES[kind.value]);
  }, make("label", {}, "What", kind), label);
}

function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
