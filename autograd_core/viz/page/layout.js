// Where everything goes: each open module is laid out by itself, from the inside out, and then stands in its parent as
// a box. An edge that crosses a module's border does so at a port, which is a node without size in the module's first
// or last layer. Knows the visible tree, its edges and the sizes of the cards; answers in points, drawing nothing.

const SPACE = { layers: 34, cards: 22, lines: 12, padding: 16, header: 30, lane: 12, far: 100 };

/**
 * The whole drawing: `boxes` by identity ({x, y, w, h}, absolute), `routes` by edge (points from the source to the
 * target), and the size. `size(node)` is that of a visible item or folded group.
 */
function layOut(visible, edges, size, direction) {
  const sideways = direction === "LR";
  const level = new Map(visible.open.map((group) => [group, new Level(group)]));
  const crossings = edges.map((edge) => crossing(edge, level));
  const sizes = new Map();
  for (const leaf of visible.leaves) {
    const { w, h } = size(leaf);
    sizes.set(leaf, sideways ? { w: h, h: w } : { w, h });
  }
  for (const group of [...visible.open].reverse()) {
    sizes.set(group, level.get(group).arrange(sizes, level, sideways, group.parent === null));
  }
  const boxes = new Map();
  const [root] = visible.open;
  boxes.set(root, { x: 0, y: 0, ...sizes.get(root) });
  for (const group of visible.open) {
    const outer = boxes.get(group);
    for (const { member, x, y } of level.get(group).placed) {
      boxes.set(member, { x: outer.x + x, y: outer.y + y, ...sizes.get(member) });
    }
  }
  const routes = new Map();
  edges.forEach((edge, i) => routes.set(edge, route(crossings[i], level, boxes)));
  if (sideways) transpose(boxes, routes);
  return { boxes, routes, ...boxes.get(root) };
}

/** One open module: what stands in it, the ports in its border, and the edges between them. */
class Level {
  constructor(group) {
    this.group = group;
    this.members = [...group.children];
    this.number = new Map(this.members.map((member, i) => [member, i]));
    this.ports = new Map(); // "in n12" -> number
    this.tops = [];
    this.bottoms = [];
    this.edges = new Map(); // by source and target
  }

  /** The port by which the value of a source comes in ("in") or goes out ("out"). */
  port(side, source) {
    const name = `${side} ${source.id}`;
    if (!this.ports.has(name)) {
      const number = this.members.length + this.ports.size;
      this.ports.set(name, number);
      (side === "in" ? this.tops : this.bottoms).push(number);
    }
    return this.ports.get(name);
  }

  /** An edge of this level, made once: the value of `source` goes from one number to another. */
  edge(source, from, to) {
    const name = `${source.id} ${to}`;
    if (!this.edges.has(name)) this.edges.set(name, { key: source.id, source, from, to });
    return this.edges.get(name);
  }

  /** Place the members; returns the size of the box around them. */
  arrange(sizes, level, sideways, isRoot) {
    const members = this.members.length;
    const count = members + this.ports.size;
    const edges = [...this.edges.values()];
    this.portNumber = new Map([...this.ports].map(([name, number]) => [number, name]));
    const ranks = rank(count, edges, this.tops, this.bottoms);
    const { links, layerOfBend } = bend(count, edges, ranks);
    const layerOf = [...ranks, ...layerOfBend];
    const layerCount = Math.max(0, ...[...new Set(layerOf)]) + 1;
    const lane = this.lanes(edges);
    const widths = layerOf.map((_, node) => (node < members ? sizes.get(this.members[node]).w + 2 * lane(node) : 0));
    const heights = layerOf.map((_, node) => (node < members ? sizes.get(this.members[node]).h : 0));
    const { fromOff, toOff, fromAt, toAt } = this.meetings(links, widths, level);
    const layers = orderLayers(layerOf, layerCount, links, fromAt, toAt);
    this.weigh(links, count);
    const gap = (a, b) => (a >= members || b >= members ? SPACE.lines : SPACE.cards);
    const x = positions(layers, widths, gap, links, fromOff, toOff);
    const room = roomBelow(layers.length, layerOf, links, x);
    return this.frame({ layers, x, widths, heights, members, lane, room, sideways, isRoot });
  }

  /** Room on both sides of what an edge runs upwards from or to: on the right it passes. */
  lanes(edges) {
    const passed = new Set(edges.filter((edge) => edge.back).flatMap(({ from, to }) => [from, to]));
    return (node) => (passed.has(node) ? 2 * SPACE.lane : 0);
  }

