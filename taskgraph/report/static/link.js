// The state of the page in its address, so that a link shows the same.
(() => {
  /** Return the settings in the address after "#", as an object of texts. */
  tg.readLink = () => Object.fromEntries(new URLSearchParams(location.hash.replace(/^#/, "")));

  /** Write settings into the address; those without a value are left out. */
  tg.writeLink = (state) => {
    const kept = Object.entries(state).filter(([, value]) => value !== null && value !== undefined && value !== "");
    if (location.protocol === "about:") return; // in a frame of a notebook there is no address
    history.replaceState(null, "", `#${new URLSearchParams(kept.map(([key, value]) => [key, String(value)]))}`);
  };
})();
