// A list of any length of which only the rows in sight are in the document; rows have one height.

import { h, newId } from "./dom.js";

const BEYOND = 6; // rows kept above and below those in sight

export class VirtualList {
  // `render(item)` returns the content of a row, `open(item)` is told of a click or Enter.
  constructor({ label, render, open, rowHeight }) {
    this.count = 0;
    this.at = () => null;
    this.render = render;
    this.open = open;
    this.rowHeight = rowHeight;
    this.active = null; // id of the item that the keyboard is on
    this.rows = new Map();
    this.stem = newId("row");
    this.space = h("div", { class: "space", role: "presentation" });
    this.element = h("div", {
      class: "virtual", role: "listbox", tabindex: "0", "aria-label": label,
      on: {
        scroll: () => this.draw(),
        keydown: (event) => this.key(event),
        click: (event) => this.click(event),
        focus: () => this.focused(),
      },
    }, this.space);
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  // Show other items: `count` of them, the one at an index from `at`. `added` came at the top since the last time.
  show(count, at, added = 0) {
    const away = this.element.scrollTop;
    this.count = count;
    this.at = at;
    this.space.style.height = `${count * this.rowHeight()}px`;
    if (added && away > 0) this.element.scrollTop = away + added * this.rowHeight();
    this.draw();
  }

  redraw() {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.show(this.count, this.at);
  }

  draw() {
    const height = this.rowHeight();
    const { clientHeight } = this.element;
    // A list that has become shorter is scrolled back by the browser only later.
    const top = Math.min(this.element.scrollTop, Math.max(0, this.count * height - clientHeight));
    const first = Math.max(0, Math.floor(top / height) - BEYOND);
    const last = Math.min(this.count, Math.ceil((top + clientHeight) / height) + BEYOND);
    const kept = new Map();
    for (let index = first; index < last; index += 1) {
      const item = this.at(index);
      let row = this.rows.get(item.id);
      if (row === undefined) {
        row = h("div", { role: "option", id: `${this.stem}-${item.id}`, class: "row", "data-id": item.id }, this.render(item));
        this.space.append(row);
      }
      row.style.top = `${index * height}px`;
      row.setAttribute("aria-selected", String(item.id === this.active));
      row.setAttribute("aria-setsize", this.count);
      row.setAttribute("aria-posinset", index + 1);
      this.rows.delete(item.id);
      kept.set(item.id, row);
    }
    for (const row of this.rows.values()) row.remove();
    this.rows = kept;
    const shown = this.active !== null && kept.has(this.active);
    if (shown) this.element.setAttribute("aria-activedescendant", `${this.stem}-${this.active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  // By keyboard the first row in sight is the one to go on from; a click says itself which one is meant.
  focused() {
    if (this.active !== null || !this.count || !this.element.matches(":focus-visible")) return;
    this.activate(Math.min(this.count - 1, Math.ceil(this.element.scrollTop / this.rowHeight())));
  }

  indexOfActive() {
    for (let index = 0; index < this.count; index += 1) if (this.at(index).id === this.active) return index;
    return -1;
  }

  activate(index) {
    const height = this.rowHeight();
    const top = index * height;
    const { scrollTop, clientHeight } = this.element;
    this.active = this.at(index).id;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + height > scrollTop + clientHeight) this.element.scrollTop = top + height - clientHeight;
    this.draw();
  }

  key(event) {
    if (!this.count || event.altKey || event.ctrlKey || event.metaKey) return;
    const here = this.indexOfActive();
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight()) - 1);
    const steps = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + page, PageUp: here - page, Home: 0, End: this.count - 1 };
    if (event.key in steps) {
      this.activate(Math.min(this.count - 1, Math.max(0, steps[event.key])));
    } else if ((event.key === "Enter" || event.key === " ") && here >= 0) {
      this.open(this.at(here));
    } else {
      return;
    }
    event.preventDefault();
  }

  click(event) {
    const row = event.target.closest(".row");
    if (!row) return;
    const id = Number(row.dataset.id);
    for (let index = 0; index < this.count; index += 1) {
      const item = this.at(index);
      if (item.id === id) {
        this.activate(index);
        this.open(item);
        return;
      }
    }
  }
}
