// The data of the page: tasks, measured rows, and optima with their names.
(() => {
  /** Read the data that the page carries, or that the server sent for another table. */
  tg.setContent = (content) => {
    tg.content = content;
    tg.tasks = content.tasks;
    tg.task = new Map(tg.tasks.map((task) => [task.name, task]));
    const names = (numbers) => numbers.map((number) => (number < 0 ? "self" : tg.tasks[number].name));
    tg.rows = content.rows.map(([target, sources, affinity, gain, quality, low, high]) => ({
      target: tg.tasks[target].name, sources: names(sources), affinity, gain, quality, low, high,
    }));
    tg.rowsOf = d3.group(tg.rows, (row) => row.target);
    tg.optima = (content.optima ?? []).map((optimum) => ({
      ...optimum,
      supervised: names(optimum.supervised),
      transfers: optimum.transfers.map((number) => tg.rows[number]),
    }));
    tg.groups = d3.groups(tg.tasks.filter((task) => task.group !== null), (task) => task.group)
      .sort((one, other) => one[0] - other[0])
      .map(([group, tasks]) => ({ group, names: tasks.map((task) => task.name) }));
  };

  /** Return whether some row of the table has a value in a column. */
  tg.has = (column) => tg.content.columns.includes(column);

  /** Return the best transfers to a target, best first, without those that the settings forbid. */
  tg.bestTransfers = (target, { maxOrder = Infinity, unused = new Set(), most = 10 } = {}) =>
    (tg.rowsOf.get(target) ?? [])
      .filter((row) => tg.isSelf(row) || (row.sources.length <= maxOrder && !row.sources.some((name) => unused.has(name))))
      .sort((one, other) => other.affinity - one.affinity)
      .slice(0, most);

  tg.setContent(JSON.parse(document.getElementById("data").textContent));
})();
