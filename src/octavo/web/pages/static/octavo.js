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

  // --- a part of another page taken in here: data-takes says where it is, the id which part; and this page's own anew when a run is over ---
  const take = async (place, from) => {
    place.setAttribute("aria-busy", "true");
    try {
      const answered = await fetch(from, { headers: { Accept: "text/html" } });
      const part = new DOMParser().parseFromString(await answered.text(), "text/html").getElementById(place.id);
      if (part) { place.replaceWith(document.adoptNode(part)); reveal(); return; }
    } catch { /* the link that leads there stays */ }
    place.removeAttribute("aria-busy");
  };
  for (const place of all("[data-takes]")) take(place, place.dataset.takes);
  document.addEventListener("octavo:run", (event) => {
    const place = document.querySelector(`[data-again="${event.detail.id}"]`);
    if (place && event.detail.over) take(place, location.href);
  });

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
  const reveal = () => { if (navigator.clipboard) for (const button of all("[data-copy]")) button.hidden = false; };
  reveal();

  // --- forms that say back what they mean: they are sent as they are, and what comes back is put in place of the parts that were there ----
  const follow = (form) => {
    let waiting, newest = 0, owed = false, line = Promise.resolve();
    const ask = async (button) => {
      const every = owed, body = new URLSearchParams();
      owed = false;
      for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
      body.set("do", button || "preview");
      const answered = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answered.text(), "text/html");
      const active = document.activeElement && form.contains(document.activeElement) ? document.activeElement.id : "";
      for (const part of all("[data-part]", form)) {
        const anew = part.id && page.getElementById(part.id);
        if (!anew || !(every || part.dataset.part === "said")) continue;
        for (const field of all("input[id]:not([type=checkbox], [type=radio]), select[id]", part)) {  // what was typed meanwhile stays
          const now = page.getElementById(field.id);
          if (now && field.value !== (body.get(field.name) || "")) now.value = field.value;
        }
        part.replaceWith(anew);
      }
      if (active && !form.contains(document.activeElement)) {
        const again = document.getElementById(active) || form.querySelector("[data-sorts] button, [data-part] select");
        if (again) again.focus();
      }
      sortable(form);
    };
    const send = (button, every) => {  // one after the other: no step is lost, and of what is typed only the last is asked
      clearTimeout(waiting);
      const mine = ++newest;
      owed = owed || Boolean(every);
      form.setAttribute("aria-busy", "true");
      line = line.then(() => (button || mine === newest) && ask(button)).catch(() => {}).then(() => { if (mine === newest) form.removeAttribute("aria-busy"); });
    };
    const soon = (event) => {
      if (event.target.closest("[data-quiet]")) return;
      clearTimeout(waiting);
      waiting = setTimeout(() => send("", event.target.closest("[data-shapes]")), event.type === "input" && event.target.matches("input, textarea") ? 400 : 0);
    };
    form.addEventListener("input", soon);
    form.addEventListener("submit", (event) => {
      if (!event.submitter || event.submitter.dataset.whole !== undefined) return;
      event.preventDefault();
      event.stopPropagation();
      send(event.submitter.value, true);
    });
    form.addEventListener("octavo:sorted", () => send("", true));
    sortable(form);
    if (form.hasAttribute("data-refresh-now")) send("", false);  // form.dataset may be a field of that name
  };

  // --- lists whose order is dragged; every item has buttons for it too --------------------------------------------------------
  let dragged;
  const sortable = (root) => { for (const item of all("[data-sorts] > li[data-name]", root)) item.draggable = true; };
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest && event.target.closest("[data-sorts] > li");
    if (dragged) { event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", dragged.dataset.name); dragged.classList.add("dragged"); }
  });
  document.addEventListener("dragover", (event) => {
    const over = dragged && event.target.closest("[data-sorts] > li");
    if (!over || over.parentNode !== dragged.parentNode) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (over !== dragged) over.parentNode.insertBefore(dragged, event.clientY < box.top + box.height / 2 ? over : over.nextSibling);
  });
  document.addEventListener("drop", (event) => { if (dragged) event.preventDefault(); });
  document.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    dragged.dispatchEvent(new CustomEvent("octavo:sorted", { bubbles: true }));
    dragged = undefined;
  });
  for (const form of all("form[data-refresh]")) follow(form);

  // --- a form is sent once ----------------------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post" || (event.submitter && event.submitter.dataset.again !== undefined)) return;
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
