// The order within each layer: neighbours close to each other, few crossings (barycentres, the best of several sweeps).
// Knows layers of numbers and the links between neighbouring layers.

const ORDER_SWEEPS = 16;
const PATIENCE = 4; // sweeps without a better order

/**
 * Layers, each a list of node numbers from left to right. `links` run from one layer to the next; `fromAt` and `toAt`
 * are where they meet their boxes, from 0 (left end) to 1 (right end).
 */
function orderLayers(layerOf, layerCount, links, fromAt, toAt) {
  const up = layerOf.map(() => []); // links that come from above
  const down = layerOf.map(() => []);
  links.forEach((link, i) => {
    up[link.to].push(i);
    down[link.from].push(i);
  });
  const graph = { layerOf, layerCount, links, up, down, fromAt, toAt };
  const first = swept(fromTheEnds(graph), graph);
  if (!first.crossings) return first.layers;
  const second = swept(alongAllLinks(graph), graph);
  return second.crossings < first.crossings ? second.layers : first.layers;
}

/** Sweep down and up, sorting each layer by the last one; the best that was met, and how many links cross in it. */
function swept(layers, { layerOf, layerCount, links, up, down, fromAt, toAt }) {
  const place = new Float64Array(layerOf.length);
  const settle = (layer) => layer.forEach((node, i) => (place[node] = i));
  layers.forEach(settle);
  let best = layers.map((layer) => [...layer]);
  let fewest = allCrossings(layers, down, links, place, fromAt, toAt);
  let idle = 0;
  for (let sweep = 0; sweep < ORDER_SWEEPS && fewest > 0 && idle < PATIENCE; sweep++) {
    const downwards = sweep % 2 === 0;
    for (let i = 1; i < layerCount; i++) {
      const layer = layers[downwards ? i : layerCount - 1 - i];
      sortByBarycentre(layer, downwards ? up : down, links, downwards, place, fromAt, toAt);
      settle(layer);
    }
    const crossings = allCrossings(layers, down, links, place, fromAt, toAt);
    idle += 1;
    if (crossings < fewest) {
      fewest = crossings;
      best = layers.map((layer) => [...layer]);
      idle = 0;
    }
  }
  return { layers: best, crossings: fewest };
}

/** A first order: depth first from the last nodes up through what they were computed from, first arguments leftmost. */
function fromTheEnds({ layerOf, layerCount, links, up, down }) {
  const ends = [...layerOf.keys()].filter((node) => !down[node].length);
  return depthFirst(ends, layerOf, layerCount, (node) => up[node].map((i) => links[i].from));
}

/** Another one: depth first along links in both directions, from the nodes with the fewest. */
function alongAllLinks({ layerOf, layerCount, links, up, down }) {
  const degree = (node) => up[node].length + down[node].length;
  const starts = [...layerOf.keys()].sort((a, b) => degree(a) - degree(b) || a - b);
  const neighbours = (node) => [...up[node].map((i) => links[i].from), ...down[node].map((i) => links[i].to)];
  return depthFirst(starts, layerOf, layerCount, neighbours);
}

function depthFirst(starts, layerOf, layerCount, next) {
  const layers = Array.from({ length: layerCount }, () => []);
  const seen = new Uint8Array(layerOf.length);
  for (const start of starts) {
    const stack = [start];
    while (stack.length) {
      const node = stack.pop();
      if (seen[node]) continue;
      seen[node] = 1;
      layers[layerOf[node]].push(node);
      for (const other of next(node).reverse()) stack.push(other);
    }
  }
  return layers;
}

function sortByBarycentre(layer, sides, links, downwards, place, fromAt, toAt) {
  const centre = new Map();
  for (const node of layer) {
    const own = sides[node];
    let sum = 0;
    for (const i of own) {
      sum += downwards
        ? place[links[i].from] + fromAt[i] - (toAt[i] - 0.5) * 0.1
        : place[links[i].to] + toAt[i] - (fromAt[i] - 0.5) * 0.1;
    }
    centre.set(node, own.length ? sum / own.length : place[node] + 0.5);
  }
  layer.sort((a, b) => centre.get(a) - centre.get(b) || place[a] - place[b]);
}

function allCrossings(layers, down, links, place, fromAt, toAt) {
  let total = 0;
  for (const layer of layers) total += crossingsBelow(layer, down, links, place, fromAt, toAt);
  return total;
}

/** Links from a layer cross where their lower ends are in another order than their upper ends: count inversions. */
function crossingsBelow(layer, down, links, place, fromAt, toAt) {
  const ends = [];
  for (const node of layer) {
    for (const i of down[node]) ends.push([place[node] + fromAt[i], place[links[i].to] + toAt[i]]);
  }
  ends.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let values = Float64Array.from(ends, (end) => end[1]);
  let other = new Float64Array(values.length);
  let inversions = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      let left = start;
      let right = middle;
      for (let i = start; i < end; i++) {
        if (left < middle && (right >= end || values[left] <= values[right])) other[i] = values[left++];
        else {
          if (left < middle) inversions += middle - left;
          other[i] = values[right++];
        }
      }
    }
    [values, other] = [other, values];
  }
  return inversions;
}
