// Positions along the layers: boxes keep their order and their distance, and come as near to below their parents as
// that allows. Each layer is a least-squares problem with an order to keep, which pooling neighbours solves exactly.

const POSITION_SWEEPS = 10;

/**
 * The middle of each node. `width[node]`, `gap(a, b)` the free space between neighbours, `links` with `from`, `to`,
 * `pull` (how strongly the lower end follows the upper) and `lift` (the other way round); `fromOff`, `toOff` are where
 * a link meets its box, from the box's middle.
 */
function positions(layers, width, gap, links, fromOff, toOff) {
  const count = width.length;
  const up = Array.from({ length: count }, () => []);
  const down = Array.from({ length: count }, () => []);
  links.forEach((link, i) => {
    up[link.to].push(i);
    down[link.from].push(i);
  });
  const x = new Float64Array(count);
  for (const layer of layers) packed(layer, width, gap, x);

  const wish = (node, below, above) => {
    let sum = 0;
    let weight = 0;
    if (above) {
      for (const i of up[node]) {
        sum += links[i].pull * (x[links[i].from] + fromOff[i] - toOff[i]);
        weight += links[i].pull;
      }
    }
    if (below) {
      for (const i of down[node]) {
        sum += links[i].lift * (x[links[i].to] + toOff[i] - fromOff[i]);
        weight += links[i].lift;
      }
    }
    return weight ? [sum / weight, weight] : [x[node], 1e-3];
  };

  for (let sweep = 0; sweep < POSITION_SWEEPS; sweep++) {
    for (const layer of layers) spread(layer, width, gap, x, (node) => wish(node, false, true));
    for (let i = layers.length - 1; i >= 0; i--) spread(layers[i], width, gap, x, (node) => wish(node, true, false));
    for (const layer of layers) spread(layer, width, gap, x, (node) => wish(node, true, true));
  }
  return x;
}

function packed(layer, width, gap, x) {
  let end = 0;
  layer.forEach((node, i) => {
    if (i) end += gap(layer[i - 1], node);
    x[node] = end + width[node] / 2;
    end += width[node];
  });
  for (const node of layer) x[node] -= end / 2;
}

/** Move the nodes of a layer as near to what they wish as order and distances allow (pool adjacent violators). */
function spread(layer, width, gap, x, wish) {
  const pools = []; // [mean of wishes less offsets, weight, nodes]
  const offsets = [];
  let offset = 0;
  layer.forEach((node, i) => {
    if (i) offset += (width[layer[i - 1]] + width[node]) / 2 + gap(layer[i - 1], node);
    offsets.push(offset);
    const [wished, weight] = wish(node);
    let pool = [wished - offset, weight, 1];
    while (pools.length && pools[pools.length - 1][0] > pool[0]) {
      const before = pools.pop();
      const sum = before[1] + pool[1];
      pool = [(before[0] * before[1] + pool[0] * pool[1]) / sum, sum, before[2] + pool[2]];
    }
    pools.push(pool);
  });
  let i = 0;
  for (const [mean, , size] of pools) {
    for (let k = 0; k < size; k++, i++) x[layer[i]] = mean + offsets[i];
  }
}
