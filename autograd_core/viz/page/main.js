// The page: makes the parts, tells them of each other, and listens to buttons and keys. Everything that can be done by
// mouse can be done by keyboard.

const HELP = [
  ["drag, wheel, pinch", "move and zoom"],
  ["+  -  0", "zoom in, out, show all"],
  ["click", "a node: details; a module: fold, unfold"],
  ["\u2191  \u2193  Enter", "from node to node, and open"],
  ["\u2190  \u2192  Space", "step, play"],
  ["Home  End", "to the start, to the end"],
  ["/", "search; Enter goes to the next hit"],
  ["T  R", "light or dark; down or right"],
  ["Esc", "close, clear"],
];
const CONTROLS = ["first", "previous", "play", "next", "last", "slider", "caption"];

class Page {
  constructor(data) {
    this.model = new Model(data);
    this.svg = byId("graph");
    this.colouring = new Colouring(this.model, this.hasNorms("gradient") ? "gradient" : "none");
    const shows = { values: data.values, gradients: data.gradients };
    this.view = new View(this.model, this.svg, shows, (node) => this.activate(node));
    this.panel = new Panel(this.model, byId("panel"), (item) => this.goTo(item), () => this.panelClosed());
    const goTo = (item) => this.goTo(item);
    this.search = new Search(this.model, byId("query"), byId("hits"), () => this.markHits(), goTo);
    const controls = Object.fromEntries(CONTROLS.map((id) => [id, byId(id)]));
    this.player = new Player(this.model, controls, () => this.drawStates(true));
    this.selected = null;
  }

  hasNorms(field) {
    return this.model.items.some((item) => item[field] && item[field].norm !== undefined);
  }

  // --- what happens to a node -------------------------------------------------------------------------------------

  /** A node was clicked or entered; null for a click beside all nodes. */
  activate(node) {
    if (!node) return this.panel.close();
    if (node.isGroup) return this.fold(node);
    this.view.focus(node);
    this.select(node);
    this.open(node);
  }

  select(item) {
    this.selected = item;
    this.view.select(item);
  }

  open(item) {
    this.panel.open(item);
    this.view.camera.covered = byId("stage").clientWidth > 720 ? byId("panel").offsetWidth : 0;
  }

  panelClosed() {
    this.view.camera.covered = 0;
    this.select(null);
  }

  /** Show an item, unfolding what hides it, and its details. */
  goTo(item) {
    if (this.model.reveal(item)) {
      this.view.draw(this.colouring);
      this.mark();
    }
    this.select(item);
    this.open(item);
    this.markHits();
    this.view.rove(item);
    this.view.show(item, true);
  }

  // --- folding ----------------------------------------------------------------------------------------------------

  fold(group) {
    group.folded = !group.folded;
    this.view.redrawAround(group, this.colouring);
    this.view.focus(group);
    this.mark();
  }

  foldAll() {
    this.model.foldAll();
    this.redraw();
  }

  unfoldAll() {
    this.model.unfoldAll();
    this.redraw();
  }

  turn() {
    this.view.direction = this.view.direction === "TB" ? "LR" : "TB";
    this.redraw();
  }

  redraw() {
    this.view.draw(this.colouring);
    this.view.open();
    this.mark();
  }

  // --- marks on what is drawn -------------------------------------------------------------------------------------

  mark() {
    const { selected, model } = this;
    this.view.select(selected && !model.shown(selected).isGroup ? selected : null);
    this.markHits();
    this.drawStates(false);
  }

  markHits() {
    const { hits, at } = this.search;
    this.view.mark("hit", hits.map((item) => this.model.shown(item)));
    this.view.mark("this-hit", at < 0 ? [] : [this.model.shown(hits[at])]);
    this.svg.classList.toggle("searching", hits.length > 0);
  }

  /** Cards and edges take the state of the player; a folded module that of what is inside. */
  drawStates(follow) {
    const { player, view, model } = this;
    const states = player.states();
    const inside = new Map(); // shown node -> the states of what it stands for
    for (const [item, state] of states) {
      const shown = model.shown(item);
      if (!inside.has(shown)) inside.set(shown, new Set());
      inside.get(shown).add(state);
    }
    for (const [node, drawing] of view.elements) drawing.dataset.state = together(inside.get(node) || new Set());
    for (const { parts, drawing } of view.edges) {
      const passed = player.backwards ? parts.filter(({ edge }) => passesBack(model.items[edge.source])) : parts;
      drawing.dataset.state = furthest(new Set(passed.map(({ item }) => states.get(item))));
    }
    this.svg.classList.toggle("playing", player.position > 0);
    this.svg.classList.toggle("sweeping", player.backwards);
    if (follow && player.current) view.show(model.shown(player.current));
  }

