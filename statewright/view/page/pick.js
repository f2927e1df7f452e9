// Choosing one execution out of a list, in a dialog.

import { make, duration, moments, tone } from "./dom.js";
import { get } from "./talk.js";

// Resolves to the ARN of the execution that was chosen, null where none was. `scope` is {machine} or {mapRun}.
export function pick(dialog, title, scope) {
  return new Promise((resolve) => {
    const list = make("ul", { class: "list picks" });
    const more = make("button", { type: "button", hidden: true }, "More");
    const search = make("input", { type: "search", placeholder: "Search executions", "aria-label": "Search executions" });
    const status = make("select", { "aria-label": "Status" }, make("option", { value: "" }, "all"),
      ...["SUCCEEDED", "FAILED", "RUNNING", "TIMED_OUT", "ABORTED"].map((each) => make("option", {}, each)));
    const done = (arn) => {
      resolve(arn);
      dialog.close();
    };
    const load = async (token = null) => {
      const told = await get("executions", { ...scope, status: status.value, q: search.value, token }).catch((error) => ({ executions: [], problem: error.message }));
      const rows = told.executions.map((each) => make("li", {}, make("button", { type: "button", class: `pick s-${tone(each.status)}`, onclick: () => done(each.arn) },
        make("span", { class: "dot", "aria-hidden": "true" }), make("span", { class: "title" }, each.name),
        make("span", { class: "muted" }, `${each.status.toLowerCase().replace("_", " ")} · ${moments(each.startDate)}${each.stopDate ? " · " + duration(each.stopDate - each.startDate) : ""}`))));
      if (!token) list.replaceChildren();
      list.append(...(rows.length || token ? rows : [make("li", { class: "muted" }, told.problem || "No executions")]));
      more.hidden = !told.token;
      more.onclick = () => load(told.token);
    };
    let timer;
    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(load, 200);
    });
    status.addEventListener("change", () => load());
    dialog.addEventListener("close", () => resolve(null), { once: true });
    dialog.replaceChildren(make("h2", {}, title), make("div", { class: "row" }, search, status), list, more,
      make("div", { class: "buttons" }, make("button", { type: "button", onclick: () => dialog.close() }, "Cancel")));
    dialog.showModal();
    load();
  });
}
