"use strict";
// Every row is on the page without this script, which adds a search field and sorting to lists.
for (const table of document.querySelectorAll("table[data-noun]")) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  let texts = [];
  const noun = table.dataset.noun;
  const controls = document.createElement("p");
  const label = document.createElement("label");
  const search = document.createElement("input");
  const status = document.createElement("output");
  controls.className = "search";
  search.type = "search";
  search.autocomplete = "off";
  search.spellcheck = false;
  label.append(`Search ${noun} `, search);
  controls.append(label, " ", status);
  table.closest(".scroll").before(controls);
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    // The page opens faster if the texts are read for the first search.
    if (words.length && !texts.length) texts = rows.map((row) => row.textContent.toLowerCase());
    rows.forEach((row, place) => {
      row.hidden = !words.every((word) => texts[place].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    status.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} ${noun}`;
  };
  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, rows.length > 5000 ? 150 : 0);
  });
  show();
  const order = new Map(rows.map((row, place) => [row, place]));
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    button.addEventListener("click", () => {
      const isDescending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      const isNumber = head.classList.contains("number");
      const keys = new Map(rows.map((row) => [row, isNumber ? Number(value(row)) || 0 : value(row)]));
      const compare = isNumber ? (a, b) => a - b : (a, b) => (a < b ? -1 : a > b ? 1 : 0);
      const sign = isDescending ? -1 : 1;
      const sorted = [...rows].sort(
        (a, b) => sign * compare(keys.get(a), keys.get(b)) || order.get(a) - order.get(b),
      );
      body.append(...sorted);
    });
  });
}
