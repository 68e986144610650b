// Share of the resamples of the images that supervise each task.
(() => {
  const ROW = 19;

  tg.drawStability = (figure, taxonomy) => {
    const { shares } = tg.content.stability;
    const rows = Object.entries(shares).filter(([name, share]) => share > 0 || taxonomy.supervised.includes(name));
    const width = tg.room(figure, 760);
    const left = Math.min(width * 0.45, 14 + d3.max(rows, ([name]) => tg.textWidth(name)));
    const height = rows.length * ROW + 30;
    const svg = tg.picture(figure, {
      width, height, alternative: figure.dataset.alternative, head: ["task", "#share", "supervised now"],
      rows: () => rows.map(([name, share]) => [name, tg.share(share), taxonomy.supervised.includes(name) ? "yes" : "no"]),
    });
    const x = d3.scaleLinear([0, 1], [left, width - 50]);
    const bars = svg.selectAll(".row").data(rows).join("g").attr("class", "row").attr("transform", (_, i) => `translate(0,${i * ROW + 4})`);
    bars.append("text").attr("x", left - 8).attr("y", 12).attr("text-anchor", "end").text(([name]) => tg.fitted(name, left - 12));
    bars.append("rect").attr("x", left).attr("y", 1).attr("height", ROW - 5).attr("width", ([, share]) => x(share) - left)
      .style("fill", ([name]) => (taxonomy.supervised.includes(name) ? "var(--accent)" : "var(--none)")).style("stroke", "var(--edge)");
    bars.append("text").attr("x", ([, share]) => x(share) + 6).attr("y", 12).text(([, share]) => share.toFixed(2));
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - 24})`).call(d3.axisBottom(x).ticks(5));
  };
})();
