// Colors of tasks: by group, affinity, gain, quality or stability. Safe for color-blind readers.
(() => {
  const GROUPS = ["#56b4e9", "#e69f00", "#2aa582", "#cc79a7"]; // Okabe and Ito 2008, the third lighter
  const scale = (domain) => d3.scaleSequential(domain, (t) => d3.interpolateViridis(0.22 + 0.78 * t)).clamp(true);
  const share = scale([0, 1]);

  /** The ways to color tasks: a title, and the value of a task in a taxonomy. */
  tg.colorings = () => {
    const ways = { group: { title: "group" } };
    if (tg.has("affinity")) ways.affinity = { title: "affinity", value: (t) => t?.affinity, scale: scale([0, Math.sqrt(d3.max(tg.rows, (r) => r.affinity) || 1)]), transform: Math.sqrt };
    if (tg.has("quality")) ways.quality = { title: "quality", value: (t) => t?.quality, scale: share };
    if (tg.has("gain")) ways.gain = { title: "gain", value: (t) => t?.gain, scale: share };
    if (tg.content.stability) {
      ways.stability = { title: "stability", value: (t, name) => tg.content.stability.shares[name], scale: share };
    }
    return ways;
  };

  /** Return the color of a group of tasks. */
  tg.groupColor = (group) => (group === null || group === undefined ? "var(--none)" : GROUPS[group % GROUPS.length]);

  /** Return fill and text color of a task that a transfer solves (undefined if none does). */
  tg.taskColors = (name, transfer, coloring) => {
    const way = tg.colorings()[coloring] ?? { title: "group" };
    if (!way.value) {
      const group = tg.task.get(name)?.group;
      return { fill: tg.groupColor(group), text: group == null ? "var(--ink)" : "#111" };
    }
    const value = way.value(transfer, name);
    if (value === null || value === undefined) return { fill: "var(--none)", text: "var(--ink)" };
    const fill = way.scale((way.transform ?? ((x) => x))(value));
    return { fill, text: tg.textOn(fill) };
  };

  /** Return dark or white, whichever is easier to read on a color. */
  tg.textOn = (color) => {
    const { r, g, b } = d3.rgb(color);
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z > 0.19 ? "#111" : "#fff";
  };

  /** Show what the colors mean below the graph. */
  tg.drawLegend = (coloring) => {
    const way = tg.colorings()[coloring];
    const legend = d3.select("#legend").text("");
    const entry = (color, text) => {
      const span = legend.append("span");
      const mark = span.append("svg").attr("width", 13).attr("height", 13).attr("aria-hidden", "true");
      mark.append("rect").attr("width", 13).attr("height", 13).attr("rx", 2).style("fill", color);
      span.append("span").text(text);
    };
    if (!way.value) {
      tg.groups.forEach(({ group, names }) => entry(tg.groupColor(group), `transfer alike: ${tg.listed(names, 2)}`));
    } else {
      const [low, high] = way.scale.domain();
      [0, 0.25, 0.5, 0.75, 1].forEach((t) => {
        const at = low + t * (high - low);
        entry(way.scale(at), tg.number(Number((way.transform ? at * at : at).toPrecision(2))));
      });
      legend.append("span").text(`${way.title}; larger is better`);
    }
    legend.append("span").text("Thick frame: supervised. A dot joins the sources that feed one target together.");
  };
})();
