// Files that the reader takes along: the taxonomy, its picture, and the problem.
(() => {
  const save = (name, blob) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  /** Return the taxonomy as CSV, with the columns of `taskgraph solve --csv`. */
  tg.csv = (taxonomy) => {
    const measures = ["affinity", "gain", "quality", "low", "high"].filter((name) => taxonomy.transfers.some((t) => t[name] != null));
    const order = (t) => (tg.isSelf(t) ? 0 : t.sources.length);
    const rows = taxonomy.transfers.map((t) => [field(t.target), field(tg.joined(t.sources)), order(t), ...measures.map((m) => t[m] ?? "")]);
    return `${[["target", "sources", "order", ...measures], ...rows].map((row) => row.join(",")).join("\n")}\n`;
  };

  /** Return the taxonomy in the format of `taskgraph solve --json`. */
  tg.json = (taxonomy) => {
    const transfers = taxonomy.transfers.map((t) => Object.fromEntries(Object.entries(t).filter(([, value]) => value != null)));
    return `${JSON.stringify({ ...taxonomy, transfers }, null, 1)}\n`;
  };

  /** Return a problem as the TOML that `taskgraph solve --problem` reads. */
  tg.toml = (problem) => {
    const number = (value) => (Number.isInteger(value) ? `${value}.0` : String(value));
    const value = (key, entry) => {
      if (typeof entry === "string") return JSON.stringify(entry);
      if (typeof entry === "boolean") return String(entry);
      return key === "max_order" ? String(entry) : number(entry);
    };
    const lines = (entries) => Object.entries(entries).filter(([, entry]) => typeof entry !== "object").map(([key, entry]) => `${key} = ${value(key, entry)}`);
    const tasks = Object.entries(problem.tasks ?? {}).map(([name, entry]) => `\n[tasks.${JSON.stringify(name)}]\n${lines(entry).join("\n")}`);
    return `${[...lines(problem), ...tasks].join("\n")}\n`;
  };

  const COPIED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];

  /** Return the picture of the taxonomy as SVG text, with the styles of the page written into it. */
  tg.svgText = () => {
    const shown = document.querySelector("#graph svg");
    const copy = shown.cloneNode(true);
    const originals = shown.querySelectorAll("*");
    copy.querySelectorAll("*").forEach((element, i) => {
      const style = getComputedStyle(originals[i]);
      element.removeAttribute("style");
      element.removeAttribute("class");
      ["tabindex", "role", "aria-label", "aria-pressed"].forEach((name) => element.removeAttribute(name));
      COPIED.forEach((name) => element.setAttribute(name, style.getPropertyValue(name)));
    });
    const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    Object.entries({ width: "100%", height: "100%", fill: getComputedStyle(document.body).backgroundColor }).forEach(([key, text]) => paper.setAttribute(key, text));
    copy.prepend(paper);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    return new XMLSerializer().serializeToString(copy);
  };

  /** Return the picture of the taxonomy as PNG, with twice the pixels of the page. */
  const png = async () => {
    const url = URL.createObjectURL(new Blob([tg.svgText()], { type: "image/svg+xml" }));
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * image.width, height: 2 * image.height });
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.drawImage(image, 0, 0);
    URL.revokeObjectURL(url);
    return new Promise((done) => { canvas.toBlob(done, "image/png"); });
  };

  /** Make the buttons; the two functions return what is shown now. */
  tg.makeDownloads = (taxonomy, problem) => {
    const text = (content, type) => new Blob([content], { type: `${type};charset=utf-8` });
    const kinds = {
      JSON: ["taxonomy.json", () => text(tg.json(taxonomy()), "application/json")],
      CSV: ["taxonomy.csv", () => text(tg.csv(taxonomy()), "text/csv")],
      SVG: ["taxonomy.svg", () => text(tg.svgText(), "image/svg+xml")],
      PNG: ["taxonomy.png", png],
      "problem TOML": ["problem.toml", () => text(tg.toml(problem()), "application/toml")],
    };
    const buttons = d3.select("#downloads").text("Download: ");
    Object.entries(kinds).forEach(([title, [name, make]]) => {
      buttons.append("button").attr("type", "button").text(title).on("click", async () => save(name, await make()));
    });
  };
})();
