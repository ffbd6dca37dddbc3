"use strict";
// The page is complete without this script: it only opens folds and moves between migrations.
(() => {
  const folds = [...document.querySelectorAll("details")];
  const headings = [...document.querySelectorAll("article h2")];
  const tools = document.getElementById("tools");
  const [unfold, keys] = tools.querySelectorAll("button");
  tools.hidden = false;

  unfold.addEventListener("click", () => {
    const open = unfold.dataset.open !== "yes";
    folds.forEach((fold) => { fold.open = open; });
    unfold.dataset.open = open ? "yes" : "";
    unfold.textContent = open ? "Close all details" : "Open all details";
  });

  // The keys can be switched off: speech input may type them by accident.
  keys.addEventListener("click", () => {
    keys.setAttribute("aria-pressed", String(keys.getAttribute("aria-pressed") !== "true"));
  });
  document.addEventListener("keydown", (event) => {
    const step = { j: 1, k: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey
        || keys.getAttribute("aria-pressed") !== "true") return;
    const focused = headings.indexOf(document.activeElement);
    const above = headings.filter((each) => each.getBoundingClientRect().top < 1).length - 1;
    const to = headings[focused >= 0 ? focused + step : above + (step > 0 ? 1 : 0)];
    to?.focus();
    to?.scrollIntoView();
  });

  // Some browsers do not open folds for a link or for printing.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target?.closest("details:not([open])");
    if (fold) { fold.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = folds.filter((fold) => !fold.open);
    opened.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((fold) => { fold.open = false; }));
})();
