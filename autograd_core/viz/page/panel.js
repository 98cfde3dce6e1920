// The side panel: everything that is known of one item. Knows items and how to write them; links lead to other items.

const MOST_RELATIVES = 200; // so many links to other items are listed

class Panel {
  constructor(model, box, goTo, closed) {
    Object.assign(this, { model, box, goTo, closed });
  }

  get isOpen() {
    return !this.box.hidden;
  }

  close() {
    if (!this.isOpen) return;
    this.box.hidden = true;
    this.closed();
  }

  open(item) {
    const named = { type: "button", class: "close", "aria-label": "Close", title: "Close  Esc" };
    const close = element("button", named, "\u00d7");
    close.addEventListener("click", () => this.close());
    const kind = this.model.data.kinds[item.kind] || item.kind;
    this.box.replaceChildren(
      close,
      element("p", { class: "kind" }, kind),
      element("h2", {}, titleOf(item), item.count > 1 ? ` \u00d7${item.count}` : ""),
      this.facts(item),
      ...this.array("Value", item.value),
      ...this.array("Gradient", item.gradient),
      ...this.saved(item),
      ...this.relatives("Computed from", item.edges.map((edge) => ({ other: this.model.items[edge.source], edge }))),
      ...this.relatives("Used by", item.uses.map(({ item: other, edge }) => ({ other, edge }))),
    );
    this.box.hidden = false;
    this.box.scrollTop = 0;
  }

  facts(item) {
    const list = element("dl", {});
    const fact = (name, ...value) => list.append(element("dt", {}, name), element("dd", {}, ...value));
    fact("name", element("code", {}, item.name));
    if (item.operation) fact("operation", item.operation);
    if (item.options) fact("options", element("code", {}, item.options));
    const group = item.module || item.parent;
    if (group.path) fact("module", groupTitle(group));
    if (item.dtype) fact("shape", `${shapeText(item.shape)} ${item.dtype}`);
    if (item.nbytes) fact("memory", bytesText(item.nbytes));
    if (item.operations) fact("operations", grouped(item.operations));
    if (item.parameters) fact("parameters", grouped(item.parameters));
    if (item.place) {
      fact("line", element("code", {}, item.place.line), item.place.text ? element("pre", {}, item.place.text) : "");
    }
    const order = [];
    if (item.step) order.push(`computed as number ${grouped(item.step)}`);
    if (item.sweep) order.push(`swept as number ${grouped(item.sweep)}`);
    if (order.length) fact("order", order.join(", "));
    return list;
  }

  /** A value or a gradient: what is wrong with it, its numbers, its distribution, its picture. */
  array(title, summary) {
    if (!summary) return [];
    const section = element("section", {}, element("h3", {}, title));
    if (summary.flag) {
      const [mark, words] = FLAGS[summary.flag];
      const flag = element("b", { class: `flag ${summary.flag}` }, mark);
      section.append(element("p", { class: "flag-line" }, flag, flagWords(summary, words)));
    }
    if (summary.thumbnail) section.append(painted(summary.thumbnail));
    if (summary.numbers) section.append(element("pre", {}, summary.numbers));
    if (summary.histogram && summary.size > 1) section.append(bars(summary));
    const statistics = ["norm", "mean", "low", "high"].filter((name) => summary[name] !== undefined);
    if (statistics.length && (summary.size === undefined || summary.size > 1 || !summary.numbers)) {
      const list = element("dl", { class: "statistics" });
      const say = (name, text) => list.append(element("dt", {}, name), element("dd", {}, text));
      for (const name of statistics) say(name, numberText(summary[name]));
      if (summary.zeros) say("zeros", `${grouped(summary.zeros)} of ${grouped(summary.size)}`);
      section.append(list);
    }
    return [section];
  }

  saved(item) {
    const title = element("h3", {}, "Saved for the sweep");
    if (item.saved === null) return [element("section", {}, title, element("p", {}, "nothing any more: it is freed"))];
    if (!item.saved.length) return [];
    const list = element("ul", {});
    for (const [name, shape, dtype, bytes] of item.saved) {
      list.append(element("li", {}, element("code", {}, name), ` ${shapeText(shape)} ${dtype}, ${bytesText(bytes)}`));
    }
    return [element("section", {}, title, list)];
  }

  relatives(title, relatives) {
    if (!relatives.length) return [];
    const list = element("ul", { class: "relatives" });
    for (const { other, edge } of relatives.slice(0, MOST_RELATIVES)) {
      const link = element("button", { type: "button", class: "link" }, titleOf(other));
      link.addEventListener("click", () => this.goTo(other));
      const entry = element("li", {}, link);
      if (other.dtype) entry.append(element("span", { class: "muted" }, ` ${shapeText(other.shape)}`));
      if (edge.argument) entry.append(element("span", { class: "muted" }, " as ", element("code", {}, edge.argument)));
      if (edge.rule) {
        entry.append(ruleOf(edge.rule));
      }
      list.append(entry);
    }
    const left = relatives.length - MOST_RELATIVES;
    if (left > 0) list.append(element("li", { class: "muted" }, `and ${grouped(left)} more`));
    return [element("section", {}, element("h3", {}, title), list)];
  }
}

/** How a cotangent goes back along an edge: in words, as a formula, and its source. */
function ruleOf({ words, latex }) {
  const said = [element("span", { class: "muted" }, "backwards "), element("code", {}, words)];
  const rule = element("div", { class: "rule" }, ...said);
  if (latex) {
    const written = formula(latex);
    const source = element("details", {}, element("summary", {}, "LaTeX"), element("code", {}, latex));
    rule.append(...(written ? [element("p", { class: "formula" }, written)] : []), source);
  }
  return rule;
}

function flagWords(summary, words) {
  if (summary.flag === "zero") return words;
  const parts = [];
  if (summary.nans) parts.push(`${grouped(summary.nans)} not a number`);
  if (summary.infinities) parts.push(`${grouped(summary.infinities)} infinite`);
  return `${parts.join(" and ")}, of ${grouped(summary.size || 1)}`;
}

/** A histogram with its range. */
function bars(summary) {
  const [w, h] = [280, 64];
  const drawing = drawn("svg", { viewBox: `0 0 ${w} ${h + 16}`, class: "bars", role: "img" });
  const total = grouped(summary.histogram.reduce((sum, number) => sum + number, 0));
  const range = `from ${numberText(summary.low)} to ${numberText(summary.high)}`;
  drawing.setAttribute("aria-label", `histogram of ${total} numbers ${range}`);
  drawing.append(spark(summary.histogram, 0, 0, w, h), drawn("line", { x1: 0, x2: w, y1: h, y2: h, class: "tick" }));
  if (summary.low < 0 && summary.high > 0) {
    const zero = (-summary.low / (summary.high - summary.low)) * w;
    drawing.append(drawn("line", { x1: zero, x2: zero, y1: 0, y2: h + 3, class: "tick zero-line" }));
    if (zero > 60 && zero < w - 60) drawing.append(drawn("text", { x: zero, y: h + 13, "text-anchor": "middle" }, "0"));
  }
  drawing.append(drawn("text", { x: 0, y: h + 13 }, numberText(summary.low)));
  drawing.append(drawn("text", { x: w, y: h + 13, "text-anchor": "end" }, numberText(summary.high)));
  return drawing;
}
