// Words for people: shapes, numbers, bytes and counts as text, and elements of the page. Knows nothing of graphs.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; a child that is text is text, never markup. */
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for an element of a drawing. */
function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const byId = (id) => document.getElementById(id);

/** (64, 30), as Python writes it. */
function shapeText(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

/** Four significant digits, without padding. */
function numberText(number) {
  if (number === undefined || number === null) return "none";
  if (Number.isInteger(number) && Math.abs(number) < 1e6) return String(number);
  const size = Math.abs(number);
  const text = size >= 1e5 || size < 1e-3 ? number.toExponential(3) : number.toPrecision(4);
  return text.replace(/\.?0+(?=e|$)/, "").replace("e+", "e");
}

function bytesText(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit += 1;
  }
  return `${unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

/** "1 node", "3 nodes". */
const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;

/** "a, b and c". */
function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

const shortened = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}\u2026` : text);

const FLAGS = { NaN: ["NaN", "not a number"], inf: ["\u221e", "infinite"], zero: ["0", "all zero"] };
