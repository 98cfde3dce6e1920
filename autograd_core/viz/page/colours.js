// Colour by norm, on a logarithmic scale, with its legend. Knows numbers and two scales, for light and for dark; what
// is zero, NaN or infinite has no place on a scale, and gets a mark instead.

const MIDDLE = 0.179; // the luminance from which black can be read better than white (contrast, WCAG 2.1)

/** Whether the page is dark now: by choice, or else as the system is. */
function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
}

class Colouring {
  constructor(model, choice) {
    this.model = model;
    this.choose(choice);
  }

  choose(choice) {
    this.choice = choice;
    this.low = Infinity;
    this.high = -Infinity;
    if (choice === "none") return;
    for (const item of this.model.items) {
      const norm = item[choice] && item[choice].norm;
      if (norm > 0) {
        this.low = Math.min(this.low, norm);
        this.high = Math.max(this.high, norm);
      }
    }
  }

  /** True if anything has a norm to be coloured by. */
  get known() {
    return this.low <= this.high;
  }

  /** The fill of a node, and the ink that can be read on it; null for one without a norm. */
  of(node) {
    const norm = this.choice === "none" ? undefined : normOf(node, this.choice);
    if (!this.known || !(norm > 0)) return null;
    const range = Math.log(this.high) - Math.log(this.low);
    const share = range > 1e-9 ? (Math.log(norm) - Math.log(this.low)) / range : 0.5;
    return this.at(Math.min(1, Math.max(0, share)));
  }

  /** A colour of the scale, from 0 to 1, and black or white, whichever can be read better on it. */
  at(share) {
    const scale = this.model.data.scales[isDark() ? "dark" : "light"];
    const at = share * (scale.length - 1);
    const i = Math.min(scale.length - 2, Math.floor(at));
    const channel = (colour, k) => parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
    const mixed = (k) => Math.round(channel(scale[i], k) * (1 - at + i) + channel(scale[i + 1], k) * (at - i));
    const rgb = [0, 1, 2].map(mixed);
    return { fill: `rgb(${rgb.join(",")})`, ink: luminance(rgb) > MIDDLE ? "#000" : "#fff" };
  }

  /** The legend: the scale with its ends and decades, and the marks. */
  legend() {
    const parts = [];
    if (this.known) {
      parts.push(element("strong", {}, this.choice === "gradient" ? "Norm of the gradient" : "Norm of the value"));
      const bar = drawn("svg", { viewBox: "0 0 200 34", width: 200, height: 34, role: "img" });
      bar.setAttribute("aria-label", `logarithmic scale from ${numberText(this.low)} to ${numberText(this.high)}`);
      for (let i = 0; i < 50; i++) {
        const { fill } = this.at(i / 49);
        bar.append(drawn("rect", { x: i * 4, y: 0, width: 4.3, height: 12, fill }));
      }
      for (const [share, text, anchor] of this.ticks()) {
        bar.append(drawn("line", { x1: share * 200, x2: share * 200, y1: 12, y2: 16, class: "tick" }));
        bar.append(drawn("text", { x: share * 200, y: 28, "text-anchor": anchor }, text));
      }
      parts.push(bar);
    }
    const flags = new Set();
    for (const item of this.model.items) for (const flag of flagsOf(item)) flags.add(flag);
    for (const flag of Object.keys(FLAGS)) {
      if (!flags.has(flag)) continue;
      const [mark, words] = FLAGS[flag];
      parts.push(element("span", { class: "flag-line" }, element("b", { class: `flag ${flag}` }, mark), words));
    }
    return parts;
  }

  ticks() {
    const range = Math.log(this.high / this.low);
    const ends = [[0, numberText(this.low), "start"], [1, numberText(this.high), "end"]];
    if (range < 1e-9) return [[0.5, numberText(this.low), "middle"]];
    const decades = Math.floor(Math.log10(this.high)) - Math.ceil(Math.log10(this.low));
    const step = Math.max(1, Math.ceil(decades / 2));
    for (let power = Math.ceil(Math.log10(this.low)); power <= Math.log10(this.high); power += step) {
      const share = Math.log(10 ** power / this.low) / range;
      if (share > 0.3 && share < 0.7) ends.push([share, numberText(10 ** power), "middle"]);
    }
    return ends;
  }
}

/** The norm of an item; that of a module is that of all its parameters together, or of its items if it has none. */
function normOf(node, choice) {
  if (!node.isGroup) return node[choice] ? node[choice].norm : undefined;
  const squares = { parameter: 0, other: 0 };
  for (const item of itemsOf(node)) {
    const norm = item[choice] && item[choice].norm;
    if (norm > 0) squares[item.kind === "parameter" ? "parameter" : "other"] += norm * norm;
  }
  return Math.sqrt(squares.parameter || squares.other) || undefined;
}

/** All items inside a group, however deep. */
function itemsOf(group) {
  const open = [group];
  const items = [];
  for (let i = 0; i < open.length; i++) {
    for (const child of open[i].children) (child.isGroup ? open : items).push(child);
  }
  return items;
}

/** The luminance of a colour, from 0 to 1 (sRGB, IEC 61966-2-1). */
function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
