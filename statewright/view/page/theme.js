// Light or dark: as the browser is, or as was chosen; all pages share it.

const THEMES = ["", "dark", "light"];

export function theme(next) {
  const chosen = next === undefined ? localStorage.getItem("statewright-theme") || "" : next;
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("statewright-theme", chosen);
}

export function nextTheme() {
  const shown = document.documentElement.dataset.theme || "";
  theme(THEMES[(THEMES.indexOf(shown) + 1) % THEMES.length]);
}
