// What changed from one taxonomy to the next, in words.
(() => {
  const without = (names, others) => names.filter((name) => !others.includes(name));

  const settings = (before, after) => {
    const parts = [];
    if (before.budget !== after.budget) parts.push(`budget ${tg.number(before.budget)} → ${tg.number(after.budget)}`);
    if (before.max_order !== after.max_order) parts.push(`maximum order ${before.max_order} → ${after.max_order}`);
    if (before.objective_transform !== after.objective_transform) parts.push(`objective ${after.objective_transform}`);
    return parts.length ? `${parts.join(", ")}: ` : "";
  };

  /** Return sentences about what is different; empty where nothing was solved before. */
  tg.changesInWords = (before, after) => {
    if (!before || before === after || !tg.solved(after)) return "";
    const start = settings(before, after);
    if (!tg.solved(before)) return `${start}there is a taxonomy again.`;
    const added = without(after.supervised, before.supervised);
    const removed = without(before.supervised, after.supervised);
    const earlier = new Map(before.transfers.map((t) => [t.target, t]));
    const moved = after.transfers.filter((t) => earlier.has(t.target) && tg.joined(t.sources) !== tg.joined(earlier.get(t.target).sources));
    const parts = [];
    if (added.length) parts.push(`now also supervised: ${tg.listed(added)}`);
    if (removed.length) parts.push(`no longer supervised: ${tg.listed(removed)}`);
    if (moved.length === 1) {
      const [one] = moved;
      parts.push(`${one.target} is now solved by ${tg.solvedBy(one)}, before by ${tg.solvedBy(earlier.get(one.target))}`);
    } else if (moved.length) {
      parts.push(`${moved.length} targets are solved in another way: ${tg.listed(moved.map((t) => t.target))}`);
    }
    const same = before.objective_transform === after.objective_transform;
    const difference = same && before.objective !== null ? after.objective - before.objective : 0;
    if (Math.abs(difference) > 1e-9) {
      parts.push(`objective ${difference > 0 ? "up" : "down"} by ${Math.abs(difference).toPrecision(3)}`);
    }
    return `${start}${parts.length ? parts.join("; ") : "the taxonomy stays the same"}.`;
  };

  tg.solved = (taxonomy) => taxonomy.status === "optimal" || taxonomy.status === "feasible";

  /** Return why there is no solution, without the flags of the command line. */
  const reason = ({ reason: text }) => (text ?? "no solution was found in time")
    .replace(/ \(try --budget [^)]*\)/, "")
    .replace(/, or leave (it|them) out with --exclude .*$/, ", or leave $1 out (role unused)")
    .replace("raise --max-order", "raise the maximum order");

  /** Return the line above the graph: what is supervised, the limits, and what is proven. */
  tg.headline = (taxonomy) => {
    const limits = `budget ${tg.number(taxonomy.budget)}, transfers of order at most ${taxonomy.max_order}`;
    if (!tg.solved(taxonomy)) {
      return `${taxonomy.status[0].toUpperCase()}${taxonomy.status.slice(1)} within ${limits}: ${reason(taxonomy).replace(/\.?$/, ".")}`;
    }
    const proof = taxonomy.status === "optimal" ? "proven optimal" : `gap ${(100 * taxonomy.gap).toFixed(2)}%`;
    return `${taxonomy.supervised.length} supervised, ${limits}, spent ${tg.number(taxonomy.spent)}; ` +
      `${taxonomy.objective_transform} objective ${taxonomy.objective.toFixed(4)} (${proof}).`;
  };
})();
