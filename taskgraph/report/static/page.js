// What both pages share: showing a taxonomy in all places at once.
(() => {
  tg.state = { coloring: "group", chosen: null, taxonomy: null };
  const pictures = { targets: "drawTargets", heatmap: "drawHeatmap", tree: "drawTree", frontier: "drawFrontier", stability: "drawStability" };
  const fixed = ["heatmap", "tree"];

  /** Return the names of tasks that must not be sources; the live page has its own. */
  tg.unused = () => new Set(tg.tasks.filter((task) => task.role === "unused").map((task) => task.name));

  const details = (name) => tg.state.taxonomy && tg.showDetails(name ?? tg.state.chosen, tg.state.taxonomy, { unused: tg.unused() });

  /** Show a taxonomy; `before` is the one that was shown, for the words about what changed. */
  tg.show = (taxonomy, before = tg.state.taxonomy) => {
    tg.state.taxonomy = taxonomy;
    const solved = tg.solved(taxonomy);
    d3.select("#headline").text(tg.headline(taxonomy)).classed("error", !solved);
    const line = d3.select("#supervised").text(solved ? "Supervise: " : "");
    if (solved) line.append("b").text(taxonomy.supervised.join(", ") || "none");
    d3.select("#changes").text(tg.changesInWords(before, taxonomy));
    tg.drawTaxonomy();
    if (solved) d3.select("#optimum").html("").append(() => optimumTable(taxonomy));
    else d3.select("#optimum").text("There is no taxonomy at this budget.");
  };

  /** Draw the graph, its legend, the panel, and the pictures that depend on the taxonomy. */
  tg.drawTaxonomy = () => {
    const { taxonomy, coloring, chosen } = tg.state;
    tg.drawGraph(taxonomy, { coloring, chosen, onChoose: tg.choose, onPoint: details });
    tg.drawLegend(coloring);
    details(chosen);
    tg.drawPictures(Object.keys(pictures).filter((name) => !fixed.includes(name)));
  };

  /** Draw pictures by name, where the page has a place for them. */
  tg.drawPictures = (names = Object.keys(pictures)) => names.forEach((name) => {
    const figure = document.querySelector(`[data-picture=${name}]`);
    const measured = !["frontier", "stability"].includes(name) || tg.content[name];
    if (figure && measured) tg[pictures[name]](figure, tg.state.taxonomy);
  });

  const optimumTable = (taxonomy) => {
    const measures = ["affinity", "gain", "quality"].filter((name) => taxonomy.transfers.some((t) => t[name] != null));
    const text = (t, name) => (name === "affinity" ? tg.affinity(t[name]) : tg.share(t[name]));
    const withInterval = taxonomy.transfers.some((t) => t.low != null);
    return tg.table("The taxonomy as a table", ["target", "sources", ...measures.map((m) => `#${m}`), ...(withInterval ? ["interval of the affinity"] : [])],
      taxonomy.transfers.map((t) => [t.target, t.sources.map(tg.quoted).join(" + "), ...measures.map((m) => text(t, m)), ...(withInterval ? [tg.interval(t.low, t.high)] : [])]));
  };

  /** Choose a task, or none if it is chosen already. */
  tg.choose = (name) => {
    tg.state.chosen = tg.state.chosen === name ? null : name;
    d3.select("#focus").property("value", tg.state.chosen ?? "");
    if (tg.state.taxonomy) tg.drawTaxonomy();
    tg.onState();
  };

  /** Fill a select with options. */
  tg.options = (select, pairs, value) => {
    d3.select(select).selectAll("option").data(pairs).join("option").attr("value", ([key]) => key).text(([, title]) => title);
    d3.select(select).property("value", value);
  };

  /** Set up what both pages have: coloring, the list of tasks, downloads, drawing at a new width. */
  tg.startPage = (link, problem) => {
    const ways = Object.entries(tg.colorings()).map(([key, { title }]) => [key, title]);
    if (ways.some(([key]) => key === link.color)) tg.state.coloring = link.color;
    if (tg.task.has(link.task)) tg.state.chosen = link.task;
    tg.options("#color", ways, tg.state.coloring);
    tg.options("#focus", [["", "none"], ...tg.tasks.map(({ name }) => [name, name])], tg.state.chosen ?? "");
    d3.select("#color").on("change", (event) => {
      tg.state.coloring = event.target.value;
      if (tg.state.taxonomy) tg.drawTaxonomy();
      tg.onState();
    });
    d3.select("#focus").on("change", (event) => {
      tg.state.chosen = null;
      tg.choose(event.target.value || null);
    });
    tg.makeDownloads(() => tg.state.taxonomy, problem);
  };

  let timer = 0;
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width || !tg.state.taxonomy) return;
    width = window.innerWidth;
    clearTimeout(timer);
    timer = setTimeout(() => { tg.drawTaxonomy(); tg.drawPictures(fixed); }, 120);
  });
  window.addEventListener("beforeprint", () => { document.getElementById("optimum-table").open = true; });

  /** The report: sliders between optima that are in the page. */
  tg.startReport = () => {
    if (!tg.optima.length) {
      d3.select("#taxonomy").remove();
      tg.drawPictures(fixed);
      return;
    }
    const link = tg.readLink();
    const start = tg.content.problem;
    const orders = [...new Set(tg.optima.map((optimum) => optimum.max_order))].sort((a, b) => a - b);
    const budgets = [...new Set(tg.optima.map((optimum) => optimum.budget))].sort((a, b) => a - b);
    const nearest = (values, wanted) => d3.leastIndex(values, (a, b) => Math.abs(a - wanted) - Math.abs(b - wanted));
    const place = { budget: nearest(budgets, Number(link.budget ?? start.budget)), order: nearest(orders, Number(link.order ?? start.max_order)) };
    const current = () => tg.optima.find((o) => o.budget === budgets[place.budget] && o.max_order === orders[place.order]);
    const values = { budget: (i) => tg.number(budgets[i]), order: (i) => String(orders[i]) };
    const label = (name) => {
      d3.select(`#${name}`).property("value", place[name]).attr("aria-valuetext", values[name](place[name]));
      d3.select(`#${name}-value`).text(values[name](place[name]));
    };
    tg.onState = () => tg.writeLink({ budget: budgets[place.budget], order: orders[place.order], color: tg.state.coloring, task: tg.state.chosen });
    Object.entries({ budget: budgets, order: orders }).forEach(([name, list]) => {
      d3.select(`#${name}`).attr("max", list.length - 1).property("disabled", list.length < 2).on("input", (event) => {
        place[name] = Number(event.target.value);
        label(name);
        tg.show(current());
        tg.onState();
      });
      label(name);
    });
    const problem = () => ({ ...start, budget: budgets[place.budget], max_order: orders[place.order] });
    tg.startPage(link, problem);
    tg.show(current(), null);
    tg.drawPictures(fixed);
  };
})();
