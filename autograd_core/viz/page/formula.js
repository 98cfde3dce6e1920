// Formulas as MathML, from the LaTeX that rules are written in: fractions, roots, indices, accents, names and signs.
// Knows that much LaTeX and no more; of what it does not know it makes nothing, and the page shows the source.

const MATH = "http://www.w3.org/1998/Math/MathML";

const SIGNS = {
  odot: "\u2299", cdot: "\u22c5", times: "\u00d7", ast: "\u2217", star: "\u22c6", otimes: "\u2297", oplus: "\u2295",
  top: "\u22a4", sum: "\u2211", prod: "\u220f", int: "\u222b", ni: "\u220b", in: "\u2208", notin: "\u2209",
  partial: "\u2202", nabla: "\u2207", infty: "\u221e", leq: "\u2264", le: "\u2264", geq: "\u2265", ge: "\u2265",
  neq: "\u2260", ne: "\u2260", approx: "\u2248", equiv: "\u2261", sim: "\u223c", pm: "\u00b1", mp: "\u2213",
  to: "\u2192", mapsto: "\u21a6", leftarrow: "\u2190", wedge: "\u2227", vee: "\u2228", neg: "\u00ac", lnot: "\u00ac",
  circ: "\u2218", dagger: "\u2020", mid: "|", lfloor: "\u230a", rfloor: "\u230b", lceil: "\u2308", rceil: "\u2309",
  langle: "\u27e8", rangle: "\u27e9", lVert: "\u2016", rVert: "\u2016", Vert: "\u2016", lvert: "|", rvert: "|",
  vert: "|", ldots: "\u2026", dots: "\u2026", cdots: "\u22ef", colon: ":", prime: "\u2032", "{": "{", "}": "}",
  "|": "\u2016", "%": "%", _: "_", "&": "&", "#": "#",
};
const GREEK = {
  alpha: "\u03b1", beta: "\u03b2", gamma: "\u03b3", delta: "\u03b4", epsilon: "\u03b5", varepsilon: "\u03b5",
  zeta: "\u03b6", eta: "\u03b7", theta: "\u03b8", kappa: "\u03ba", lambda: "\u03bb", mu: "\u03bc", nu: "\u03bd",
  xi: "\u03be", pi: "\u03c0", rho: "\u03c1", sigma: "\u03c3", tau: "\u03c4", phi: "\u03c6", varphi: "\u03c6",
  chi: "\u03c7", psi: "\u03c8", omega: "\u03c9", ell: "\u2113", Gamma: "\u0393", Delta: "\u0394", Theta: "\u0398",
  Lambda: "\u039b", Sigma: "\u03a3", Phi: "\u03a6", Psi: "\u03a8", Omega: "\u03a9",
};
const ACCENTS = { bar: "\u00af", overline: "\u00af", tilde: "~", hat: "^", widehat: "^", dot: "\u02d9", vec: "\u2192" };
const UPRIGHT = ["mathrm", "text", "operatorname", "mathbf", "mathit", "mathtt", "texttt"];
const NAMED = "sin cos tan sinh cosh tanh log ln exp arcsin arccos arctan max min det sup inf arg Pr lim".split(" ");
const SPACES = { ",": "0.17em", ":": "0.22em", ";": "0.28em", " ": "0.25em", "!": "0em", quad: "1em", qquad: "2em" };
const SIZES = "left right big Big bigl bigr Bigl Bigr displaystyle textstyle limits nolimits".split(" ");

/** A formula as an element, null for LaTeX that is not understood here. */
function formula(latex) {
  const tokens = latex.match(/\\[a-zA-Z]+|\\[^]|\d+(?:\.\d+)?|[^\s]|\s+/g) || [];
  const reader = new FormulaReader(tokens);
  try {
    const row = reader.row("");
    if (reader.at < tokens.length) return null;
    const math = mathml("math", row);
    math.setAttribute("displaystyle", "true");
    return math;
  } catch (error) {
    if (error instanceof UnknownLatex) return null;
    throw error;
  }
}

class UnknownLatex extends Error {}

class FormulaReader {
  constructor(tokens) {
    Object.assign(this, { tokens, at: 0 });
  }

  get next() {
    while (/^\s/.test(this.tokens[this.at] || "")) this.at += 1;
    return this.tokens[this.at];
  }

  /** Everything up to a closing token, which is passed. */
  row(closing) {
    const parts = [];
    while (this.next !== undefined && this.next !== closing) parts.push(this.scripted());
    if (closing && this.next !== closing) throw new UnknownLatex(closing);
    if (closing) this.at += 1;
    return mathml("mrow", ...parts);
  }

  /** One thing with its indices. */
  scripted() {
    const base = this.one();
    let lower = null;
    let upper = null;
    while (this.next === "_" || this.next === "^") {
      const sign = this.tokens[this.at++];
      if (sign === "_") lower = this.one();
      else upper = this.one();
    }
    const below = base.textContent === SIGNS.sum || base.textContent === SIGNS.prod;
    if (lower && upper) return mathml(below ? "munderover" : "msubsup", base, lower, upper);
    if (lower) return mathml(below ? "munder" : "msub", base, lower);
    return upper ? mathml("msup", base, upper) : base;
  }

  one() {
    const token = this.next;
    this.at += 1;
    if (token === undefined || token === "}" || token === "&") throw new UnknownLatex(token);
    if (token === "{") return this.row("}");
    if (token[0] === "\\") return this.command(token.slice(1));
    if (/^\d/.test(token)) return mathml("mn", token);
    return /^[A-Za-z\u00c0-\uffff]/.test(token) ? mathml("mi", token) : operator(token === "-" ? "\u2212" : token);
  }

  command(name) {
    if (Object.hasOwn(SIGNS, name)) return mathml("mo", SIGNS[name]);
    if (Object.hasOwn(GREEK, name)) return mathml("mi", GREEK[name]);
    if (NAMED.includes(name)) return mathml("mi", name);
    if (UPRIGHT.includes(name)) return mathml("mtext", this.words());
    if (Object.hasOwn(SPACES, name)) return spaced(SPACES[name]);
    if (SIZES.includes(name)) return this.next === "." ? (this.at++, mathml("mrow")) : mathml("mrow");
    if (name === "frac" || name === "tfrac" || name === "dfrac") return mathml("mfrac", this.one(), this.one());
    if (name === "sqrt") return mathml("msqrt", this.one());
    if (Object.hasOwn(ACCENTS, name)) return accented(this.one(), ACCENTS[name]);
    throw new UnknownLatex(name);
  }

  /** A group in braces as plain words. */
  words() {
    if (this.next !== "{") return this.tokens[this.at++] || "";
    let text = "";
    this.at += 1;
    for (; this.tokens[this.at] !== "}"; this.at++) {
      const token = this.tokens[this.at];
      if (token === undefined || token === "{") throw new UnknownLatex(token);
      text += token[0] === "\\" ? token.slice(1).replace(",", " ") : token;
    }
    this.at += 1;
    return text;
  }
}

function mathml(name, ...children) {
  return filled(document.createElementNS(MATH, name), {}, children);
}

/** A sign of the height of its line, parentheses too. */
function operator(sign) {
  const made = mathml("mo", sign);
  made.setAttribute("stretchy", "false");
  return made;
}

function spaced(width) {
  const space = mathml("mspace");
  space.setAttribute("width", width);
  return space;
}

function accented(base, mark) {
  const over = mathml("mover", base, mathml("mo", mark));
  over.setAttribute("accent", "true");
  return over;
}
