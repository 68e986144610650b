// One box with the numbers of the thing that the reader points at.
(() => {
  const box = d3.select("#tooltip");

  /** Show lines of text beside the pointer. */
  tg.showTip = (event, lines) => {
    box.text(lines.filter(Boolean).join("\n")).attr("hidden", null);
    const { offsetWidth, offsetHeight } = box.node();
    const right = window.scrollX + document.documentElement.clientWidth - offsetWidth - 6;
    const above = event.pageY - offsetHeight - 12;
    box.style("left", `${Math.max(4, Math.min(event.pageX + 14, right))}px`)
      .style("top", `${above < window.scrollY ? event.pageY + 16 : above}px`);
  };

  tg.hideTip = () => box.attr("hidden", true);

  /** Show a tip while the pointer is over the marks of a selection; `lines` gives its text. */
  tg.tips = (selection, lines) =>
    selection.on("pointermove", (event, datum) => tg.showTip(event, lines(datum)))
      .on("pointerleave", tg.hideTip);

  document.addEventListener("keydown", (event) => event.key === "Escape" && tg.hideTip());
})();
