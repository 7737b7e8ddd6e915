// The order of interviews by dragging a row, or by its buttons: candidates change places, times and rooms stay. Without this
// script the buttons do the same with a page each. Nothing is stored before the form is sent.
"use strict";
(() => {
  const form = document.querySelector("[data-order]");
  if (!form) return;
  const rows = [...form.querySelectorAll("[data-place]")];
  const cells = rows.map((row) => row.querySelector("[data-candidate]").parentElement);
  const voice = form.querySelector("[data-order-said]");
  let taken = null;

  const order = () => cells.map((cell) => cell.querySelector("[data-candidate]"));

  function put(candidates) {
    candidates.forEach((candidate, place) => {
      cells[place].replaceChildren(candidate);
      const buttons = rows[place].querySelectorAll("button[name=step]");
      for (const button of buttons) {
        button.value = `${button.value.split(" ")[0]} ${candidate.dataset.candidate}`;
        const hidden = button.querySelector(".visually-hidden");
        if (hidden) hidden.textContent = ` (${candidate.textContent})`;
      }
    });
    form.elements.order.value = candidates.map((one) => one.dataset.candidate).join(" ");
  }

  function move(from, to) {
    const candidates = order();
    const [moved] = candidates.splice(from, 1);
    candidates.splice(to, 0, moved);
    put(candidates);
    voice.textContent = `${moved.textContent}: ${rows[to].querySelector("th").textContent}`;
  }

  // The focus goes with the candidate, so that the same key moves it on.
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=step]");
    const [way, ref] = button ? button.value.split(" ") : [];
    const from = order().findIndex((one) => one.dataset.candidate === ref);
    const to = from + (way === "up" ? -1 : 1);
    if (from < 0 || to < 0 || to >= rows.length) return;
    event.preventDefault();
    move(from, to);
    const there = [...rows[to].querySelectorAll("button[name=step]")];
    (there.find((one) => one.value.startsWith(way)) || there[0]).focus();
  });

  rows.forEach((row, place) => {
    row.draggable = true;
    row.classList.add("is-draggable");
    row.addEventListener("dragstart", (event) => {
      taken = place;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", order()[place].textContent);
    });
    row.addEventListener("dragover", (event) => {
      if (taken !== null) event.preventDefault();
    });
    row.addEventListener("drop", (event) => {
      if (taken === null) return;
      event.preventDefault();
      move(taken, place);
      taken = null;
    });
    row.addEventListener("dragend", () => { taken = null; });
  });
})();
