// The panel of one task: how it is solved, and the best transfers to it (all for one).
(() => {
  const WIDTH = 90;

  /** Return a line from low to high with a dot at the affinity, on a scale of the target. */
  const mark = (row, scale) => {
    const svg = d3.create("svg:svg").attr("width", WIDTH).attr("height", 12).attr("aria-hidden", "true");
    if (row.low != null && row.high != null) {
      svg.append("line").attr("x1", scale(row.low)).attr("x2", scale(row.high)).attr("y1", 6).attr("y2", 6)
        .style("stroke", "var(--muted)").style("stroke-width", 2);
    }
    svg.append("circle").attr("cx", scale(row.affinity)).attr("cy", 6).attr("r", 3.5).style("fill", "var(--accent)");
    return svg.node();
  };

  const sentences = (name, taxonomy) => {
    const transfer = taxonomy.transfers.find((each) => each.target === name);
    const supervised = taxonomy.supervised.includes(name);
    const feeds = taxonomy.transfers.filter((each) => each.sources.includes(name)).map((each) => each.target);
    const lines = [];
    if (transfer && tg.isSelf(transfer)) lines.push("Supervised, and solved by its own network.");
    else if (supervised) lines.push("Supervised.");
    if (transfer && !tg.isSelf(transfer)) lines.push(`Solved by a transfer from ${tg.solvedBy(transfer)}.`);
    if (!transfer && !supervised) lines.push("Neither supervised nor solved in this taxonomy.");
    if (transfer) {
      const parts = [["affinity", `${tg.affinity(transfer.affinity)} ${tg.interval(transfer.low, transfer.high)}`.trim()], ["gain", tg.share(transfer.gain)], ["quality", tg.share(transfer.quality)]];
      lines.push(`${parts.filter(([, text]) => text).map((pair) => pair.join(" ")).join(", ")}.`);
    }
    if (feeds.length) lines.push(`Feeds ${tg.listed(feeds, 8)}.`);
    return lines;
  };

  /** Show a task in the panel; null shows the hint. */
  tg.showDetails = (name, taxonomy, { unused = new Set(), maxOrder = taxonomy.max_order } = {}) => {
    if (!name || !tg.task.has(name)) return;
    d3.select("#details-title").text(name);
    const body = d3.select("#details-body").html("");
    sentences(name, taxonomy).forEach((line) => body.append("p").text(line));
    if (tg.appendSettings && tg.state.chosen === name) tg.appendSettings(name);
    const rows = tg.bestTransfers(name, { maxOrder, unused });
    if (!rows.length) {
      if (!tg.task.get(name).target) body.append("p").text("The table has no transfer to it: it is a source only.");
      return;
    }
    body.append("p").attr("class", "note")
      .text(`Best transfers to ${name} alone, whatever they cost: affinity${tg.has("low") ? " and its interval" : ""}. In bold: the one of this taxonomy.`);
    body.append(() => ranking(name, rows, taxonomy));
  };

  /** Return the list of the best transfers: sources, a plot on a scale of their own, and numbers. */
  const ranking = (name, rows, taxonomy) => {
    const ends = rows.filter((row) => !tg.isSelf(row)).flatMap((row) => [row.low ?? row.affinity, row.high ?? row.affinity]);
    const scale = d3.scaleLinear(ends.length ? d3.extent(ends) : [0, 1], [5, WIDTH - 5]).clamp(true);
    const now = taxonomy.transfers.find((each) => each.target === name);
    const list = d3.create("ol").attr("class", "ranking");
    rows.forEach((row) => {
      const item = list.append("li").attr("class", now && tg.joined(now.sources) === tg.joined(row.sources) ? "now" : null);
      item.append("div").text(tg.isSelf(row) ? "its own network" : row.sources.join(" + "));
      const numbers = item.append("div").attr("class", "numbers");
      numbers.append("span").text(`${tg.affinity(row.affinity)} ${tg.interval(row.low, row.high)}`.trim());
      if (!tg.isSelf(row)) numbers.append(() => mark(row, scale));
      ["gain", "quality"].filter((measure) => row[measure] != null).forEach((measure) => numbers.append("span").text(`${measure} ${tg.share(row[measure])}`));
    });
    return list.node();
  };
})();
