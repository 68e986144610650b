// First-order transfers before and after AHP; the numbers of a cell appear where one points.
(() => {
  const darker = (domain, palette) => d3.scaleSequential(domain, palette).clamp(true);

  /** Return the two panels: title, values, and a color for a value; darker is better. */
  const panels = (map) => {
    const after = { title: `After AHP: exp(−${map.beta} P)`, values: map.after, color: darker([1, 0], d3.interpolateYlGnBu) };
    if (!map.values) return [after];
    const flat = map.values.flat().filter((value) => value !== null);
    const domain = map.before === "loss" ? d3.extent(flat).reverse() : [0, Math.max(0.1, d3.max(flat))];
    return [{ title: `Before AHP: ${map.before}`, values: map.values, color: darker(domain, d3.interpolateYlOrBr) }, after];
  };

  tg.drawHeatmap = (figure) => {
    const map = tg.content.heatmap;
    if (map.reason) {
      figure.textContent = map.reason;
      return;
    }
    const shown = panels(map);
    const room = tg.room(figure);
    const left = 8 + Math.min(room < 480 ? 88 : 150, d3.max(map.sources, (name) => tg.textWidth(name, 11)));
    const head = 24 + Math.min(150, d3.max(map.targets, (name) => tg.textWidth(name, 11)));
    const across = room >= 2 * (left + map.targets.length * 11) ? shown.length : 1;
    const cell = Math.max(12, Math.min(22, Math.floor((room / across - left - 10) / map.targets.length)));
    const panelWidth = left + Math.max(cell * map.targets.length, tg.textWidth(`bold ${shown[0].title}`, 13), 130) + 10;
    const panelHeight = head + cell * map.sources.length + 16;
    const svg = tg.picture(figure, {
      width: panelWidth * across, height: panelHeight * Math.ceil(shown.length / across),
      alternative: figure.dataset.alternative,
      head: ["source", "target", ...(map.values ? [`#${map.before}`] : []), "#affinity", "interval"],
      rows: () => rowsOf(map),
    });
    shown.forEach((panel, place) => {
      const [x, y] = across > 1 ? [place * panelWidth, 0] : [0, place * panelHeight];
      drawPanel(svg.append("g").attr("transform", `translate(${x},${y})`), panel, map, { left, head, cell });
    });
  };

  const rowsOf = (map) => map.sources.flatMap((source, i) => map.targets.map((target, j) => ({ source, target, i, j })))
    .filter(({ i, j }) => map.affinity[i][j] !== null)
    .map(({ source, target, i, j }) => [source, target,
      ...(map.values ? [tg.share(map.values[i][j])] : []), tg.affinity(map.affinity[i][j]), tg.interval(map.low?.[i][j], map.high?.[i][j])]);

  const drawPanel = (panel, { title, values, color }, map, { left, head, cell }) => {
    panel.append("text").attr("x", left).attr("y", 14).style("font-weight", 600).text(title);
    const label = (name, width) => tg.fitted(name, width, 11);
    panel.selectAll(".source").data(map.sources).join("text").attr("class", "source").style("font-size", "11px")
      .attr("x", left - 5).attr("y", (_, i) => head + (i + 0.5) * cell).attr("dy", ".35em").attr("text-anchor", "end").text((name) => label(name, left - 6));
    panel.selectAll(".target").data(map.targets).join("text").attr("class", "target").style("font-size", "11px")
      .attr("transform", (_, j) => `translate(${left + (j + 0.5) * cell + 4},${head - 5}) rotate(-90)`).text((name) => label(name, head - 22));
    const cells = map.sources.flatMap((source, i) => map.targets.map((target, j) => ({ source, target, i, j, value: values[i][j] })));
    const marks = panel.selectAll("rect").data(cells).join("rect").attr("x", (c) => left + c.j * cell).attr("y", (c) => head + c.i * cell)
      .attr("width", cell - 0.7).attr("height", cell - 0.7).style("fill", (c) => (c.value === null ? "var(--faint)" : color(c.value)));
    tg.tips(marks, ({ source, target, i, j }) => [`${source} → ${target}`,
      map.values && map.values[i][j] !== null ? `${map.before} ${tg.share(map.values[i][j])}` : "",
      map.affinity[i][j] === null ? "not measured" : `affinity ${tg.affinity(map.affinity[i][j])} ${tg.interval(map.low?.[i][j], map.high?.[i][j])}`,
      map.after[i][j] === null ? "" : `exp(−${map.beta} P) ${tg.share(map.after[i][j])}`]);
  };
})();
