// Draws the mathematics of a page; Markdown has it between dollar signs as class "arithmatex".
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll(".arithmatex")) {
    const text = place.textContent;
    const display = text.startsWith("\\[");
    katex.render(text.slice(2, -2), place, { displayMode: display, throwOnError: false });
  }
});
