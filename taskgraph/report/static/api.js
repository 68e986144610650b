// Requests to the server of the page. Only the latest solve counts; earlier ones are ended.
(() => {
  let running = null;

  /** An answer that is an error: its message is for the reader. */
  class RefusedError extends Error {}
  tg.RefusedError = RefusedError;

  const refused = async (answer) => {
    const said = await answer.json().catch(() => ({}));
    return new RefusedError(said.error ?? `the server answered with status ${answer.status}`);
  };

  const request = async (path, options) => {
    let answer;
    try {
      answer = await fetch(path, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new RefusedError("the server does not answer; is `taskgraph serve` still running?");
    }
    if (!answer.ok) throw await refused(answer);
    return answer;
  };

  const post = (path, document, extra = {}) => request(path, {
    method: "POST", body: JSON.stringify(document), ...extra,
    headers: { "Content-Type": "application/json", ...extra.headers },
  });

  /** Yield the lines of an answer as objects, as they come. */
  async function* lines(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      for (const line of parts) yield JSON.parse(line);
    }
  }

  /** Solve; `onProgress` gets the lines about a long proof. Rejects with AbortError if a later solve began. */
  tg.solve = async (document, onProgress) => {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    const answer = await post("api/solve", document, { signal, headers: { Accept: "application/x-ndjson, application/json" } });
    if (!answer.headers.get("content-type").startsWith("application/x-ndjson")) return (await answer.json()).taxonomy;
    for await (const line of lines(answer)) {
      if (line.event === "done") return line.taxonomy;
      if (line.event === "error") throw new RefusedError(line.error);
      onProgress(line);
    }
    throw new RefusedError("the server ended the answer early");
  };

  /** Return what stands beside the optimum of a problem; `signal` ends the request. */
  tg.compare = async (document, signal) => (await post("api/compare", document, { signal })).json();

  tg.stopRun = (run) => post("api/stop", { run }).catch(() => null);

  tg.fetchTable = async (name) => (await request(`api/tables/${encodeURIComponent(name)}`)).json();

  tg.uploadTable = async (content, title, direction) => {
    const query = new URLSearchParams({ title, direction });
    const answer = await request(`api/tables?${query}`, { method: "POST", body: content, headers: { "Content-Type": "application/octet-stream" } });
    return answer.json();
  };
})();
