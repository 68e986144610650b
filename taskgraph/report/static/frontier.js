// Mean gain and quality of the optimum at each budget, beside random taxonomies.
(() => {
  const COLORS = ["#e69f00", "#2aa582", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c"];
  const DASHES = ["1 4", "7 3", "3 3", null, "9 3 2 3", "2 2"];

  tg.drawFrontier = (figure, taxonomy) => {
    const data = tg.content.frontier;
    const measures = ["gain", "quality"].filter((m) => data?.points.some((p) => p[m] !== null));
    if (!measures.length) {
      figure.textContent = "The table has neither gain nor quality, so there is no curve of their means.";
      return;
    }
    const room = tg.room(figure, 1100);
    const across = room > 700 ? measures.length : 1;
    const [width, height] = [room / across, 270];
    const svg = tg.picture(figure, {
      width: room, height: height * Math.ceil(measures.length / across) + 22, alternative: figure.dataset.alternative,
      head: ["#maximum order", "#budget", "#objective", ...measures.map((m) => `#${m}`)],
      rows: () => data.points.map((p) => [String(p.max_order), tg.number(p.budget), p.objective === null ? "" : p.objective.toFixed(4), ...measures.map((m) => tg.share(p[m]))]),
    });
    measures.forEach((measure, place) => {
      const at = across > 1 ? [place * width, 0] : [0, place * height];
      chart(svg.append("g").attr("transform", `translate(${at})`), measure, data, { width, height, taxonomy });
    });
    key(svg, data, height * Math.ceil(measures.length / across) + 12);
  };

  const orders = (data) => [...new Set(data.points.map((p) => p.max_order))];
  const style = (selection, data, order) => {
    const place = orders(data).indexOf(order);
    const last = place === orders(data).length - 1;
    selection.style("stroke", last ? "var(--accent)" : COLORS[place % COLORS.length])
      .style("stroke-dasharray", last ? null : DASHES[place % DASHES.length]).style("stroke-width", last ? 2.4 : 1.8).style("fill", "none");
  };

  const chart = (panel, measure, data, { width, height, taxonomy }) => {
    const x = d3.scaleLinear(d3.extent(data.points, (p) => p.budget), [46, width - 14]).nice();
    const y = d3.scaleLinear([0, 1], [height - 40, 26]);
    panel.append("g").attr("class", "axis").attr("transform", `translate(0,${height - 38})`).call(d3.axisBottom(x).ticks(width < 500 ? 5 : 8));
    panel.append("g").attr("class", "axis").attr("transform", "translate(42,0)").call(d3.axisLeft(y).ticks(5));
    panel.append("text").attr("x", 42).attr("y", 14).style("font-weight", 600).text(`Mean ${measure}`);
    panel.append("text").attr("class", "remark").attr("x", width / 2).attr("y", height - 6).attr("text-anchor", "middle").text("budget");
    const known = data.random.filter((row) => row[`${measure}_random`] !== null);
    const area = d3.area((row) => x(row.budget), (row) => y(row[`${measure}_low`]), (row) => y(row[`${measure}_high`]));
    panel.append("path").attr("d", area(known)).style("fill", "var(--muted)").style("opacity", 0.22);
    panel.append("path").attr("d", d3.line((row) => x(row.budget), (row) => y(row[`${measure}_random`]))(known)).style("fill", "none").style("stroke", "var(--muted)");
    orders(data).forEach((order) => {
      const points = data.points.filter((p) => p.max_order === order && p[measure] !== null);
      style(panel.append("path").attr("d", d3.line((p) => x(p.budget), (p) => y(p[measure]))(points)), data, order);
    });
    panel.append("line").attr("class", "now").attr("x1", x(taxonomy.budget)).attr("x2", x(taxonomy.budget)).attr("y1", 26).attr("y2", height - 40).style("stroke", "var(--ink)").style("stroke-dasharray", "2 3");
    const marks = panel.selectAll("circle").data(data.points.filter((p) => p[measure] !== null)).join("circle").attr("r", 7)
      .attr("cx", (p) => x(p.budget)).attr("cy", (p) => y(p[measure])).style("fill", "transparent");
    tg.tips(marks, (p) => [`budget ${tg.number(p.budget)}, maximum order ${p.max_order}`, `${measure} ${tg.share(p[measure])}`]);
  };

  const key = (svg, data, y) => {
    let x = 46;
    const entry = (text, draw) => {
      draw(svg.append("line").attr("x1", x).attr("x2", x + 24).attr("y1", y).attr("y2", y));
      svg.append("text").attr("x", x + 29).attr("y", y + 4).text(text);
      x += 40 + tg.textWidth(text);
    };
    orders(data).forEach((order) => entry(`order ${order}`, (line) => style(line, data, order)));
    entry("random", (line) => line.style("stroke", "var(--muted)").style("stroke-width", 6).style("opacity", 0.6));
  };
})();
