// Small helps for every page; each page also works without them. No number is added, rounded or compared here.
"use strict";

// Error summary: focus goes there after a refused form, and each of its links moves focus to its field.
const summary = document.querySelector("[data-error-summary]");
if (summary) {
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    const target = field.matches("input, select, textarea, button") ? field : field.querySelector("input, select, textarea, button") || field;
    target.focus();
    (target.closest(".p-field") || target).scrollIntoView({ block: "start" });
  });
}

// The index of a long page closes when one of its parts is chosen, so that it does not stand over it.
for (const index of document.querySelectorAll("details[data-parts]")) {
  index.addEventListener("click", (event) => {
    if (event.target.closest("a")) index.open = false;
  });
}

// A form marked data-once is sent once, however often the button is pressed; the server refuses a repeat as well.
const PAUSE = 10000;
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented) return;
    form.dataset.sent = "1";
    const button = event.submitter;
    if (button) button.setAttribute("aria-disabled", "true");
    setTimeout(() => release(form), PAUSE);
  });
}
function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
}
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));

// Arithmetic while typing: the server returns the panel as HTML. <form data-arithmetic-url="…"> holds one
// [data-arithmetic-panel]; a [data-arithmetic-button] asks at once and works without script as an ordinary button.
const WAIT = 400;
const PATIENCE = 10000;
for (const form of document.querySelectorAll("form[data-arithmetic-url]")) {
  const panel = form.querySelector("[data-arithmetic-panel]");
  if (!panel) continue;
  let timer = 0;
  let running = null;

  const calculate = async () => {
    clearTimeout(timer);
    if (running) running.abort();
    const mine = (running = new AbortController());
    const word = setTimeout(() => say(panel, panel.dataset.wordLoading), WAIT);
    const limit = setTimeout(() => mine.abort("late"), PATIENCE);
    try {
      const body = new FormData(form);
      for (const file of form.querySelectorAll("input[type=file]")) body.delete(file.name);
      const content = await window.paritrana.fragment(form.dataset.arithmeticUrl, { method: "POST", body, signal: mine.signal });
      if (running === mine) panel.replaceChildren(content);
    } catch {
      if (running === mine) say(panel, panel.dataset.wordFailed);
    } finally {
      clearTimeout(word);
      clearTimeout(limit);
      if (running === mine) say(panel, "", panel.dataset.wordLoading);
    }
  };

  form.addEventListener("input", (event) => {
    if (event.target.matches("[type=file]")) return;
    clearTimeout(timer);
    timer = setTimeout(calculate, WAIT);
  });
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-arithmetic-button]")) return;
    event.preventDefault();
    calculate();
  });
}

// Shows a word under the old content of a panel, which stays; an empty word takes it away again (only `which`, if given).
function say(panel, word, which) {
  const old = panel.querySelector("[data-said]");
  if (!word) {
    if (old && (!which || old.textContent === which)) old.remove();
    return;
  }
  const line = old || document.createElement("p");
  line.dataset.said = "";
  line.className = "p-small";
  line.textContent = word;
  if (!old) panel.append(line);
}

// Escape closes an open <details> and gives focus back to its summary.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.activeElement && document.activeElement.closest("details[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// Print buttons are shown by the script that can serve them.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Signing out clears this device, so it waits until nothing is left to send; a saved copy of the queue counts as sent.
const out = document.querySelector("form[data-sign-out]");
if (out) out.addEventListener("submit", leaveDevice);
async function leaveDevice(event) {
  let kept = null;
  try {
    kept = localStorage.getItem("paritrana-account");
  } catch {
    // A browser that keeps nothing has nothing to send.
  }
  if (!kept) return;
  event.preventDefault();
  const [{ everything, wipe, copied }, { unsent }] = await Promise.all([import(out.dataset.store), import(out.dataset.queue)]);
  const waiting = (await everything()).filter(unsent);
  if (waiting.length && !(await copied(waiting))) return refuseToLeave(waiting.length);
  await wipe();
  out.submit();
}
function refuseToLeave(count) {
  const place = document.querySelector(".p-flash");
  const line = document.createElement("p");
  const link = document.createElement("a");
  line.className = "p-note p-note--problem";
  line.setAttribute("role", "alert");
  line.textContent = `${out.dataset.wordWaiting.replace("{n}", count)} `;
  link.href = "/assessments";
  link.textContent = out.dataset.wordLink;
  line.append(link);
  place.replaceChildren(line);
  line.scrollIntoView({ block: "center" });
}
