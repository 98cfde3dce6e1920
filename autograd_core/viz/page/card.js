// What is written on the card of an item or of a folded module, how large that is, and its drawing. Knows one node at a
// time, and neither its place nor its neighbours.

const FONT = { title: "600 13px system-ui, sans-serif", small: "11px ui-monospace, Menlo, Consolas, monospace" };
const LINE = { title: 18, small: 15 };
const MARGIN = { x: 12, y: 8 };
const PICTURE = 34; // the side of a thumbnail on a card
const SPARK = { w: 56, h: 11 };
const GLYPHS = {
  parameter: "\u03b8",
  input: "\u25b7",
  output: "\u25ce",
  sum: "\u03a3",
  gradient: "\u2202",
  hidden: "\u2026",
  sweep: "\u25c1",
  effect: "\u270e",
};

const measure = (() => {
  const context = document.createElement("canvas").getContext("2d");
  const known = new Map();
  return (text, font) => {
    const key = font + text;
    if (!known.has(key)) {
      context.font = font;
      known.set(key, context.measureText(text).width);
    }
    return known.get(key);
  };
})();

/** The lines of a card: {text} or {label, text} or {label, histogram}. The first is the title. */
function cardLines(node, shows) {
  if (node.isGroup) return groupLines(node);
  const glyph = GLYPHS[node.kind];
  const lines = [{ text: (glyph ? `${glyph} ` : "") + shortened(titleInside(node), 32) }];
  if (node.count > 1) lines[0].text += ` \u00d7${node.count}`;
  const named = node.title && node.operation !== node.title;
  const about = [named && node.operation, node.options, node.module && groupTitle(node.module)];
  for (const text of about) if (text) lines.push({ text: shortened(text, 34) });
  const scalar = node.shape.length === 0;
  if (node.dtype) lines.push({ text: `${scalar ? "scalar" : shapeText(node.shape)} ${node.dtype}` });
  if (node.operations > 1) lines.push({ text: counted(node.operations, "operation") });
  if (shows.values && node.value) lines.push(summaryLine("value", node.value));
  if (shows.gradients && node.gradient) lines.push(summaryLine("grad", node.gradient));
  return lines;
}

function groupLines(group) {
  const results = itemsOf(group).filter((item) => item.edges.length);
  const last = results.reduce((best, item) => (best && best.index > item.index ? best : item), null);
  const lines = [{ text: `\u25b8 ${groupTitle(group)}` }];
  const counts = [counted(group.operationCount, "operation")];
  if (group.parameterCount) counts.push(counted(group.parameterCount, "parameter"));
  lines.push({ text: counts.join(" \u00b7 ") });
  if (last && last.dtype) lines.push({ text: `\u2192 ${shapeText(last.shape)} ${last.dtype}` });
  return lines;
}

/** A title without the module that is written around it: weight in net.0, not net.0.weight. */
function titleInside(item) {
  const title = titleOf(item);
  const around = `${item.parent.label}.`;
  return item.parent.label && title.startsWith(around) ? title.slice(around.length) : title;
}

function groupTitle(group) {
  const label = shortened(group.label || group.path, 40);
  const type = group.type && group.type !== group.label ? ` \u00b7 ${group.type}` : "";
  return `${label}${type}`;
}

const headerWidth = (group) => measure(`\u25be ${groupTitle(group)}`, FONT.title) + 40;

function summaryLine(label, summary) {
  const text = summary.numbers ? summary.numbers.replace(/\s+/g, " ") : "";
  if (text && text.length <= 30) return { label, text };
  const { histogram } = summary;
  if (histogram && histogram.length) return { label, histogram, text: numberText(summary.norm) };
  return { label, text: text ? shortened(text, 30) : `norm ${numberText(summary.norm)}` };
}

const LABEL = 38; // the width of "value " and "grad "

function cardSize(node, shows) {
  const lines = cardLines(node, shows);
  let w = 0;
  lines.forEach((line, i) => {
    const text = measure(line.text, i ? FONT.small : FONT.title);
    w = Math.max(w, text + (line.label ? LABEL : 0) + (line.histogram ? SPARK.w + 6 : 0));
  });
  const thumbnail = thumbnailOf(node, shows) ? PICTURE + 8 : 0;
  const h = Math.max(LINE.title + (lines.length - 1) * LINE.small, thumbnail ? PICTURE : 0);
  return { w: Math.ceil(w + thumbnail + 2 * MARGIN.x), h: h + 2 * MARGIN.y };
}

function thumbnailOf(node, shows) {
  return !node.isGroup && shows.values && node.value && node.value.thumbnail ? node.value.thumbnail : null;
}

