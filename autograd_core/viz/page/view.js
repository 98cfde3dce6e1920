// The drawing on the page: cards, edges with arrow heads, open modules. Knows the model, the layout and the camera;
// makes all of it anew when something is folded, and only changes classes otherwise.

class View {
  constructor(model, svg, shows, activate) {
    Object.assign(this, { model, svg, shows, activate });
    this.direction = model.data.direction === "LR" ? "LR" : "TB";
    this.world = drawn("g", { id: "world" });
    svg.append(this.world);
    this.camera = new Camera(svg, this.world, (scale) => this.detail(scale));
    svg.addEventListener("click", (event) => this.click(event));
  }

  /** Lay out and draw what is visible. */
  draw(colouring) {
    const start = performance.now();
    const visible = this.model.visible();
    const edges = this.model.edges();
    this.sizes = new Map(visible.leaves.map((leaf) => [leaf, cardSize(leaf, this.shows)]));
    this.layout = layOut(visible, edges, (leaf) => this.sizes.get(leaf), this.direction);
    this.elements = new Map(); // cards and headers, by node
    this.targets = new Map(); // and the other way round
    const layers = ["backgrounds", "edges", "headers", "cards"].map((name) => drawn("g", { class: name }));
    const [backgrounds, lines, headers, cards] = layers;
    for (const group of visible.open) {
      if (group === this.model.root) continue;
      const { x, y, w, h } = this.layout.boxes.get(group);
      const kind = `ground ${group.kind} depth-${ancestors(group).length % 2}`;
      backgrounds.append(drawn("rect", { x, y, width: w, height: h, rx: 12, class: kind }));
      headers.append(this.keep(group, this.header(group), x, y));
    }
    this.edges = edges.map((edge) => this.edge(edge, this.layout.routes.get(edge)));
    lines.append(...this.edges.map((edge) => edge.drawing));
    for (const leaf of visible.leaves) {
      const { x, y } = this.layout.boxes.get(leaf);
      cards.append(this.keep(leaf, drawCard(leaf, this.sizes.get(leaf), this.shows), x, y));
    }
    this.world.replaceChildren(...layers);
    this.order = [...this.elements.keys()].sort((a, b) => a.first - b.first || (a.isGroup ? -1 : 1));
    this.rove(this.order[0]);
    this.colour(colouring);
    performance.measure("draw", { start });
  }

  keep(node, drawing, x, y) {
    drawing.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    drawing.dataset.name = node.isGroup ? node.path : node.name;
    this.elements.set(node, drawing);
    this.targets.set(drawing, node);
    return drawing;
  }

  header(group) {
    const title = `\u25be ${groupTitle(group)}`;
    const made = drawn("g", { class: "header", tabindex: -1, role: "button", "aria-expanded": "true" });
    made.setAttribute("aria-label", `${groupTitle(group)}, open; press to fold`);
    made.append(drawn("rect", { x: 6, y: 5, width: measure(title, FONT.title) + 18, height: 21, rx: 6 }));
    made.append(drawn("text", { x: 15, y: 20, class: "name" }, title), drawn("title", {}, group.path));
    return made;
  }

  edge({ from, to, parts }, points) {
    const drawing = drawn("g", { class: parts.length > 1 ? "edge several" : "edge" });
    drawing.append(drawn("path", { d: smooth(points, this.direction), class: "line" }));
    drawing.append(drawn("path", { d: this.head(points[points.length - 1], 1), class: "head" }));
    drawing.append(drawn("path", { d: this.head(points[0], -1), class: "head backwards" }));
    const said = parts.slice(0, 6).map(({ item, edge }) => edgeText(this.model, item, edge));
    if (parts.length > 6) said.push(`and ${parts.length - 6} more`);
    drawing.append(drawn("title", {}, said.join("\n")));
    return { from, to, parts, drawing };
  }

  /** A triangle whose tip is at a point, along the flow (1) or against it (-1). */
  head([x, y], sign) {
    const sideways = this.direction === "LR";
    const corner = (along, across) => (sideways ? `${x + along} ${y + across}` : `${x + across} ${y + along}`);
    return `M${corner(0, 0)}L${corner(-7 * sign, -3.6)}L${corner(-7 * sign, 3.6)}Z`;
  }

  colour(colouring) {
    for (const [node, drawing] of this.elements) {
      const colour = colouring.of(node);
      drawing.classList.toggle("coloured", colour !== null);
      for (const [name, value] of [["--fill", colour && colour.fill], ["--ink", colour && colour.ink]]) {
        if (value) drawing.style.setProperty(name, value);
        else drawing.style.removeProperty(name);
      }
    }
  }

  /** Less is drawn of what is far away. */
  detail(scale) {
    const detail = scale > 0.33 ? "near" : scale > 0.12 ? "far" : "farther";
    if (this.svg.dataset.detail !== detail) this.svg.dataset.detail = detail;
  }

  fit() {
    this.camera.fit(this.layout);
  }

  open() {
    this.camera.open(this.layout);
  }

  show(node, always) {
    const box = this.layout.boxes.get(node);
    if (box) this.camera.show(node.isGroup && !node.folded ? { ...box, h: SPACE.header } : box, always);
  }

  /** Draw anew after a change of folding, so that this box's corner stays where it is on the screen. */
  redrawAround(node, colouring) {
    const before = this.layout.boxes.get(node);
    this.draw(colouring);
    const after = this.layout.boxes.get(node);
    const { scale } = this.camera;
    if (before && after) this.camera.pan((before.x - after.x) * scale, (before.y - after.y) * scale);
  }

  click(event) {
    if (!this.camera.clicked) return;
    const drawing = event.target.closest(".card, .header");
    this.activate(drawing ? this.targets.get(drawing) : null);
  }

  /** One node of the drawing can be reached by the tabulator, the others from there by arrows. */
  rove(node) {
    if (this.roving && this.elements.has(this.roving)) this.elements.get(this.roving).setAttribute("tabindex", -1);
    this.roving = node;
    if (node) this.elements.get(node).setAttribute("tabindex", 0);
  }

  focus(node) {
    if (!this.elements.has(node)) return;
    this.rove(node);
    this.elements.get(node).focus({ preventScroll: true });
  }

  /** The node before or behind the one in focus, in the order of computation. */
  walk(step) {
    const at = this.order.indexOf(this.roving);
    const node = this.order[Math.min(this.order.length - 1, Math.max(0, at + step))];
    this.focus(node);
    this.show(node);
  }

  /** Give cards a class where it holds: `mark("hit", nodes)`. */
  mark(name, nodes) {
    const marked = new Set(nodes);
    for (const [node, drawing] of this.elements) drawing.classList.toggle(name, marked.has(node));
  }

  select(node) {
    this.mark("selected", node ? [node] : []);
    for (const { from, to, drawing } of this.edges) {
      drawing.classList.toggle("near", node !== null && (from === node || to === node));
    }
  }
}

function edgeText(model, item, edge) {
  const argument = edge.argument ? ` as ${edge.argument}` : "";
  const rule = edge.rule ? `; backwards: ${edge.rule.words}` : "";
  return `${titleOf(model.items[edge.source])} \u2192 ${titleOf(item)}${argument}${rule}`;
}

const titleOf = (item) => item.title || item.operation || item.name;
