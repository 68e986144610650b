// Gain and quality of each target of the chosen taxonomy.
(() => {
  const ROW = 19;

  tg.drawTargets = (figure, taxonomy) => {
    const measures = ["gain", "quality"].filter((name) => taxonomy.transfers.some((t) => t[name] != null));
    if (!measures.length) {
      figure.textContent = tg.solved(taxonomy) ? "The table has neither gain nor quality." : "There is no taxonomy at this budget.";
      return;
    }
    const by = measures.at(-1);
    const transfers = [...taxonomy.transfers].sort((a, b) => (b[by] ?? -1) - (a[by] ?? -1) || tg.byCodePoint(a.target, b.target));
    const width = tg.room(figure, 860);
    const left = Math.min(width * 0.42, 14 + d3.max(transfers, (t) => tg.textWidth(t.target)));
    const height = 26 + transfers.length * ROW + 24;
    const svg = tg.picture(figure, {
      width, height,
      alternative: `${figure.dataset.alternative} ${measures.map((m) => `Mean ${m} ${tg.share(d3.mean(transfers, (t) => t[m]))}`).join(", ")}.`,
      head: ["target", "sources", ...measures.map((m) => `#${m}`)],
      rows: () => transfers.map((t) => [t.target, tg.solvedBy(t), ...measures.map((m) => tg.share(t[m]))]),
    });
    const x = d3.scaleLinear([0, 1], [left, width - 14]);
    const y = (_, i) => 34 + i * ROW;
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - 22})`).call(d3.axisBottom(x).ticks(width < 500 ? 5 : 10));
    svg.append("line").attr("class", "rule").attr("x1", x(0.5)).attr("x2", x(0.5)).attr("y1", 22).attr("y2", height - 22).style("stroke-dasharray", "4 3");
    const rows = svg.selectAll(".row").data(transfers).join("g").attr("class", "row").attr("transform", (t, i) => `translate(0,${y(t, i)})`);
    rows.append("line").attr("class", "rule").attr("x1", left).attr("x2", width - 14);
    rows.append("text").attr("x", left - 8).attr("dy", ".35em").attr("text-anchor", "end").text((t) => tg.fitted(t.target, left - 12));
    const shape = { gain: d3.symbolCircle, quality: d3.symbolSquare };
    const color = { gain: "var(--accent)", quality: "#d55e00" };
    measures.forEach((measure) => {
      rows.filter((t) => t[measure] != null).append("path").attr("d", d3.symbol(shape[measure], 58)())
        .attr("transform", (t) => `translate(${x(t[measure])},0)`).style("fill", color[measure]);
    });
    tg.tips(rows, (t) => [t.target, `solved by ${tg.solvedBy(t)}`, ...measures.map((m) => `${m} ${tg.share(t[m])}`)]);
    measures.forEach((measure, i) => {
      const at = left + i * 80;
      svg.append("path").attr("d", d3.symbol(shape[measure], 58)()).attr("transform", `translate(${at + 6},11)`).style("fill", color[measure]);
      svg.append("text").attr("x", at + 16).attr("y", 15).text(measure);
    });
  };
})();
