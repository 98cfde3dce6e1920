// Layers of one level of the drawing: each box stands below all that it was computed from. Knows a graph as numbered
// nodes and pairs of numbers. Long edges get a bend in each layer that they pass.

const MOST_BENDS = 40000; // beyond these, the longest edges run straight

/**
 * Ranks from 0. `count` nodes in their natural order; `edges` have `from` and `to`, and get `back` where they close a
 * cycle and so run upwards. `top` and `bottom` are the nodes that have to be first and last.
 */
function rank(count, edges, top, bottom) {
  const order = topologicalOrder(count, edges);
  const { children, parents } = neighbours(count, edges);
  const ranks = new Int32Array(count);
  for (const node of order) {
    for (const child of children[node]) ranks[child] = Math.max(ranks[child], ranks[node] + 1);
  }
  sinkTowardsUse(order, ranks, parents, children);
  if (top.length) {
    const others = new Set(top);
    const shift = order.some((node) => !others.has(node) && ranks[node] === 0) ? 1 : 0;
    for (let node = 0; node < count; node++) if (!others.has(node)) ranks[node] += shift;
    for (const node of top) ranks[node] = 0;
  }
  if (bottom.length) {
    const others = new Set(bottom);
    let last = 0;
    for (let node = 0; node < count; node++) if (!others.has(node)) last = Math.max(last, ranks[node]);
    for (const node of bottom) ranks[node] = last + 1;
  }
  return ranks;
}

/** Kahn's order. Where a cycle is left, its first node comes next, and what still points to it points back. */
function topologicalOrder(count, edges) {
  const leaving = Array.from({ length: count }, () => []);
  const waiting = new Int32Array(count);
  for (const edge of edges) {
    edge.back = false;
    leaving[edge.from].push(edge);
    waiting[edge.to] += 1;
  }
  const done = new Uint8Array(count);
  const order = [];
  const ready = [];
  for (let node = count - 1; node >= 0; node--) if (!waiting[node]) ready.push(node);
  let next = 0;
  while (order.length < count) {
    if (!ready.length) {
      while (done[next]) next += 1;
      ready.push(next);
    }
    const node = ready.pop();
    if (done[node]) continue;
    done[node] = 1;
    order.push(node);
    for (let i = leaving[node].length - 1; i >= 0; i--) {
      const edge = leaving[node][i];
      if (done[edge.to]) edge.back = true;
      else if (--waiting[edge.to] === 0) ready.push(edge.to);
    }
  }
  return order;
}

function neighbours(count, edges) {
  const children = Array.from({ length: count }, () => []);
  const parents = Array.from({ length: count }, () => []);
  for (const { from, to, back } of edges) {
    children[back ? to : from].push(back ? from : to);
    parents[back ? from : to].push(back ? to : from);
  }
  return { children, parents };
}

/** Nodes that are used no more often than they use others go down to their first use, where that shortens edges. */
function sinkTowardsUse(order, ranks, parents, children) {
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    if (!children[node].length || parents[node].length > children[node].length) continue;
    let lowest = Infinity;
    for (const child of children[node]) lowest = Math.min(lowest, ranks[child]);
    ranks[node] = Math.max(ranks[node], lowest - 1);
  }
}

/**
 * Edges from one layer to the next: `links` have `from`, `to` and `weight`. A bend is a node from `count` on. Edges of
 * the same `key` share their bends. Each edge gets `via`, the bends it passes from above to below, null if it has none
 * and runs straight over several layers.
 */
function bend(count, edges, ranks) {
  const layerOfBend = [];
  const links = [];
  const shared = new Map();
  const linked = new Set();
  const link = (from, to, edge) => {
    const name = `${from} ${to}`;
    if (!linked.has(name)) {
      linked.add(name);
      links.push({ from, to, edge });
    }
  };
  const longest = longestBent(edges, ranks);
  for (const edge of edges) {
    const [upper, lower] = edge.back ? [edge.to, edge.from] : [edge.from, edge.to];
    edge.via = null;
    if (ranks[lower] <= ranks[upper]) continue; // both ends are held in the same layer
    if (ranks[lower] - ranks[upper] > longest) continue;
    edge.via = [];
    let last = upper;
    for (let layer = ranks[upper] + 1; layer < ranks[lower]; layer++) {
      const name = edge.back ? `${edge.key} ${lower} ${layer} back` : `${edge.key} ${upper} ${layer}`;
      if (!shared.has(name)) {
        shared.set(name, count + layerOfBend.length);
        layerOfBend.push(layer);
      }
      const here = shared.get(name);
      link(last, here, edge);
      edge.via.push(here);
      last = here;
    }
    link(last, lower, edge);
  }
  return { links, layerOfBend };
}

/** How many layers an edge may span and still get bends: as many as there is room for, the short ones first. */
function longestBent(edges, ranks) {
  const spans = edges.map((edge) => Math.abs(ranks[edge.to] - ranks[edge.from])).sort((a, b) => a - b);
  let bends = 0;
  for (const span of spans) {
    bends += span;
    if (bends > MOST_BENDS) return span - 1;
  }
  return Infinity;
}
