// The live page: every change of a setting solves again on the server.
(() => {
  const element = (id) => document.getElementById(id);
  const settings = { budget: 6, max_order: 5, objective: "sqrt", supervised_may_transfer: false };
  let start = {};
  let timer = 0;
  let run = null;

  /** Return the problem in the form of a problem file. */
  const problem = () => ({ ...settings, tasks: tg.taskTables() });

  const say = (text) => d3.select("#error").text(text);

  const advise = (budget) => {
    d3.select("#advice").attr("hidden", budget == null ? true : null);
    if (budget != null) d3.select("#least").text(`Use budget ${tg.number(budget)}`).on("click", () => setBudget(budget));
  };

  const working = (line) => {
    if (line.event === "started") {
      run = line.run;
      d3.select("#working").attr("hidden", null);
    }
    const known = line.value != null && line.bound != null;
    const so = known ? `, best so far ${tg.number(line.value)}, at most ${tg.number(line.bound)} is possible` : "";
    d3.select("#proof").text(`Solving for ${line.seconds ?? 0} s${so}.`);
  };

  const solveNow = async () => {
    say("");
    const asked = { table: tg.content.name, problem: problem() };
    element("answer").setAttribute("aria-busy", "true");
    try {
      const taxonomy = await tg.solve(asked, working);
      tg.show(taxonomy);
      tg.comparisonIsOld();
      advise(tg.solved(taxonomy) ? null : taxonomy.least_budget);
      tg.onState();
    } catch (error) {
      if (error.name === "AbortError") return;
      say(error.message);
      if (!tg.state.taxonomy) d3.select("#headline").text("");
    }
    d3.select("#working").attr("hidden", true);
    element("answer").removeAttribute("aria-busy");
  };

  /** Solve when no setting has changed for a moment. */
  tg.solveSoon = (wait = 120) => {
    clearTimeout(timer);
    timer = setTimeout(solveNow, wait);
  };

  const setBudget = (budget) => {
    settings.budget = budget;
    showSettings();
    tg.solveSoon(0);
  };

  const showSettings = () => {
    const total = d3.sum(tg.tasks, (task) => task.label_cost + task.transfer_cost) || 1;
    const whole = tg.tasks.every((task) => Number.isInteger(task.label_cost) && Number.isInteger(task.transfer_cost));
    const step = whole ? Math.max(1, Math.round(total / 400)) : "any";
    d3.select("#budget").attr("max", Math.max(total, settings.budget)).attr("step", step).property("value", settings.budget);
    d3.select("#budget-number").property("value", settings.budget);
    d3.select("#max-order").property("value", settings.max_order);
    tg.options("#objective", tg.content.objectives.map((name) => [name, name]), settings.objective);
    d3.select("#may-transfer").property("checked", settings.supervised_may_transfer);
    tg.refreshSettings();
  };

  const takeProblem = (from) => Object.keys(settings).forEach((key) => { if (key in from) settings[key] = from[key]; });

  /** Show another table: its tasks, its pictures, and its optimum with the start settings. */
  const useTable = (content, link = {}) => {
    const listed = tg.content.tables;
    tg.setContent({ ...content, tables: listed.some((each) => each.name === content.name) ? listed : [...listed, { name: content.name, title: content.title }] });
    tg.state.taxonomy = null;
    tg.state.chosen = null;
    tg.rememberSettings();
    start = { ...settings, ...content.problem };
    takeProblem(start);
    readSettings(link);
    d3.select("#graph").html("");
    d3.select("#details-title").text("One task");
    d3.select("#details-body").html("").append("p").text("Choose a task of the graph to see how it is solved, and to change its role and costs.");
    d3.select("#settings").text(`${content.table}.`);
    tg.options("#table", tg.content.tables.map(({ name, title }) => [name, title]), content.name);
    tg.startPage(link, problem);
    tg.drawSettings();
    showSettings();
    tg.drawPictures(["heatmap", "tree"]);
    tg.forgetComparison();
    tg.solveSoon(0);
  };

  const readSettings = (link) => {
    if (Number(link.budget) >= 0 && link.budget) settings.budget = Number(link.budget);
    if (Number(link.max_order) >= 1) settings.max_order = Math.floor(Number(link.max_order));
    if (tg.content.objectives.includes(link.objective)) settings.objective = link.objective;
    if (link.may_transfer) settings.supervised_may_transfer = link.may_transfer === "true";
    try {
      tg.applySettings(JSON.parse(link.tasks || "{}"));
    } catch {
      say("The settings of the tasks in this link cannot be read; they are left out.");
    }
  };

  tg.onState = () => {
    const changed = tg.changedSettings();
    tg.writeLink({
      table: tg.content.name, budget: settings.budget, max_order: settings.max_order, objective: settings.objective,
      may_transfer: settings.supervised_may_transfer || null, color: tg.state.coloring, task: tg.state.chosen,
      tasks: Object.keys(changed).length ? JSON.stringify(changed) : null,
    });
  };

  const listen = () => {
    element("controls").addEventListener("submit", (event) => event.preventDefault());
    const number = (id, key) => d3.select(id).on("input", (event) => {
      if (!event.target.checkValidity()) return say(event.target.validationMessage);
      settings[key] = Number(event.target.value);
      if (key === "budget") d3.selectAll("#budget, #budget-number").filter(function other() { return this !== event.target; }).property("value", settings.budget);
      return tg.solveSoon();
    });
    number("#budget-number", "budget");
    number("#budget", "budget");
    number("#max-order", "max_order");
    d3.select("#objective").on("change", (event) => { settings.objective = event.target.value; tg.solveSoon(0); });
    d3.select("#may-transfer").on("change", (event) => { settings.supervised_may_transfer = event.target.checked; tg.solveSoon(0); });
    d3.select("#reset").on("click", () => {
      takeProblem(start);
      tg.applySettings({});
      showSettings();
      tg.solveSoon(0);
    });
    d3.select("#stop").on("click", () => tg.stopRun(run));
    d3.select("#table").on("change", (event) => changeTable(event.target.value));
    tg.startUpload(useTable, tg.content.upload);
    tg.startComparison(() => ({ table: tg.content.name, problem: problem() }));
  };

  const changeTable = async (name, link = {}) => {
    try {
      useTable(await tg.fetchTable(name), link);
    } catch (error) {
      say(error.message);
      d3.select("#table").property("value", tg.content.name);
      if (!tg.state.taxonomy) useTable(tg.content, {});
    }
  };

  /** Start the page with the table and the settings of its address. */
  tg.startLive = () => {
    const link = tg.readLink();
    listen();
    if (link.table && link.table !== tg.content.name) changeTable(link.table, link);
    else useTable(tg.content, link);
  };
})();
