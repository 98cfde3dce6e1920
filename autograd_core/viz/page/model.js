// The picture as a tree: modules and runs of repetitions hold others and items. Knows what is visible while some are
// folded, and which edges then run between what is visible. Knows nothing of drawing.

const MOST_VISIBLE = 6000; // more than these in one module are folded into stretches of them

class Model {
  constructor(data) {
    this.data = data;
    this.items = data.items.map((item, index) => readItem(item, index, data));
    for (const item of this.items) {
      for (const edge of item.edges) this.items[edge.source].uses.push({ item, edge });
    }
    this.root = this.branch({ path: "", label: data.title, kind: "root" }, null);
    this.groups = new Map([["", this.root]]); // by path
    this.byName = new Map(this.items.map((item) => [item.name, item]));
    this.plant();
    for (const group of this.bottomUp()) foldStretches(this, group);
    for (const group of this.bottomUp()) count(group);
  }

  branch(group, parent) {
    const { path, label, kind = "module", type = "", folded = false } = group;
    return { isGroup: true, path, label, kind, type, folded, parent, children: [], first: Infinity, depth: 0 };
  }

  /** Hang each item into the group of its path, and each group into the nearest one whose path starts its own. */
  plant() {
    const given = new Map(this.data.groups.map((group) => [group.path, group]));
    const groupAt = (path) => {
      const made = [];
      while (!this.groups.has(path)) {
        if (given.has(path) || made.length === 0) made.push(path);
        const dot = path.lastIndexOf(".");
        path = dot < 0 ? "" : path.slice(0, dot);
      }
      let group = this.groups.get(path);
      while (made.length) {
        const next = made.pop();
        const known = given.get(next) || { path: next, label: next.slice(next.lastIndexOf(".") + 1) };
        const child = this.branch(known, group);
        group.children.push(child);
        this.groups.set(next, child);
        group = child;
      }
      return group;
    };
    for (const item of this.items) {
      item.parent = groupAt(item.path);
      item.parent.children.push(item);
    }
    for (const group of this.bottomUp()) if (group.parent && isThin(group)) dissolve(this, group);
    for (const group of this.bottomUp()) {
      group.first = Math.min(...group.children.slice(0, 9).map((child) => child.first), firstOperation(group));
      group.children.sort((a, b) => a.first - b.first);
    }
  }

  /** All groups, each after those inside it. */
  bottomUp() {
    const found = [this.root];
    for (let i = 0; i < found.length; i++) found.push(...found[i].children.filter((child) => child.isGroup));
    return found.reverse();
  }

  /** What stands for an item now: itself, or the outermost folded group that hides it. */
  shown(item) {
    let shown = item;
    for (let group = item.parent; group; group = group.parent) if (group.folded) shown = group;
    return shown;
  }

  /** Items and folded groups that are visible, and the open groups around them, outermost first. */
  visible() {
    const open = [this.root];
    const leaves = [];
    for (let i = 0; i < open.length; i++) {
      for (const child of open[i].children) (child.isGroup && !child.folded ? open : leaves).push(child);
    }
    return { open, leaves };
  }

  /** The edges between what is visible: those from one to the same other are one edge, which knows them all. */
  edges() {
    const merged = new Map();
    const shown = new Map(this.items.map((item) => [item, this.shown(item)]));
    for (const item of this.items) {
      const to = shown.get(item);
      for (const edge of item.edges) {
        const from = shown.get(this.items[edge.source]);
        if (from === to) continue;
        const key = `${from.id} ${to.id}`;
        if (!merged.has(key)) merged.set(key, { from, to, parts: [] });
        merged.get(key).parts.push({ item, edge });
      }
    }
    return [...merged.values()];
  }

  /** Open whatever hides an item. True if something had to be. */
  reveal(item) {
    let opened = false;
    for (let group = item.parent; group; group = group.parent) {
      opened = opened || group.folded;
      group.folded = false;
    }
    return opened;
  }

  foldAll() {
    for (const group of this.bottomUp()) group.folded = group !== this.root;
  }

  /** Open the groups, outer ones first, as long as no more is visible than a browser draws. */
  unfoldAll() {
    let visible = 0;
    for (const group of this.bottomUp().reverse()) {
      visible += group.children.length;
      group.folded = visible > MOST_VISIBLE;
    }
    this.root.folded = false;
  }
}

/** A module that is one operation and nothing else needs no box around it: the card names the module. */
function isThin(group) {
  return group.kind === "module" && group.children.length === 1 && !group.children[0].isGroup;
}

function dissolve(model, group) {
  const [item] = group.children;
  item.parent = group.parent;
  item.module = group;
  group.parent.children[group.parent.children.indexOf(group)] = item;
  model.groups.delete(group.path);
}

let identities = 0;

function readItem(item, index, data) {
  const edges = (item.edges || []).map(([source, argument, rule]) => ({
    source,
    argument,
    rule: rule === undefined ? null : { words: data.rules[rule][0], latex: data.rules[rule][1] },
  }));
  const [line, text] = data.places[item.place] || [];
  const place = line === undefined ? null : { line, text };
  const empty = { path: "", operation: "", options: "", dtype: "", nbytes: 0, count: 1, title: "" };
  return { ...empty, ...item, edges, place, index, first: index, uses: [], id: `n${identities++}` };
}

/** Parameters are made long before they are used, so a group stands where its first operation does. */
function firstOperation(group) {
  let first = Infinity;
  for (const child of group.children) {
    if (child.isGroup || child.edges.length) first = Math.min(first, child.first);
  }
  return first;
}

function count(group) {
  group.id = group.id || `g${identities++}`;
  group.itemCount = group.operationCount = group.parameterCount = 0;
  for (const child of group.children) {
    const inside = child.isGroup ? child.itemCount : 1;
    const operations = child.isGroup ? child.operationCount : child.operations || (child.edges.length ? 1 : 0);
    group.itemCount += inside;
    group.operationCount += operations * (child.count || 1);
    group.parameterCount += (child.isGroup ? child.parameterCount : learned(child)) * (child.count || 1);
  }
}

function learned(item) {
  if (item.parameters) return item.parameters;
  return item.kind === "parameter" ? item.shape.reduce((product, length) => product * length, 1) : 0;
}

/** A browser draws some thousands of boxes, not a million: cut too many children into stretches, folded. */
function foldStretches(model, group) {
  while (group.children.length > MOST_VISIBLE) {
    const length = Math.max(100, Math.ceil(group.children.length / 200));
    const stretches = [];
    for (let start = 0; start < group.children.length; start += length) {
      const run = group.children.slice(start, start + length);
      const label = `${start + 1} to ${start + run.length}`;
      const path = `${group.path} ${label}`.trim();
      const stretch = model.branch({ path, label, kind: "hidden", folded: true }, group);
      stretch.children = run;
      stretch.first = run[0].first;
      for (const child of run) child.parent = stretch;
      model.groups.set(path, stretch);
      stretches.push(stretch);
    }
    group.children = stretches;
  }
}
