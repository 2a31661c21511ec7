// The console works without this file. It shows times in the reader's zone and
// new data while a page is open, and adds a few conveniences.
"use strict";
(() => {
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const maxRows = 300;

  // ago returns a time in words, such as "3 minutes ago".
  function ago(date) {
    const seconds = Math.round((date - Date.now()) / 1000);
    for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
      if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
    }
    return relative.format(Math.min(seconds, 0), "second");
  }

  function localise(root) {
    for (const el of root.querySelectorAll("time[datetime]")) {
      const date = new Date(el.dateTime);
      if (isNaN(date)) continue;
      if ("ago" in el.dataset) el.textContent = ago(date);
      else el.textContent = ("clock" in el.dataset ? clock : full).format(date);
    }
  }

  // listen keeps a stream open while the page is visible: browsers allow only a
  // few per address.
  function listen(url, handlers) {
    let source = null;
    const open = () => {
      if (source || document.hidden) return;
      source = new EventSource(url);
      for (const [name, handle] of Object.entries(handlers)) source.addEventListener(name, handle);
    };
    const close = () => { source?.close(); source = null; };
    const turn = () => (document.hidden ? close() : open());
    document.addEventListener("visibilitychange", turn);
    window.addEventListener("pagehide", close);
    open();
    return () => { document.removeEventListener("visibilitychange", turn); close(); };
  }

  // fetchPart fetches this page again and returns the part with this id.
  async function fetchPart(id) {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
  }

  // followChanges keeps the live part of a page up to date. It does not replace
  // the part while it is in use or unchanged.
  function followChanges(part, html) {
    let busy = false;
    const inUse = () => part.matches(":active, :focus-within") || String(getSelection()) !== "";
    const again = async () => {
      if (busy || inUse()) return;
      busy = true;
      try {
        const next = await fetchPart(part.id);
        if (!next || next.outerHTML === html || inUse()) return;
        html = next.outerHTML;
        localise(next);
        offerCopies(next);
        for (const open of part.querySelectorAll("details[open][data-key]")) {
          next.querySelector(`details[data-key="${CSS.escape(open.dataset.key)}"]`)?.setAttribute("open", "");
        }
        part.replaceWith(next);
        part = next;
      } catch { /* retried at the next change */ } finally { busy = false; }
    };
    // The fetch on open catches changes before the stream was open.
    listen(document.body.dataset.stream, { open: again, changed: again });
    setInterval(() => localise(part), 30000);
  }

  function followEvents() {
    const button = document.getElementById("live");
    const table = document.getElementById("events");
    const missed = document.getElementById("missed");
    if (!button || !table) return;
    button.hidden = false;
    let stop = null, lost = 0;
    const add = (event) => {
      const holder = document.createElement("template");
      holder.innerHTML = event.data; // rendered and escaped by the server
      localise(holder.content);
      for (const row of holder.content.querySelectorAll("tr")) row.classList.add("fresh");
      table.hidden = false;
      document.querySelector(".panel.empty")?.remove();
      const body = table.tBodies[0], day = body.rows[0];
      const newest = body.querySelector("time");
      const today = day?.classList.contains("day") && new Date(newest.dateTime).toDateString() === new Date().toDateString();
      if (today) day.after(holder.content); else body.prepend(holder.content);
      while (body.rows.length > maxRows) body.lastElementChild.remove();
    };
    const miss = (event) => {
      lost += Number(event.data) || 0;
      missed.hidden = false;
      missed.textContent = `${lost.toLocaleString()} more came too fast to show. Reload the page to see them.`;
    };
    const show = (on, words) => {
      button.setAttribute("aria-pressed", String(on));
      button.querySelector(".words").textContent = words;
    };
    button.addEventListener("click", () => {
      if (stop) { stop(); stop = null; show(false, "Watch live"); return; }
      stop = listen(button.dataset.live, { open: () => show(true, "Live"), rows: add, missed: miss });
    });
  }

  function offerCopies(root) {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        button.textContent = "Copied";
      });
    }
  }

  // "/" focuses the search box.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) return;
    const box = document.querySelector(".search input");
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  });

  const part = document.querySelector("[data-changes]");
  const html = part?.outerHTML; // as the server wrote it
  localise(document);
  const where = document.getElementById("zone");
  if (where && zone) where.textContent = `Times are ${zone}; point at one for UTC.`;
  // The server counts by the reader's days.
  if (zone) document.cookie = `gavel_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
  if (part) followChanges(part, html);
  followEvents();
  offerCopies(document);
})();
