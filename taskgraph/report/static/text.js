// Numbers, names and sets of sources as text, in the forms of taskgraph's tables.
const tg = {};

(() => {
  /** Return a number with at most six significant digits, as Python's format "g" does. */
  tg.number = (value) => (value === null || value === undefined ? "" : String(Number(value.toPrecision(6))));

  /** Return an affinity with three significant digits; empty if it was not measured. */
  tg.affinity = (value) => (value === null || value === undefined ? "" : value.toPrecision(3));

  /** Return a win rate with three decimals; empty if it was not measured. */
  tg.share = (value) => (value === null || value === undefined ? "" : value.toFixed(3));

  /** Return the interval of an affinity in brackets; empty without one. */
  tg.interval = (low, high) => (low == null || high == null ? "" : `[${tg.affinity(low)}, ${tg.affinity(high)}]`);

  /** Return a name as an element of a set of sources: quoted if it contains "+" or a quote. */
  tg.quoted = (name) => (/[+"]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

  /** Return a set of sources as tables have it: sorted by code points and joined by "+". */
  tg.joined = (names) => [...names].sort(tg.byCodePoint).map(tg.quoted).join("+");

  /** Compare two texts by their code points, as Python does. */
  tg.byCodePoint = (one, other) => {
    const [a, b] = [[...one], [...other]];
    for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
      if (a[i] !== b[i]) return a[i].codePointAt(0) - b[i].codePointAt(0);
    }
    return a.length - b.length;
  };

  /** Return names for a sentence: "a", "a and b", "a, b and 3 more". */
  tg.listed = (names, most = 4) => {
    const shown = names.slice(0, most);
    const rest = names.length - shown.length;
    if (rest > 0) return `${shown.join(", ")} and ${rest} more`;
    return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
  };

  /** Return how a transfer solves its target, in words. */
  tg.solvedBy = (transfer) => (tg.isSelf(transfer) ? "its own network" : tg.listed(transfer.sources, 30));

  tg.isSelf = (transfer) => transfer.sources.length === 1 && transfer.sources[0] === "self";

  const canvas = document.createElement("canvas").getContext("2d");

  /** Return the width of a text in pixels. */
  tg.textWidth = (text, size = 12) => {
    canvas.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
    return canvas.measureText(text).width;
  };

  /** Return a text that is at most so wide; a longer one loses its middle. */
  tg.fitted = (text, width, size = 12) => {
    if (tg.textWidth(text, size) <= width) return text;
    const letters = [...text];
    for (let kept = letters.length - 1; kept > 2; kept -= 1) {
      const head = Math.ceil((kept * 2) / 3);
      const short = `${letters.slice(0, head).join("")}…${letters.slice(letters.length - kept + head).join("")}`;
      if (tg.textWidth(short, size) <= width) return short;
    }
    return `${letters[0]}…`;
  };
})();
