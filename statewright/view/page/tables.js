// The timeline and the event table: pages of a hundred rows, more by scrolling or a click.

import { make, duration, moment, json } from "./dom.js";
import { get } from "./talk.js";
import { words } from "./graph.js";

const SVG = "http://www.w3.org/2000/svg";
const NARROWEST = 3; // of a bar, in thousandths of the whole

export class Timeline {
  constructor(place, choose) {
    this.place = place;
    this.choose = choose;
  }

  async load(execution, search, offset = 0) {
    const told = await get("visits", { execution, q: search, offset });
    this.draw(told, offset, () => this.load(execution, search, offset + told.visits.length), () =>
      this.load(execution, search, Math.max(offset - 100, 0)));
  }

  draw(told, offset, next, previous) {
    const from = told.startedAt || 0;
    const now = told.visits.reduce((last, each) => Math.max(last, each.to || 0, each.from), from);
    const to = told.endedAt || Math.max(now, told.isRunning ? told.now : 0, from + 0.001);
    const rows = told.visits.map((visit) => this.row(visit, from, to));
    const pages = told.total > told.visits.length ? make("div", { class: "pages" },
      offset ? make("button", { type: "button", onclick: previous }, "Earlier") : null,
      `${(offset + 1).toLocaleString()} – ${(offset + told.visits.length).toLocaleString()} of ${told.total.toLocaleString()} visits`,
      offset + told.visits.length < told.total ? make("button", { type: "button", onclick: next }, "Later") : null) : null;
    const scrolled = this.place.scrollTop;
    this.place.replaceChildren(...[pages, make("div", { class: "rows" }, ...rows)].filter(Boolean));
    this.place.scrollTop = scrolled;
  }

  row(visit, from, to) {
    const span = Math.max(to - from, 0.001);
    const start = Math.min(((visit.from - from) / span) * 1000, 1000 - NARROWEST);
    const end = (((visit.to === null ? to : visit.to) - from) / span) * 1000;
    const chart = document.createElementNS(SVG, "svg");
    chart.setAttribute("viewBox", "0 0 1000 14");
    chart.setAttribute("preserveAspectRatio", "none");
    const bar = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x: start, y: 3, width: Math.max(end - start, NARROWEST), height: 8 })) bar.setAttribute(name, value);
    chart.append(bar);
    for (const at of visit.retries) {
      if (at === null) continue;
      const tick = document.createElementNS(SVG, "path");
      tick.setAttribute("d", `M${((at - from) / span) * 1000} 0V14`);
      tick.setAttribute("vector-effect", "non-scaling-stroke");
      chart.append(tick);
    }
    const took = visit.to === null ? "running" : duration(visit.to - visit.from);
    const name = make("span", { class: "name" }, visit.state, visit.place.length ? make("small", {}, ` ${visit.place.join(" ")}`) : null);
    name.style.paddingLeft = `${visit.depth * 14}px`;
    return make("button", { type: "button", class: `time s-${visit.status}`, title: `${visit.state}: ${words(visit.status)}`,
      onclick: () => this.choose(visit.state, visit.number) }, name, chart, make("span", { class: "took" }, took));
  }
}

export class Events {
  constructor(place, choose) {
    this.place = place;
    this.choose = choose;
    this.last = 0;
    this.place.addEventListener("scroll", () => {
      const isNear = this.place.scrollTop + this.place.clientHeight > this.place.scrollHeight - 200;
      if (isNear && this.more) this.more();
    });
  }

  async load(execution, search) {
    this.last = 0;
    this.body = make("tbody");
    this.more = null;
    const head = make("tr", {}, ...["#", "Time", "After", "Type", "State", "Note"].map((name) => make("th", { scope: "col" }, name)));
    this.place.replaceChildren(make("table", {}, make("thead", {}, head), this.body));
    await this.append(execution, search);
  }

  async append(execution, search) {
    const { body } = this;
    const told = await get("events", { execution, q: search, after: this.last });
    if (body !== this.body) return; // another search has begun
    for (const each of told.events) body.append(this.row(each, told.startedAt, execution));
    if (told.events.length) this.last = told.events[told.events.length - 1].id;
    const isAll = told.events.length < 100;
    this.more = isAll ? null : () => {
      this.more = null;
      this.append(execution, search);
    };
    this.news = () => isAll && this.append(execution, search);
  }

  row(each, startedAt, execution) {
    const row = make("tr", { tabindex: "0", class: /Failed|TimedOut|Aborted/.test(each.type) ? "bad" : "" },
      make("td", { class: "number" }, String(each.id)),
      make("td", { title: moment(each.at) }, `+${duration(each.at - startedAt)}`),
      make("td", { class: "number" }, each.previous ? String(each.previous) : ""),
      make("td", {}, each.type),
      make("td", {}, each.state ? make("button", { type: "button", class: "link", onclick: (event) => {
        event.stopPropagation();
        this.choose(each.state, each.visit);
      } }, each.state) : null, each.place.length ? make("small", {}, ` ${each.place.join(" ")}`) : null),
      make("td", { class: "note" }, each.note));
    const open = async () => {
      if (row.nextSibling && row.nextSibling.className === "detail") {
        row.nextSibling.remove();
        return;
      }
      const event = await get("event", { execution, id: each.id });
      row.after(make("tr", { class: "detail" }, make("td", { colspan: "6" }, json(event))));
    };
    row.addEventListener("click", open);
    row.addEventListener("keydown", (event) => event.key === "Enter" && open());
    return row;
  }
}