  colourBy(choice) {
    this.colouring.choose(choice);
    this.view.colour(this.colouring);
    for (const button of byId("colouring").querySelectorAll("button")) {
      button.setAttribute("aria-checked", String(button.dataset.colour === choice));
      button.disabled = button.dataset.colour !== "none" && !this.hasNorms(button.dataset.colour);
    }
    const legend = this.colouring.legend();
    byId("legend").replaceChildren(...legend);
    byId("legend").hidden = legend.length === 0;
  }

  toggleTheme() {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    this.colourBy(this.colouring.choice);
  }

  toggleHelp() {
    const hints = byId("hints");
    hints.hidden = !hints.hidden;
    byId("help").setAttribute("aria-expanded", String(!hints.hidden));
  }

  closeAll() {
    if (!byId("hints").hidden) this.toggleHelp();
    this.panel.close();
  }

  // --- buttons and keys -------------------------------------------------------------------------------------------

  listen() {
    const { camera } = this.view;
    const buttons = {
      "zoom-in": () => camera.zoom(ZOOM.step),
      "zoom-out": () => camera.zoom(1 / ZOOM.step),
      fit: () => this.view.fit(),
      turn: () => this.turn(),
      theme: () => this.toggleTheme(),
      help: () => this.toggleHelp(),
      "fold-all": () => this.foldAll(),
      "unfold-all": () => this.unfoldAll(),
    };
    for (const [id, does] of Object.entries(buttons)) byId(id).addEventListener("click", does);
    byId("fold-all").disabled = byId("unfold-all").disabled = this.model.groups.size < 2;
    byId("colouring").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.colourBy(button.dataset.colour);
    });
    const keys = this.keys(buttons);
    document.addEventListener("keydown", (event) => this.key(event, keys));
    window.addEventListener("beforeprint", () => this.view.fit());
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", () => this.colourBy(this.colouring.choice));
  }

  keys(buttons) {
    const { player, view } = this;
    return {
      "+": buttons["zoom-in"],
      "=": buttons["zoom-in"],
      "-": buttons["zoom-out"],
      0: buttons.fit,
      r: buttons.turn,
      t: buttons.theme,
      "?": buttons.help,
      "/": () => byId("query").focus(),
      " ": () => player.toggle(),
      arrowleft: () => player.jump(player.position - 1),
      arrowright: () => player.jump(player.position + 1),
      home: () => player.jump(0),
      end: () => player.jump(player.length),
      arrowup: () => view.walk(-1),
      arrowdown: () => view.walk(1),
      escape: () => this.closeAll(),
    };
  }

  /** A key means the same everywhere, unless something is being written, or a button or node has the focus. */
  key(event, keys) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input") && event.key !== "Escape") return;
    const presses = event.key === "Enter" || event.key === " ";
    if (presses && event.target.matches("button, summary")) return;
    const node = this.view.targets.get(event.target.closest(".card, .header"));
    const does = presses && node ? () => this.activate(node) : keys[event.key.toLowerCase()];
    if (!does) return;
    event.preventDefault();
    does();
  }

  // --- the start --------------------------------------------------------------------------------------------------

  start() {
    const { data } = this.model;
    const theme = { dark: "dark", print: "light" }[data.theme]; // "light" is what nobody chose: as the system is
    if (theme) document.documentElement.dataset.theme = theme;
    byId("size").textContent = sizeText(this.model);
    byId("notes").replaceChildren(...data.notes.map((note) => element("li", {}, note)));
    byId("notes").hidden = data.notes.length === 0;
    const help = HELP.flatMap(([key, does]) => [element("dt", {}, key), element("dd", {}, does)]);
    byId("hints").replaceChildren(element("dl", {}, ...help));
    this.view.draw(this.colouring);
    this.colourBy(this.colouring.choice);
    this.view.open();
    this.listen();
    byId("stage").dataset.ready = "true";
  }
}

/** The state of a module, from those of what is inside. */
function together(states) {
  if (states.has("current")) return "current";
  return states.size > 1 ? "partly" : [...states][0] || "";
}

/** The state of an edge that stands for several: what is furthest on. */
const furthest = (states) => ["current", "done", "coming"].find((state) => states.has(state)) || "";

function sizeText(model) {
  const edges = model.items.reduce((sum, item) => sum + item.edges.length, 0);
  const parts = [counted(model.items.length, "node"), counted(edges, "edge")];
  if (model.root.parameterCount) parts.push(counted(model.root.parameterCount, "parameter"));
  return parts.join(", ");
}

new Page(JSON.parse(byId("data").textContent)).start();
