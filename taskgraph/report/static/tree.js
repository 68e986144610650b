// The tree of sources that transfer alike.
(() => {
  const ROW = 17;

  tg.drawTree = (figure) => {
    const { leaves, groups, brackets, reason } = tg.content.tree;
    if (reason) {
      figure.textContent = reason;
      return;
    }
    const width = tg.room(figure, 760);
    const right = Math.min(width * 0.45, 16 + d3.max(leaves, (name) => tg.textWidth(name)));
    const height = leaves.length * ROW + 46;
    const svg = tg.picture(figure, {
      width, height, alternative: figure.dataset.alternative,
      head: ["task", "#group"], rows: () => leaves.map((name, i) => [name, String(groups[i] + 1)]),
    });
    const most = d3.max(brackets, (bracket) => bracket[1][0]) || 1;
    const x = d3.scaleLinear([most, 0], [10, width - right]);
    const y = (place) => 12 + place * ROW;
    const line = d3.line(([distance]) => x(distance), ([, place]) => y(place));
    const groupAt = (bracket) => {
      const inside = groups.filter((_, i) => i >= Math.floor(bracket[0][1]) && i <= Math.ceil(bracket[3][1]));
      return new Set(inside).size === 1 ? inside[0] : null;
    };
    svg.selectAll("path").data(brackets).join("path").attr("d", line).style("fill", "none").style("stroke-width", 2)
      .style("stroke", (bracket) => (groupAt(bracket) === null ? "var(--muted)" : d3.color(tg.groupColor(groupAt(bracket))).darker(0.4)));
    svg.selectAll(".leaf").data(leaves).join("text").attr("class", "leaf").attr("x", width - right + 6)
      .attr("y", (_, i) => y(i)).attr("dy", ".35em").text((name) => tg.fitted(name, right - 8));
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - 30})`).call(d3.axisBottom(x).ticks(width < 500 ? 4 : 6));
    svg.append("text").attr("class", "remark").attr("x", 10).attr("y", height - 2).text("distance of transfer patterns (Ward)");
  };
})();
