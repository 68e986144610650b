// The live page beside other choices: frontier, next best sets and stability, computed when asked for.
(() => {
  let running = null;
  const say = (text) => d3.select("#compare-state").text(text);
  const figure = (name) => document.querySelector(`#compare [data-picture=${name}]`);

  /** Remove the comparison, as another table is shown. */
  tg.forgetComparison = () => {
    running?.abort();
    say("");
    d3.select("#compare-answer").attr("hidden", true);
    d3.select("#best-sets").html("");
  };

  /** Say that the settings have changed since the comparison, if there is one. */
  tg.comparisonIsOld = () => {
    if (tg.content.frontier !== undefined) say("The settings have changed since; compare again for these.");
  };

  const bestSets = (sets) => {
    const first = new Set(sets[0].supervised);
    const lost = (set) => sets[0].supervised.filter((name) => !set.supervised.includes(name)).join(", ");
    const added = (set) => set.supervised.filter((name) => !first.has(name)).join(", ");
    return tg.table("The best supervised sets", ["supervised", "instead of", "with", "#objective", "#behind"],
      sets.map((set) => [set.supervised.join(", "), lost(set), added(set), set.objective.toFixed(4), `${(100 * set.behind).toFixed(2)} %`]));
  };

  const show = (answer) => {
    Object.assign(tg.content, { frontier: answer.frontier, stability: answer.stability });
    d3.select("#compare-answer").attr("hidden", null);
    ["frontier", "stability"].forEach((name) => d3.select(`#${name}-part`).attr("hidden", answer[name] ? null : true));
    d3.select("#sets-part").attr("hidden", answer.best_sets.length ? null : true);
    d3.select("#best-sets").html("");
    if (answer.best_sets.length) d3.select("#best-sets").append(() => bestSets(answer.best_sets));
    if (answer.stability) {
      const { resamples, same } = answer.stability;
      d3.select("#stability-words").text(`Of ${resamples} resamples of the test images, ${Math.round(100 * same)} % supervise exactly the same set.`);
    }
    d3.select("#no-losses").attr("hidden", answer.stability || !answer.best_sets.length ? true : null);
    tg.drawPictures(["frontier", "stability"].filter((name) => figure(name)));
    say(answer.best_sets.length ? "" : "There is no taxonomy at this budget, so there are no best sets.");
  };

  const compareNow = async (document) => {
    running?.abort();
    running = new AbortController();
    say("Comparing …");
    try {
      show(await tg.compare(document, running.signal));
    } catch (error) {
      if (error.name !== "AbortError") say(error.message);
    }
  };

  /** Let the button compare; `asked` returns the table and the problem. */
  tg.startComparison = (asked) => d3.select("#compare-now").on("click", () => compareNow(asked()));
})();
