"""The script of the record's page: filter, sort and pages of its long tables; nothing else.

It makes elements and sets their text, so nothing that a directory or a host said becomes markup.
Without it each table shows its first rows.
"""

from typing import Final

SCRIPT: Final = """
"use strict";
(() => {
const PAGE = 100, PRINTED = 1000;
const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;
const text = cell => typeof cell === "number" ? words[cell] : cell;
const collator = new Intl.Collator("en", {numeric: true, sensitivity: "base"});
const make = (name, attributes, content) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  if (content !== undefined) made.textContent = content;
  return made;
};
const cellOf = (column, value) => {
  if (column.kind === "state") {
    const [tone, sign] = data.tones[value] || ["quiet", "·"];
    const badge = make("span", {class: "badge t-" + tone});
    badge.append(make("span", {"aria-hidden": "true"}, sign), " " + value);
    return badge;
  }
  if (column.kind === "link" && value.startsWith("file:"))
    return make("a", {href: value}, "evidence");
  if (column.kind === "time" && value)
    return make("time", {datetime: value}, value.slice(0, 19).replace("T", " ") + " UTC");
  return document.createTextNode(value);
};
for (const [id, table] of Object.entries(data.tables)) {
  const section = document.getElementById(id);
  const body = section.querySelector("tbody");
  const tools = section.querySelector(".tools");
  const filter = tools.querySelector("input");
  const state = tools.querySelector("select");
  const count = section.querySelector(".count");
  const pages = section.querySelector(".pages");
  const [back, forth] = pages.querySelectorAll("button");
  const stateColumn = table.columns.findIndex(column => column.kind === "state");
  const rows = table.rows.map(row => row.map(text));
  const searched = rows.map(row => row.join(" ").toLowerCase());
  let shown = rows.map((_, number) => number), page = 0, column = -1, upwards = true;
  const draw = size => {
    const length = size || PAGE, first = page * PAGE;
    body.replaceChildren(...shown.slice(first, first + length).map(number => {
      const line = make("tr");
      rows[number].forEach((value, place) => {
        const cell = make(place ? "td" : "th", place ? {} : {scope: "row"});
        cell.append(cellOf(table.columns[place], value));
        line.append(cell);
      });
      return line;
    }));
    const last = Math.min(first + length, shown.length);
    const range = shown.length ? `${first + 1} to ${last} of ${shown.length}` : "none";
    count.textContent = range + (shown.length < rows.length ? ` that match; ${rows.length} in all` : "");
    back.disabled = page === 0;
    forth.disabled = last >= shown.length;
    pages.hidden = shown.length <= PAGE;
  };
  const choose = () => {
    const parts = filter.value.toLowerCase().split(/\\s+/).filter(Boolean), wanted = state.value;
    shown = [];
    for (let number = 0; number < rows.length; number++)
      if (parts.every(part => searched[number].includes(part))
          && (!wanted || rows[number][stateColumn] === wanted)) shown.push(number);
    if (column >= 0) {
      const sign = upwards ? 1 : -1;
      shown.sort((one, other) =>
        sign * collator.compare(rows[one][column], rows[other][column]) || one - other);
    }
    page = 0;
    draw();
  };
  for (const word of [...new Set(rows.map(row => row[stateColumn]))].sort())
    state.append(make("option", {value: word}, word));
  section.querySelectorAll("thead th").forEach((heading, place) => {
    const button = make("button", {type: "button"}, heading.textContent);
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      upwards = column === place ? !upwards : true;
      column = place;
      section.querySelectorAll("thead th").forEach(each => each.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", upwards ? "ascending" : "descending");
      choose();
    });
  });
  filter.addEventListener("input", choose);
  state.addEventListener("change", choose);
  const turn = by => () => { page += by; draw(); };
  back.addEventListener("click", turn(-1));
  forth.addEventListener("click", turn(1));
  addEventListener("beforeprint", () => { page = 0; draw(PRINTED); });
  addEventListener("afterprint", () => draw());
  tools.hidden = false;
  draw();
}
})();
"""