/** The outline tells the kind, apart from any colour. */
function outline(node, w, h) {
  if (node.isGroup || node.kind === "module" || node.kind === "repeat") {
    const sheet = (d) => drawn("rect", { x: d, y: d, width: w, height: h, rx: 9, class: "sheet" });
    return node.kind === "repeat" ? [sheet(8), sheet(4), rectangle(w, h, 9)] : [sheet(4), rectangle(w, h, 9)];
  }
  if (node.kind === "input") {
    return [drawn("path", { d: `M0 0H${w}V${h - 8}L${w / 2} ${h}L0 ${h - 8}Z`, class: "shape" })];
  }
  const corner = { parameter: Math.min(18, h / 2), constant: 0, hidden: 0, sum: h / 2, sweep: 0 }[node.kind];
  const shapes = [rectangle(w, h, corner === undefined ? 7 : corner)];
  const inner = { x: 3, y: 3, width: w - 6, height: h - 6, rx: 5, class: "inner" };
  if (node.kind === "output") shapes.push(drawn("rect", inner));
  return shapes;
}

const rectangle = (w, h, rx) => drawn("rect", { width: w, height: h, rx, class: "shape" });

/** The drawing of a card at (0, 0). */
function drawCard(node, { w, h }, shows) {
  const kind = node.isGroup ? `group ${node.kind}` : node.kind;
  const card = drawn("g", { class: `card ${kind}`, tabindex: -1, role: "button" });
  card.setAttribute("aria-label", spoken(node));
  card.append(...outline(node, w, h));
  const thumbnail = thumbnailOf(node, shows);
  if (thumbnail) card.append(image(thumbnail, w - MARGIN.x - PICTURE, (h - PICTURE) / 2, PICTURE));
  const middle = (w - (thumbnail ? PICTURE + 8 : 0)) / 2;
  let y = MARGIN.y;
  cardLines(node, shows).forEach((line, i) => {
    const height = i ? LINE.small : LINE.title;
    const attributes = { y: y + height - 4.5, class: i ? "small" : "name" };
    if (line.label) {
      card.append(drawn("text", { ...attributes, x: MARGIN.x, class: "small label" }, line.label));
      if (line.histogram) card.append(spark(line.histogram, MARGIN.x + LABEL, y + 2));
      const x = MARGIN.x + LABEL + (line.histogram ? SPARK.w + 6 : 0);
      card.append(drawn("text", { ...attributes, x }, line.text));
    } else {
      card.append(drawn("text", { ...attributes, x: middle, "text-anchor": "middle" }, line.text));
    }
    y += height;
  });
  card.append(...flagsOf(node).map((flag, i) => badge(flag, w - 4 - 34 * i)));
  return card;
}

/** What is wrong with a node, or with anything in a folded module. A value may well be zero, a gradient should not. */
function flagsOf(node) {
  const found = new Set();
  for (const { value, gradient } of node.isGroup ? itemsOf(node) : [node]) {
    if (gradient && gradient.flag) found.add(gradient.flag);
    if (value && value.flag && value.flag !== "zero") found.add(value.flag);
  }
  return Object.keys(FLAGS).filter((flag) => found.has(flag));
}

function badge(flag, right) {
  const [mark, words] = FLAGS[flag];
  const made = drawn("g", { class: `badge ${flag}`, transform: `translate(${right - 28},-8)` });
  const text = drawn("text", { x: 16, y: 12, "text-anchor": "middle" }, mark);
  made.append(drawn("rect", { width: 32, height: 16, rx: 8 }), text, drawn("title", {}, words));
  return made;
}

/** A histogram as bars, in one path. */
function spark(histogram, x, y, w = SPARK.w, h = SPARK.h) {
  const most = Math.max(...histogram) || 1;
  const step = w / histogram.length;
  let d = "";
  histogram.forEach((number, i) => {
    if (!number) return;
    const bar = Math.max(1, (number / most) * h).toFixed(1);
    d += `M${(x + i * step).toFixed(1)} ${y + h}v-${bar}h${(step * 0.86).toFixed(1)}v${bar}z`;
  });
  return drawn("path", { d, class: "spark" });
}

/** Rows of brightness as an image that fits a square. */
function image(rows, x, y, side) {
  const scale = side / Math.max(rows.length, rows[0].length);
  const [width, height] = [rows[0].length * scale, rows.length * scale];
  const href = painted(rows).toDataURL("image/png");
  const [left, top] = [x + (side - width) / 2, y + (side - height) / 2];
  return drawn("image", { href, x: left, y: top, width, height, class: "thumbnail" });
}

function painted(rows) {
  const canvas = element("canvas", { width: rows[0].length, height: rows.length, class: "thumbnail" });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(rows[0].length, rows.length);
  rows.flat().forEach((brightness, i) => {
    pixels.data.fill(Math.round(255 * brightness), 4 * i, 4 * i + 3);
    pixels.data[4 * i + 3] = 255;
  });
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/** A card in words, for who listens. */
function spoken(node) {
  if (node.isGroup) return `${groupTitle(node)}, folded, ${counted(node.operationCount, "operation")}; press to unfold`;
  const flags = flagsOf(node).map((flag) => FLAGS[flag][1]);
  const kind = node.kind === "operation" ? "" : node.kind;
  return [node.title || node.name, kind, node.dtype && shapeText(node.shape), ...flags].filter(Boolean).join(", ");
}
