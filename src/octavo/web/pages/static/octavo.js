// The one script: what is live, dialogs, keys and copying. Every page works without it, but for what is live.
"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  // --- what is live: the server says of each change how a run now looks, wherever data-run stands -------------------------
  const shown = (run) => all(`[data-run="${run}"]`);
  const tell = (event) => {
    const said = JSON.parse(event.data);
    const places = shown(said.id);
    for (const place of places) if (place.dataset.was !== said.progress) { place.innerHTML = said.progress; place.dataset.was = said.progress; }
    const list = document.querySelector("[data-runs]");
    if (!places.length && list && said.line && !said.over) {
      list.insertAdjacentHTML("afterbegin", said.line);
      for (const empty of all("[data-empty]")) empty.hidden = true;
      list.hidden = false;
    }
    document.dispatchEvent(new CustomEvent("octavo:run", { detail: said }));
  };
  const live = document.querySelector("[data-live]");
  if (live && "EventSource" in window) {
    let source;
    const open = () => { source = new EventSource(live.dataset.live); source.addEventListener("run", tell); };
    addEventListener("pagehide", () => source && source.close());
    addEventListener("pageshow", (event) => { if (event.persisted) open(); });
    open();
  }

  // --- dialogs -------------------------------------------------------------------------------------------------------------
  const show = (id) => { const one = document.getElementById(id); if (one && one.showModal && !one.open) one.showModal(); return one; };
  document.addEventListener("click", (event) => {
    const on = event.target.closest("[data-opens], [data-closes], [data-copy]");
    if (!on) return;
    if (on.dataset.opens && show(on.dataset.opens)) event.preventDefault();
    if (on.dataset.closes) {
      const one = document.getElementById(on.dataset.closes);
      if (one && one.open) { one.close(); event.preventDefault(); }
    }
    if (on.dataset.copy !== undefined) {
      navigator.clipboard.writeText(on.dataset.copy).then(() => {
        const before = on.textContent;
        on.textContent = "Copied";
        setTimeout(() => { on.textContent = before; }, 1500);
      });
    }
  });
  if (navigator.clipboard) for (const button of all("[data-copy]")) button.hidden = false;

  // --- a form is sent once ----------------------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    setTimeout(() => { for (const button of all("button[type=submit]", event.target)) button.disabled = true; });
  });
  addEventListener("pageshow", () => { for (const button of all("form[method=post] button[type=submit]")) button.disabled = false; });

  // --- keys: / searches, ? shows the keys, g and a letter goes ------------------------------------------------------------------
  let going = 0;
  document.addEventListener("keydown", (event) => {
    const within = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.ctrlKey || event.metaKey || event.altKey || within || document.querySelector("dialog[open]")) return;
    if (Date.now() - going < 1500) {
      going = 0;
      const link = all("[data-key]").find((one) => one.dataset.key === event.key);
      if (link) { event.preventDefault(); link.click(); }
    } else if (event.key === "g") {
      going = Date.now();
    } else if (event.key === "?") {
      show("keys");
    } else if (event.key === "/") {
      const search = document.querySelector("[type=search]");
      if (search) { event.preventDefault(); search.focus(); }
    }
  });
})();
