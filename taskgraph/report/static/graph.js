// The picture of a taxonomy, which moves to the next one.
(() => {
  const MOST_NODES = 400;
  const link = d3.linkHorizontal();
  const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden;

  /** Return the words of a node for a screen reader; they contain its label, also a shortened one. */
  const spoken = (node) => (node.label === node.name ? "" : `${node.label}, in full `) + described(node);

  const described = (node) => {
    if (node.idle) return `${node.name}: not in this taxonomy`;
    const { transfer } = node;
    if (node.supervised) return `${node.name}: supervised${transfer ? "" : ", source only"}`;
    const numbers = [["affinity", tg.affinity(transfer.affinity)], ["gain", tg.share(transfer.gain)], ["quality", tg.share(transfer.quality)]];
    return `${node.name}: transfer from ${tg.solvedBy(transfer)}, ${numbers.filter(([, text]) => text).map((pair) => pair.join(" ")).join(", ")}`;
  };

  const path = (edge, places) => {
    const from = places.get(edge.from);
    const to = places.get(edge.to);
    const source = from.label ? [from.x + from.width, from.y + from.height / 2] : [from.x, from.y];
    const target = to.label ? [to.x - 7, to.y + to.height / 2] : [to.x, to.y];
    return link({ source, target });
  };

  /**
   * Draw a taxonomy into the figure "graph".
   * @param {object} taxonomy
   * @param {{coloring: string, chosen: ?string, onChoose: function, onPoint: function}} options
   */
  tg.drawGraph = (taxonomy, { coloring, chosen, onChoose, onPoint }) => {
    const figure = document.getElementById("graph");
    const network = tg.network(taxonomy);
    if (network.nodes.length + network.idle.length > MOST_NODES) {
      figure.replaceChildren(Object.assign(document.createElement("p"), {
        className: "note",
        textContent: `${network.nodes.length + network.idle.length} tasks are too many for a picture; the table below has them all.`,
      }));
      return;
    }
    const size = tg.layout(network, tg.room(figure, 860));
    const svg = frame(figure, size, taxonomy);
    const places = new Map([...network.nodes, ...network.junctions].map((node) => [node.key, node]));
    const moving = (selection) => (still() ? selection : selection.transition().duration(450));
    drawEdges(svg, network, places, moving);
    drawNodes(svg, [...network.nodes, ...network.idle], { coloring, chosen, onChoose, onPoint }, moving);
    svg.select(".remark").attr("x", 4).attr("y", size.remark ?? 0).text(size.remark ? "Not in this taxonomy:" : "");
    tg.highlight(null);
  };

  const frame = (figure, size, taxonomy) => {
    d3.select(figure).selectAll("p").remove();
    const svg = d3.select(figure).selectAll("svg").data([0]).join((enter) => {
      const made = enter.append("svg").attr("role", "group");
      ["edges", "junctions", "nodes"].forEach((name) => made.append("g").attr("class", name));
      made.append("text").attr("class", "remark");
      return made;
    });
    const from = taxonomy.supervised.length;
    return svg.attr("width", size.width).attr("height", size.height).attr("viewBox", `0 0 ${size.width} ${size.height}`)
      .attr("aria-label", `Taxonomy: ${from} supervised tasks on the left, ${taxonomy.transfers.length - taxonomy.transfers.filter(tg.isSelf).length} targets solved by transfers on the right. The table below has the same content.`);
  };

  const drawEdges = (svg, network, places, moving) => {
    const middle = (edge) => {
      const at = places.get(edge.to);
      return `translate(${at.x},${at.y + at.height / 2})`;
    };
    const lines = svg.select(".edges").selectAll("path").data(network.edges, (edge) => edge.key).join(
      (enter) => enter.append("path").attr("d", (edge) => path(edge, places)).attr("opacity", 0),
    );
    lines.attr("class", (edge) => `edge${edge.from.startsWith("j:") ? " joined" : ""}`);
    moving(lines).attr("opacity", 1).attr("d", (edge) => path(edge, places));
    const arrows = svg.select(".edges").selectAll("polygon").data(network.edges.filter((e) => e.arrow), (e) => e.key).join(
      (enter) => enter.append("polygon").attr("class", "arrow").attr("points", "-8,-4 -1,0 -8,4").attr("transform", middle),
    );
    moving(arrows).attr("transform", middle);
    const dots = svg.select(".junctions").selectAll("circle").data(network.junctions, (dot) => dot.key).join(
      (enter) => enter.append("circle").attr("class", "junction").attr("r", 3.5).attr("cx", (d) => d.x).attr("cy", (d) => d.y),
    );
    moving(dots).attr("cx", (dot) => dot.x).attr("cy", (dot) => dot.y);
  };

  const drawNodes = (svg, nodes, { coloring, chosen, onChoose, onPoint }, moving) => {
    const shift = (node) => `translate(${node.x},${node.y})`;
    const boxes = svg.select(".nodes").selectAll("g").data(nodes, (node) => node.key.slice(2)).join((enter) => {
      const made = enter.append("g").attr("transform", shift);
      made.append("rect").attr("rx", 4);
      made.append("text").attr("x", 7).attr("y", 14);
      return made;
    });
    boxes.attr("class", (n) => `node${n.supervised ? " supervised" : ""}${n.idle ? " idle" : ""}${n.name === chosen ? " chosen" : ""}`)
      .attr("tabindex", 0).attr("role", "button").attr("aria-label", spoken)
      .attr("aria-pressed", (node) => String(node.name === chosen))
      .on("click", (_, node) => onChoose(node.name))
      .on("keydown", (event, node) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onChoose(node.name);
      })
      .on("pointerenter focus", (_, node) => { tg.highlight(node); onPoint(node.name); })
      .on("pointerleave blur", () => { tg.highlight(null); onPoint(null); });
    boxes.select("rect").attr("width", (node) => node.width).attr("height", (node) => node.height)
      .style("fill", (node) => (node.idle ? "transparent" : tg.taskColors(node.name, node.transfer, coloring).fill));
    boxes.select("text").text((node) => node.label)
      .style("fill", (node) => (node.idle ? null : tg.taskColors(node.name, node.transfer, coloring).text));
    moving(boxes).attr("transform", shift);
  };

  /** Dim all edges but those of one node; without a node, show all. */
  tg.highlight = (node) => {
    const near = (edge) => !node || node.idle || edge.transfer.target === node.name || edge.transfer.sources.includes(node.name);
    const svg = d3.select("#graph svg");
    svg.selectAll(".edge, .arrow").classed("dim", (edge) => !near(edge));
    svg.selectAll(".junction").classed("dim", (dot) => {
      const transfer = svg.selectAll(".edge").data().find((edge) => edge.to === dot.key)?.transfer;
      return transfer ? !near({ transfer }) : false;
    });
  };
})();
