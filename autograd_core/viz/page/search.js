// The search: which items contain all the words, which of them is looked at now. Knows items and its box in the page.

class Search {
  constructor(model, query, output, found, goTo) {
    Object.assign(this, { model, query, output, found, goTo, hits: [], at: -1 });
    this.texts = null;
    query.addEventListener("input", () => this.look());
    query.addEventListener("keydown", (event) => this.key(event));
    query.form.addEventListener("submit", (event) => event.preventDefault());
  }

  look() {
    const words = this.query.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.texts = this.texts || this.model.items.map(searchText);
    const isHit = (_, i) => words.length > 0 && words.every((word) => this.texts[i].includes(word));
    this.hits = this.model.items.filter(isHit);
    this.at = -1;
    this.say(words.length > 0);
    this.found(this.hits);
  }

  say(asked) {
    const { length } = this.hits;
    const where = this.at < 0 ? counted(length, "hit") : `${grouped(this.at + 1)} of ${grouped(length)}`;
    this.output.textContent = asked ? where : "";
  }

  key(event) {
    if (event.key === "Enter" && this.hits.length) {
      event.preventDefault();
      const { length } = this.hits;
      const before = (Math.max(this.at, 0) + length - 1) % length;
      this.at = event.shiftKey ? before : (this.at + 1) % length;
      this.say(true);
      this.goTo(this.hits[this.at]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.query.value = "";
      this.look();
      this.query.blur();
    }
  }
}

function searchText(item) {
  const shape = shapeText(item.shape);
  const module = groupTitle(item.module || item.parent);
  const shapes = [shape, shape.replace(/ /g, "")]; // as Python writes it, and as one types it
  const { name, title, operation, path, kind, dtype } = item;
  return [name, title, operation, path, module, kind, dtype, ...shapes].join(" ").toLowerCase();
}
