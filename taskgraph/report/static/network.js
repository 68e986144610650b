// The taxonomy as a layered graph: sources, dots that join the sources of one transfer, targets.
(() => {
  const HEIGHT = 20;
  const GAP = 5;
  const BETWEEN = { least: 22, most: 210 };

  /** Return the nodes and edges of a taxonomy, without places. */
  tg.network = (taxonomy) => {
    const transfers = taxonomy.transfers.filter((transfer) => !tg.isSelf(transfer));
    const own = new Map(taxonomy.transfers.filter(tg.isSelf).map((transfer) => [transfer.target, transfer]));
    const nodes = [
      ...taxonomy.supervised.map((name) => ({ key: `s:${name}`, name, supervised: true, transfer: own.get(name) })),
      ...transfers.map((transfer) => ({ key: `t:${transfer.target}`, name: transfer.target, supervised: false, transfer })),
    ];
    const junctions = transfers.filter((transfer) => transfer.sources.length > 1)
      .map((transfer) => ({ key: `j:${transfer.target}`, target: transfer.target }));
    const edges = transfers.flatMap((transfer) => {
      const end = `t:${transfer.target}`;
      const from = (name) => `s:${name}`;
      if (transfer.sources.length === 1) return [edge(from(transfer.sources[0]), end, transfer, true)];
      const dot = `j:${transfer.target}`;
      return [...transfer.sources.map((name) => edge(from(name), dot, transfer, false)), edge(dot, end, transfer, true)];
    });
    const shown = new Set(nodes.map((node) => node.name));
    const idle = tg.tasks.filter((task) => !shown.has(task.name))
      .map((task) => ({ key: `i:${task.name}`, name: task.name, idle: true }));
    return { nodes, junctions, edges, idle };
  };

  const edge = (from, to, transfer, arrow) => ({ key: `${from}>${to}`, from, to, transfer, arrow });

  /** Give every node a place within so many pixels; return the size of the picture. */
  tg.layout = (network, width) => {
    const narrow = Math.max(70, (width - 2 * BETWEEN.least - 8) / 2 - 14);
    const sized = (node) => {
      node.label = tg.fitted(node.name, Math.min(narrow, 230));
      Object.assign(node, { width: tg.textWidth(node.label) + 14, height: HEIGHT });
    };
    [...network.nodes, ...network.idle].forEach(sized);
    const widest = (left) => d3.max(network.nodes.filter((n) => n.key.startsWith("s:") === left), (n) => n.width) ?? 0;
    const between = (width - widest(true) - widest(false) - 12) / 2;
    const graph = new dagre.graphlib.Graph()
      .setGraph({ rankdir: "LR", nodesep: GAP, edgesep: 2, ranksep: Math.max(BETWEEN.least, Math.min(BETWEEN.most, between)), marginx: 4, marginy: 4 })
      .setDefaultEdgeLabel(() => ({}));
    network.nodes.forEach((node) => graph.setNode(node.key, { width: node.width, height: node.height }));
    network.junctions.forEach((dot) => graph.setNode(dot.key, { width: 1, height: 8 }));
    network.edges.forEach(({ from, to }) => graph.setEdge(from, to, { minlen: from.startsWith("s:") && to.startsWith("t:") ? 2 : 1 }));
    dagre.layout(graph);
    const place = new Map(graph.nodes().map((key) => [key, graph.node(key)]));
    // Boxes of a column begin at the same line, as names are read from their beginning.
    network.nodes.forEach((node) => {
      const { x, y } = place.get(node.key);
      const left = node.key.startsWith("s:") ? 4 : x - widest(false) / 2;
      Object.assign(node, { x: left, y: y - HEIGHT / 2 });
    });
    network.junctions.forEach((dot) => Object.assign(dot, place.get(dot.key)));
    const height = (d3.max(network.nodes, (node) => node.y + HEIGHT) ?? 0) + 6;
    return placeIdle(network, width, height);
  };

  /** Place the tasks that the taxonomy does not use in lines below the graph. */
  const placeIdle = (network, width, top) => {
    const total = d3.max(network.nodes, (node) => node.x + node.width + 4) ?? 0;
    const size = { width: Math.max(total, Math.min(width, 600)), height: top, remark: null };
    if (!network.idle.length) return size;
    let [x, y] = [4, top + 22];
    network.idle.forEach((node) => {
      if (x + node.width > Math.max(width, total) - 4 && x > 4) [x, y] = [4, y + HEIGHT + GAP];
      Object.assign(node, { x, y });
      x += node.width + 6;
      size.width = Math.max(size.width, x);
    });
    return { ...size, remark: top + 15, height: y + HEIGHT + 6 };
  };
})();
