// What the page shows now; its parts share it.

export const at = (id) => document.getElementById(id);
export const now = {
  place: null, machines: [], machine: null, execution: null, summary: null, overlay: null, frame: null,
  chosen: null, visit: null, told: null, definition: null, mapRun: null, parents: [], tab: "timeline",
};
