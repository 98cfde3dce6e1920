// What part of the drawing is seen: pan by dragging, zoom by wheel, pinch and keys, both about the point that is meant.
// Knows one group of the drawing that it moves, and nothing of what is in it.

const ZOOM = { least: 0.004, legible: 0.5, readable: 0.75, small: 1.25, most: 6, step: 1.25, margin: 28 };
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

/** `covered` is so much of the width, at the right, that a panel lies over. */
class Camera {
  constructor(svg, world, changed) {
    Object.assign(this, { svg, world, changed, x: 0, y: 0, scale: 1, covered: 0, pointers: new Map(), moved: 0 });
    this.resize();
    new ResizeObserver(() => this.resize()).observe(svg);
    svg.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.press(event));
    svg.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, (event) => this.release(event));
  }

  /** How large the window is. Asked for rarely: the browser has to lay out all that is new before it can tell. */
  resize() {
    this.width = this.svg.clientWidth || 800;
    this.height = this.svg.clientHeight || 600;
  }

  apply() {
    const shift = `translate(${this.x.toFixed(2)} ${this.y.toFixed(2)})`;
    this.world.setAttribute("transform", `${shift} scale(${this.scale.toFixed(5)})`);
    this.changed(this.scale);
  }

  set(x, y, scale) {
    cancelAnimationFrame(this.flight);
    Object.assign(this, { x, y, scale });
    this.apply();
  }

  /** Zoom by a factor about a point of the window, by default its middle. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const scale = Math.min(ZOOM.most, Math.max(ZOOM.least, this.scale * factor));
    const ratio = scale / this.scale;
    this.set(px - (px - this.x) * ratio, py - (py - this.y) * ratio, scale);
  }

  pan(dx, dy) {
    this.set(this.x + dx, this.y + dy, this.scale);
  }

  /** Show all of a drawing of this size. */
  fit({ w, h }) {
    const [width, height] = [this.width - 2 * ZOOM.margin, this.height - 2 * ZOOM.margin];
    const scale = Math.min(ZOOM.small, width / Math.max(w, 1), height / Math.max(h, 1));
    this.set((this.width - w * scale) / 2, (this.height - h * scale) / 2, Math.max(ZOOM.least, scale));
  }

  /** Show all if it can be read then, else the start of it. */
  open(size) {
    this.fit(size);
    if (this.scale >= ZOOM.legible) return;
    const scale = ZOOM.readable;
    const across = (this.width - size.w * scale) / 2;
    const along = (this.height - size.h * scale) / 2;
    this.set(Math.max(ZOOM.margin, across), Math.max(ZOOM.margin, along), scale);
  }

  /** Bring a box into the middle, near enough to be read, if it is not well in sight. */
  show(box, always = false) {
    const scale = Math.max(this.scale, ZOOM.readable);
    const [left, top] = [box.x * this.scale + this.x, box.y * this.scale + this.y];
    const [right, bottom] = [left + box.w * this.scale, top + box.h * this.scale];
    const width = this.width - this.covered;
    const inSight = left > 20 && top > 20 && right < width - 20 && bottom < this.height - 20;
    if (inSight && this.scale >= 0.5 && !always) return;
    this.fly(width / 2 - (box.x + box.w / 2) * scale, this.height / 2 - (box.y + box.h / 2) * scale, scale);
  }

  fly(x, y, scale) {
    cancelAnimationFrame(this.flight);
    if (calm()) return this.set(x, y, scale);
    const from = { x: this.x, y: this.y, scale: this.scale };
    const start = performance.now();
    const frame = (now) => {
      const time = Math.min(1, (now - start) / 220);
      const eased = time * (2 - time);
      for (const key of ["x", "y", "scale"]) this[key] = from[key] + ({ x, y, scale }[key] - from[key]) * eased;
      this.apply();
      if (time < 1) this.flight = requestAnimationFrame(frame);
    };
    this.flight = requestAnimationFrame(frame);
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    this.zoom(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0015)), ...this.point(event));
  }

  press(event) {
    if (event.button > 1) return;
    this.pointers.set(event.pointerId, this.point(event));
    if (this.pointers.size === 1) this.moved = 0;
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    if (!event.buttons) return this.release(event);
    const now = this.point(event);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    this.moved += Math.abs(dx) + Math.abs(dy);
    if (this.moved > 4) this.svg.setPointerCapture(event.pointerId);
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    this.pointers.set(event.pointerId, now);
    if (others.length) this.pinch(before, now, others[0]);
    else if (this.moved > 4) this.pan(dx, dy);
  }

  pinch(before, now, other) {
    const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
    this.zoom(distance(now, other) / distance(before, other), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  }

  release(event) {
    this.pointers.delete(event.pointerId);
  }

  /** True for a press that did not become a drag. */
  get clicked() {
    return this.moved <= 4;
  }
}