  /** Where the links meet their boxes: at the port of an open module, else in the middle. */
  meetings(links, widths, level) {
    const offset = (node, side, link) => {
      const member = this.members[node];
      if (member && link.edge.back) return widths[node] / 2 - SPACE.lane;
      if (!member || !level.has(member)) return 0;
      const inside = level.get(member);
      return inside.portAt.get(`${side} ${link.edge.source.id}`) - inside.size.w / 2;
    };
    const fromOff = links.map((link) => offset(link.from, "out", link));
    const toOff = links.map((link) => offset(link.to, "in", link));
    const share = (off, width) => (width ? 0.5 + off / width : 0.5);
    return {
      fromOff,
      toOff,
      fromAt: links.map((link, i) => share(fromOff[i], widths[link.from])),
      toAt: links.map((link, i) => share(toOff[i], widths[link.to])),
    };
  }

  /** The main line runs straight: a leaf comes to its user, and does not draw it aside. */
  weigh(links, count) {
    const computed = new Set(links.map((link) => link.to));
    const mainParent = new Set();
    for (const link of links) if (computed.has(link.from) || link.from >= count) mainParent.add(link.to);
    for (const link of links) {
      const leaf = !computed.has(link.from) && link.from < count && !this.portNumber.has(link.from);
      const bends = (link.from >= count) + (link.to >= count);
      link.lift = leaf ? 0.02 : 2 + 4 * bends;
      link.pull = leaf && mainParent.has(link.to) ? 0.01 : link.lift;
    }
  }

  /** Give layers their heights, and move all so that the box starts at (0, 0). */
  frame({ layers, x, widths, heights, members, lane, room, sideways, isRoot }) {
    const padding = isRoot ? 0 : SPACE.padding;
    const header = isRoot ? 0 : SPACE.header;
    const start = this.tops.length ? 0 : padding; // the layer of ports has its own distance
    const before = { across: padding + (sideways ? header : 0), along: start + (sideways ? 0 : header) };
    let left = Infinity;
    let right = -Infinity;
    layers.flat().forEach((node) => {
      left = Math.min(left, x[node] - widths[node] / 2);
      right = Math.max(right, x[node] + widths[node] / 2);
    });
    if (left > right) left = right = 0;
    const least = isRoot || sideways ? 0 : headerWidth(this.group) - 2 * padding;
    const slack = Math.max(0, least - (right - left)) / 2;
    const top = new Float64Array(x.length);
    const bottom = new Float64Array(x.length);
    let y = before.along;
    layers.forEach((layer, i) => {
      const height = Math.max(0, ...layer.map((node) => heights[node]));
      const toPorts = (i === 0 && this.tops.length > 0) || (i === layers.length - 2 && this.bottoms.length > 0);
      for (const node of layer) [top[node], bottom[node]] = [y, y + height];
      y += height + (i === layers.length - 1 ? 0 : room[i] + (toPorts ? SPACE.padding : SPACE.layers));
    });
    const size = { w: right - left + 2 * slack + padding + before.across, h: y + (this.bottoms.length ? 0 : padding) };
    const at = (node) => x[node] - left + slack + before.across;

    this.placed = [];
    for (let node = 0; node < members; node++) {
      const middle = (top[node] + bottom[node] - heights[node]) / 2;
      this.placed.push({ member: this.members[node], x: at(node) - widths[node] / 2 + lane(node), y: middle });
    }
    this.portAt = new Map([...this.ports].map(([name, number]) => [name, at(number)]));
    this.inner = { at, top, bottom };
    this.size = size;
    return size;
  }

  /** The points of an edge inside this level, from its upper to its lower end, the ends excluded; relative. */
  bends(edge) {
    const { at, top, bottom } = this.inner;
    const points = [];
    const ends = edge.back ? [edge.to, edge.from] : [edge.from, edge.to];
    if (ends[0] < this.members.length) points.push(["start", bottom[ends[0]]]); // straight down to the end of its layer
    for (const node of edge.via || []) points.push([at(node), top[node]], [at(node), bottom[node]]);
    if (ends[1] < this.members.length) points.push(["end", top[ends[1]]]);
    return points;
  }
}

/** Layers stand farther from each other where many edges go far aside, or these would be one thick line. */
function roomBelow(layerCount, layerOf, links, x) {
  const aside = new Array(layerCount).fill(0);
  for (const { from, to } of links) if (Math.abs(x[from] - x[to]) > SPACE.far) aside[layerOf[from]] += 1;
  return aside.map((number) => Math.min(SPACE.layers, 2 * number));
}

