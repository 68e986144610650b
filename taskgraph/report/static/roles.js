// Role, importance and costs of each task: as a table, and for the task that is chosen.
(() => {
  const ROLES = [["target", "target"], ["source-only", "source only"], ["target-only", "target only"], ["unused", "unused"]];
  const WEIGHTS = [["importance", "importance"], ["label_cost", "label cost"], ["transfer_cost", "transfer cost"]];
  const KEYS = ["role", "required", ...WEIGHTS.map(([key]) => key)];

  /** Remember the settings with which the table came. */
  tg.rememberSettings = () => {
    tg.original = new Map(tg.tasks.map((task) => [task.name, Object.fromEntries(KEYS.map((key) => [key, task[key]]))]));
  };

  /** Return what differs from the start, by task. */
  tg.changedSettings = () => Object.fromEntries(tg.tasks.map((task) => [
    task.name,
    Object.fromEntries(KEYS.filter((key) => task[key] !== tg.original.get(task.name)[key]).map((key) => [key, task[key]])),
  ]).filter(([, entry]) => Object.keys(entry).length));

  /** Put settings of a link into the tasks. */
  tg.applySettings = (changed) => tg.tasks.forEach((task) => Object.assign(task, tg.original.get(task.name), changed[task.name] ?? {}));

  /** Return the tables [tasks.<name>] of the problem, without what is the default anyway. */
  tg.taskTables = () => Object.fromEntries(tg.tasks.map((task) => {
    const entry = {};
    const natural = task.target ? "target" : "source-only";
    if (task.role !== natural) entry.role = task.role;
    if (task.required) entry.required = true;
    if (task.importance !== 1) entry.importance = task.importance;
    if (task.label_cost !== 1) entry.label_cost = task.label_cost;
    if (task.transfer_cost !== 0) entry.transfer_cost = task.transfer_cost;
    return [task.name, entry];
  }).filter(([, entry]) => Object.keys(entry).length));

  const set = (task, key, value) => {
    task[key] = value;
    if (task.required && (task.role === "unused" || task.role === "target-only")) task.required = false;
    refresh();
    tg.solveSoon();
  };

  const roleSelect = (task, id) => {
    const select = d3.create("select").attr("id", id).attr("aria-label", `role of ${task.name}`).attr("data-task", task.name).attr("data-key", "role");
    const allowed = task.target ? ROLES : ROLES.filter(([role]) => role === "source-only" || role === "unused");
    select.selectAll("option").data(allowed).join("option").attr("value", ([role]) => role).text(([, title]) => title);
    return select.property("value", task.role).on("change", (event) => set(task, "role", event.target.value)).node();
  };

  const requiredBox = (task) => d3.create("input").attr("type", "checkbox").attr("aria-label", `require ${task.name}`)
    .attr("data-task", task.name).attr("data-key", "required").property("checked", task.required)
    .property("disabled", task.role === "unused" || task.role === "target-only")
    .on("change", (event) => set(task, "required", event.target.checked)).node();

  const weightInput = (task, key, title) => d3.create("input").attr("type", "number").attr("min", 0).attr("step", "any").attr("required", "")
    .attr("aria-label", `${title} of ${task.name}`).attr("data-task", task.name).attr("data-key", key).property("value", task[key])
    .on("change", (event) => event.target.reportValidity() && set(task, key, Number(event.target.value))).node();

  /** Show the settings again in all inputs, after one of them changed. */
  const refresh = () => document.querySelectorAll("[data-key]").forEach((input) => {
    const task = tg.task.get(input.dataset.task);
    if (!task) return;
    if (input.type === "checkbox") {
      input.checked = task.required;
      input.disabled = task.role === "unused" || task.role === "target-only";
    } else if (document.activeElement !== input || input.tagName === "SELECT") input.value = task[input.dataset.key];
  });
  tg.refreshSettings = refresh;

  /** Build the table of all tasks, once it is opened. */
  tg.drawSettings = () => {
    const place = d3.select("#task-settings").html("");
    const build = () => {
      if (!document.getElementById("task-table").open || !place.select("table").empty()) return;
      const shown = tg.tasks.slice(0, 2000);
      const box = place.append(() => tg.table("Role and costs of each task", ["task", "role", "required", ...WEIGHTS.map(([, title]) => title)], shown.map((task) => [task.name, "", "", "", "", ""])));
      box.selectAll("tbody tr").each(function fill(_, i) {
        const [, role, required, ...weights] = this.children;
        role.append(roleSelect(shown[i]));
        required.append(requiredBox(shown[i]));
        WEIGHTS.forEach(([key, title], place_) => weights[place_].append(weightInput(shown[i], key, title)));
      });
    };
    document.getElementById("task-table").ontoggle = build;
    build();
  };

  /** Add the settings of one task to its panel. */
  tg.appendSettings = (name) => {
    const task = tg.task.get(name);
    const form = d3.select("#details-body").insert("div", ":first-child").attr("class", "buttons");
    const labeled = (title, input) => {
      const label = form.append("label").text(`${title} `);
      label.append(() => input);
    };
    labeled("role", roleSelect(task));
    labeled("required", requiredBox(task));
    WEIGHTS.forEach(([key, title]) => labeled(title, weightInput(task, key, title)));
  };
})();
