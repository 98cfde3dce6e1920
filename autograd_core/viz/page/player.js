// The player: goes through the forward pass and then the sweep, a step at a time, and says in words what happens. Knows
// the order of the steps; the view draws what is done, what happens now and what is to come.

const PACE = 900; // milliseconds a step
const SHORT = 40; // numbers of less letters than that are said

class Player {
  constructor(model, controls, changed) {
    Object.assign(this, { model, controls, changed, position: 0, timer: null });
    const by = (field) => model.items.filter((item) => item[field]).sort((a, b) => a[field] - b[field]);
    this.forward = by("step");
    this.sweep = by("sweep");
    const { slider } = controls;
    slider.max = this.length;
    slider.addEventListener("input", () => this.jump(Number(slider.value)));
    const buttons = {
      first: () => this.jump(0),
      previous: () => this.jump(this.position - 1),
      next: () => this.jump(this.position + 1),
      last: () => this.jump(this.length),
      play: () => this.toggle(),
    };
    for (const [name, does] of Object.entries(buttons)) controls[name].addEventListener("click", does);
    this.say();
  }

  /** Go to a position by hand, which stops the playing. */
  jump(position) {
    this.pause();
    this.go(position);
  }

  get length() {
    return this.forward.length + this.sweep.length;
  }

  get backwards() {
    return this.position > this.forward.length;
  }

  /** The item that is computed or swept at this position; null at the start. */
  get current() {
    if (!this.position) return null;
    return this.backwards ? this.sweep[this.position - this.forward.length - 1] : this.forward[this.position - 1];
  }

  go(position) {
    this.position = Math.min(this.length, Math.max(0, position));
    this.say();
    this.changed();
  }

  toggle() {
    if (this.timer) return this.pause();
    if (this.position >= this.length) this.go(0);
    const step = () => {
      this.go(this.position + 1);
      if (this.position >= this.length) this.pause();
    };
    this.timer = setInterval(step, PACE);
    this.controls.play.textContent = "Pause";
    step();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.controls.play.textContent = "Play";
  }

  /** What is known of the items now: "done", "current" or "coming"; those that take no step are not in it. */
  states() {
    const states = new Map();
    if (!this.position) return states;
    const steps = this.backwards ? this.sweep : this.forward;
    const at = this.backwards ? this.position - this.forward.length : this.position;
    steps.forEach((item, i) => states.set(item, i < at - 1 ? "done" : i === at - 1 ? "current" : "coming"));
    return states;
  }

  say() {
    const { slider, caption } = this.controls;
    slider.value = this.position;
    const words = this.words();
    slider.setAttribute("aria-valuetext", words);
    caption.textContent = words;
    for (const name of ["first", "previous"]) this.controls[name].disabled = !this.position;
    for (const name of ["next", "last"]) this.controls[name].disabled = this.position >= this.length;
    this.controls.play.disabled = !this.length;
  }

  words() {
    if (!this.length) return "Nothing was computed here.";
    const one = !this.sweep.length; // a program, which goes one way: its sweeps are among its steps
    const counts = [this.forward, this.sweep].map((steps) => counted(steps.length, "step"));
    if (!this.position) return `${one ? counts[0] : `${counts[0]} forward, ${counts[1]} back`}. Press \u2192 to begin.`;
    const head = `step ${grouped(this.position)} of ${grouped(this.length)}`;
    if (this.backwards) return `${head}, sweep: ${sweepWords(this.model, this.current)}`;
    return `${head}${one ? "" : ", forward"}: ${forwardWords(this.model, this.current)}`;
  }
}

/** A variable by its name; what has none by the module and the operation. */
const placed = (item) => (item.title === item.operation ? item.name : titleOf(item));

function forwardWords(model, item) {
  const numbers = fewNumbers(item.value);
  const sources = repeated(item.edges.map((edge) => titleOf(model.items[edge.source])));
  if (!sources.length) return `${placed(item)} is given${numbers && ` as ${numbers}`}`;
  const shape = item.shape.length ? `${shapeText(item.shape)}${numbers && ` = ${numbers}`}` : numbers || "a number";
  const options = item.options && item.options.length < SHORT ? `, with ${item.options}` : "";
  return `${placed(item)} computes ${item.dtype ? shape : "it"} from ${listed(sources)}${options}`;
}

function sweepWords(model, item) {
  const numbers = fewNumbers(item.gradient);
  const shape = item.shape.length ? ` ${shapeText(item.shape)}${numbers && " ="}` : "";
  const what = `cotangent${shape}${numbers && ` ${numbers}`}`;
  const goesOn = item.edges.filter((edge) => passesBack(model.items[edge.source]));
  const goal = ({ source, rule }) => `to ${titleOf(model.items[source])}${rule ? `: ${rule.words}` : ""}`;
  const on = repeated(goesOn.map(goal));
  if (item.edges.length === 0) return `${what} arrives at ${placed(item)} and is its gradient`;
  return `${what} arrives at ${placed(item)}${on.length ? `; goes on ${on.join(", ")}` : ""}`;
}

/** The numbers of an array, if they are few. */
const fewNumbers = (summary) => (summary && summary.numbers && summary.numbers.length < SHORT ? summary.numbers : "");

/** Each text once, those that came more often with a count. */
function repeated(texts) {
  const counts = new Map();
  for (const text of texts) counts.set(text, (counts.get(text) || 0) + 1);
  return [...counts].map(([text, times]) => (times > 1 ? `${text} (${times} times)` : text));
}

/** True for what a cotangent goes to. */
const passesBack = (item) => item.kind !== "constant";
