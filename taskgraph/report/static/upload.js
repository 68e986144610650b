// A table of the reader's own: a file, or pasted text.
(() => {
  const say = (text) => d3.select("#upload-error").text(text);

  /** Set up the form; `use` shows the table that the server has read. */
  tg.startUpload = (use, most) => {
    d3.select("#upload").on("submit", async (event) => {
      event.preventDefault();
      say("");
      const [file] = document.getElementById("upload-file").files;
      const pasted = document.getElementById("pasted").value;
      const content = file ?? new Blob([pasted]);
      if (!content.size) return say("Choose a file, or paste a table.");
      if (content.size > most) return say(`The table has ${content.size} bytes; this server accepts at most ${most}.`);
      const button = d3.select("#upload button").property("disabled", true).text("Reading …");
      try {
        use(await tg.uploadTable(content, file?.name ?? "pasted table", document.getElementById("direction").value));
        document.getElementById("upload").reset();
        document.getElementById("controls").scrollIntoView();
      } catch (error) {
        say(error.message);
      } finally {
        button.property("disabled", false).text("Use this table");
      }
      return null;
    });
  };
})();
