// Tables, also as the text alternative of every picture.
(() => {
  /**
   * Return a table in a box that scrolls.
   * @param {string} caption what the table shows
   * @param {string[]} head names of the columns; one that begins with "#" holds numbers
   * @param {string[][]} rows
   * @param {(row: number) => string} [mark] class of a row
   */
  tg.table = (caption, head, rows, mark = () => null) => {
    const box = d3.create("div").attr("class", "scroll").attr("tabindex", 0).attr("role", "region").attr("aria-label", caption);
    const table = box.append("table");
    table.append("caption").attr("class", "hidden").text(caption);
    const kind = (place) => (head[place].startsWith("#") ? "number" : null);
    table.append("thead").append("tr").selectAll("th").data(head).join("th")
      .attr("scope", "col").attr("class", (_, i) => kind(i)).text((name) => name.replace(/^#/, ""));
    table.append("tbody").selectAll("tr").data(rows).join("tr").attr("class", (_, i) => mark(i))
      .selectAll("td").data((row) => row).join("td").attr("class", (_, i) => kind(i)).text((cell) => cell);
    return box.node();
  };

  /** Put an empty SVG into a figure, with a text alternative and a table that opens below it. */
  tg.picture = (figure, { width, height, alternative, head, rows }) => {
    const svg = d3.select(figure).html("").append("svg").attr("width", width).attr("height", height)
      .attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("aria-label", alternative);
    if (width > figure.clientWidth) figure.setAttribute("tabindex", 0);
    else figure.removeAttribute("tabindex");
    const open = figure.dataset.open === "yes";
    const details = d3.select(figure).append("details").property("open", open);
    details.append("summary").text("This picture as a table");
    const fill = () => {
      figure.dataset.open = details.property("open") ? "yes" : "";
      if (details.property("open") && details.select("table").empty()) {
        details.append(() => tg.table(alternative, head, rows()));
      }
    };
    details.on("toggle", fill);
    if (open) fill();
    return svg;
  };

  /** Return the width that a figure has, in pixels. */
  tg.room = (figure, most = 1200) => Math.max(300, Math.min(most, figure.clientWidth || figure.parentNode.clientWidth || 640));
})();
