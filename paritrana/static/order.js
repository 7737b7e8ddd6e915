// The order of interviews by dragging: candidates change places, times and rooms stay. The buttons do the same without
// this script. Nothing is stored before the form is sent.
"use strict";
(() => {
  const form = document.querySelector("[data-order]");
  if (!form) return;
  const rows = [...form.querySelectorAll("[data-place]")];
  const cells = rows.map((row) => row.querySelector("[data-candidate]").parentElement);
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
      const candidates = order();
      candidates.splice(place, 0, ...candidates.splice(taken, 1));
      put(candidates);
      taken = null;
    });
    row.addEventListener("dragend", () => { taken = null; });
  });
})();
