// Words used and left beside a text with a limit; the server counts again by the same rule (core/wordcount.py).
"use strict";

const SPACE = /[\p{Z}\p{Cc}]/u;
const SIGN = /[\p{L}\p{N}]/u;
const ALONE = /[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3fffd}]/u;

function countWords(text) {
  let count = 0;
  let inside = false;
  for (const sign of text) {
    if (SPACE.test(sign)) {
      inside = false;
    } else if (SIGN.test(sign)) {
      const alone = ALONE.test(sign);
      if (alone || !inside) count += 1;
      inside = !alone;
    }
  }
  return count;
}
globalThis.countWords = countWords;

if (globalThis.document) {
  for (const said of document.querySelectorAll("[data-words]")) {
    const field = document.getElementById(said.dataset.words);
    const shown = said.querySelector("[data-words-shown]");
    const heard = said.querySelector("[role=status]");
    const most = Number(said.dataset.most);
    let waiting = 0;
    field.addEventListener("input", () => {
      const used = countWords(field.value);
      const text = (used > most ? said.dataset.over : said.dataset.left).replace("{used}", used).replace("{rest}", Math.abs(most - used));
      shown.textContent = text;
      said.classList.toggle("p-count--over", used > most);
      // What is read out waits for a pause in the typing.
      clearTimeout(waiting);
      waiting = setTimeout(() => { heard.textContent = text; }, 1500);
    });
  }
}
