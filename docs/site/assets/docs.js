// The documents can be read without this file. It adds buttons that copy, and is
// the search of the static form; search.go does the same.
"use strict";
(() => {
  // A transcript is copied without what the commands print.
  const textOf = (block) => {
    const typed = [...block.querySelectorAll(".typed")].map((e) => e.textContent);
    return typed.length > 0 ? typed.join("\n") + "\n" : block.textContent;
  };
  if (navigator.clipboard) {
    for (const block of document.querySelectorAll("article pre")) {
      const button = document.createElement("button");
      button.className = "small copy";
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(textOf(block));
        button.textContent = "Copied";
      });
      const frame = document.createElement("div");
      frame.className = "copied";
      block.replaceWith(frame);
      frame.append(block, button);
    }
  }

  const list = document.getElementById("hits");
  if (!list || !window.gavelDocs) return;
  const wordsMost = 8, hitsMost = 30, excerptSize = 160;
  const letter = /[\p{L}\p{N}]/u;

  function* beginnings(text, word) {
    const low = text.toLowerCase();
    for (let at = low.indexOf(word); at >= 0; at = low.indexOf(word, at + word.length)) {
      if (at === 0 || !letter.test(low[at - 1])) yield at;
    }
  }
  const count = (text, word) => [...beginnings(text, word)].length;

  function rate(words, [, page, title, text]) {
    let all = 0;
    for (const word of words) {
      const score = 10 * Math.min(count(page, word), 1) + 20 * Math.min(count(title, word), 1) + Math.min(count(text, word), 5);
      if (score === 0) return 0;
      all += score;
    }
    return all;
  }

  function excerpt(text, words) {
    let first = 0;
    for (const word of words) {
      first = beginnings(text, word).next().value ?? 0;
      if (first > 0) break;
    }
    const begin = text.lastIndexOf(" ", Math.max(0, first - 40)) + 1;
    let end = text.length;
    if (end - begin > excerptSize) end = text.lastIndexOf(" ", begin + excerptSize);
    return (begin > 0 ? "… " : "") + text.slice(begin, end) + (end < text.length ? " …" : "");
  }

  const query = new URLSearchParams(location.search).get("q") ?? "";
  const field = document.querySelector("#contents input");
  const note = document.getElementById("found");
  field.value = query;
  const words = query.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((w) => w).slice(0, wordsMost);
  const hits = words.length === 0 ? [] : window.gavelDocs.map((row) => ({ row, score: rate(words, row) })).filter((h) => h.score > 0);
  hits.sort((a, b) => b.score - a.score);
  note.textContent = hits.length > 0 ? "" : words.length > 0 ? `Nothing has all words of “${query}”. Try fewer, or the beginning of a word.`
    : "Type words into the search field. All of them must occur; the beginning of a word is enough.";
  for (const { row: [path, page, title, text] } of hits.slice(0, hitsMost)) {
    const item = document.createElement("li"), link = document.createElement("a"), where = document.createElement("span"), words2 = document.createElement("p");
    link.href = path;
    link.textContent = title;
    where.className = "soft";
    where.textContent = title === page ? "" : " " + page;
    words2.textContent = excerpt(text, words);
    item.append(link, where, words2);
    list.append(item);
  }
})();