/** The edges of levels that an edge consists of: out of the source's modules, across, into the target's. */
function crossing(edge, level) {
  const up = ancestors(edge.from);
  const down = ancestors(edge.to);
  const inside = new Set(up);
  const common = down.find((group) => inside.has(group));
  const parts = [];
  let from = edge.from;
  for (const group of up) {
    const here = level.get(group);
    if (group === common) break;
    parts.push({ here, side: "out", edge: here.edge(edge.from, here.number.get(from), here.port("out", edge.from)) });
    from = group;
  }
  const inward = down.slice(0, down.indexOf(common));
  const to = inward.length ? inward[inward.length - 1] : edge.to;
  const across = level.get(common);
  const between = across.edge(edge.from, across.number.get(from), across.number.get(to));
  parts.push({ here: across, side: "across", edge: between });
  for (let i = inward.length - 1; i >= 0; i--) {
    const here = level.get(inward[i]);
    const next = i ? inward[i - 1] : edge.to;
    parts.push({ here, side: "in", edge: here.edge(edge.from, here.port("in", edge.from), here.number.get(next)) });
  }
  return { edge, parts };
}

function ancestors(node) {
  const found = [];
  for (let group = node.parent; group; group = group.parent) found.push(group);
  return found;
}

/** The points of a whole edge, absolute: down out of the source, through its ports and bends, into the target. */
function route({ edge, parts }, level, boxes) {
  const source = boxes.get(edge.from);
  const points = [[source.x + source.w / 2, source.y + source.h]];
  for (const { here, side, edge: part } of parts) {
    const origin = boxes.get(here.group);
    const put = (x, y) => points.push([x, y]);
    const start = points[points.length - 1][0];
    const end = entry(here, side, part, level, boxes, edge);
    const bends = here.bends(part);
    if (part.back) {
      const leaving = lane(boxes.get(here.members[part.from]));
      const arriving = lane(boxes.get(here.members[part.to]));
      points.push([leaving.x, leaving.bottom, 1], [leaving.x, leaving.top]);
      for (const [x, y] of bends.reverse()) {
        put(x === "start" ? arriving.x : x === "end" ? leaving.x : origin.x + x, origin.y + y);
      }
      points.push([arriving.x, arriving.bottom], [arriving.x, arriving.top], [...end, -1]);
      continue;
    }
    for (const [x, y] of bends) put(x === "start" ? start : x === "end" ? end[0] : origin.x + x, origin.y + y);
    put(...end);
  }
  return tidy(points);
}

/** Where a part of an edge ends: at the border of its module, at that of the next, or at the target. */
function entry(here, side, part, level, boxes, edge) {
  const origin = boxes.get(here.group);
  if (side === "out") return [origin.x + here.portAt.get(`out ${edge.from.id}`), origin.y + origin.h];
  const member = here.members[part.to];
  const box = boxes.get(member);
  if (!level.has(member)) return [box.x + box.w / 2, box.y];
  return [box.x + level.get(member).portAt.get(`in ${edge.from.id}`), box.y];
}

/** Where an edge that runs upwards passes a box: on its right. */
function lane(box) {
  return { x: box.x + box.w + SPACE.lane, top: box.y, bottom: box.y + box.h };
}

/** Without points that repeat, or lie on a straight line between their neighbours. */
function tidy(points) {
  const kept = [];
  for (const point of points) {
    const [a, b] = kept.slice(-2);
    const last = kept[kept.length - 1];
    if (last && Math.abs(last[0] - point[0]) < 0.5 && Math.abs(last[1] - point[1]) < 0.5) continue;
    const near = (p, q) => Math.abs(p[0] - q[0]) < 0.5;
    const straight = b && !point[2] && !b[2] && near(a, b) && near(b, point);
    if (straight && a[1] < b[1] === b[1] < point[1]) kept.pop();
    kept.push(point);
  }
  return kept;
}

function transpose(boxes, routes) {
  for (const [node, { x, y, w, h }] of boxes) boxes.set(node, { x: y, y: x, w: h, h: w });
  for (const [edge, points] of routes) routes.set(edge, points.map(([x, y, turn]) => [y, x, turn]));
}

/**
 * A path that leaves and meets its points along the flow: smooth, and straight where they lie below each other. A point
 * with a third number is reached by a turn: below (1) or above (-1) the line between.
 */
function smooth(points, direction) {
  const along = direction === "LR" ? 0 : 1;
  const text = (across, flow) => (along ? [across, flow] : [flow, across]).map((n) => n.toFixed(1)).join(" ");
  const [first] = points;
  let path = `M${text(first[1 - along], first[along])}`;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]];
    const [across, flow] = [b[1 - along], b[along]];
    const middle = b[2] ? flow + b[2] * SPACE.lane : (a[along] + flow) / 2;
    const curve = `C${text(a[1 - along], middle)} ${text(across, middle)} ${text(across, flow)}`;
    path += a[1 - along] === across ? `L${text(across, flow)}` : curve;
  }
  return path;
}
