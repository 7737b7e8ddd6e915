// Keys of the page of findings; the page works without them, and nothing is calculated here.
// F8 / Shift+F8 next and previous open figure, F2 same as claimed, Ctrl+Enter save and go on.
"use strict";

const findings = document.getElementById("findings");
if (findings) {
  const rows = () => [...findings.querySelectorAll("[data-row]")];
  const current = () => document.activeElement && document.activeElement.closest("[data-row]");

  const go = (step) => {
    const all = rows();
    const from = all.indexOf(current());
    const ordered = step > 0 ? [...all.slice(from + 1), ...all.slice(0, from + 1)] : [...all.slice(0, Math.max(from, 0)).reverse(), ...all.slice(Math.max(from, 0)).reverse()];
    const next = ordered.find((row) => row.hasAttribute("data-open") && row.querySelector("input:not([type=hidden]), select"));
    if (!next) return;
    next.querySelector("input:not([type=hidden]), select").focus();
    next.scrollIntoView({ block: "center" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "F8" && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      go(event.shiftKey ? -1 : 1);
    } else if (event.key === "F2") {
      const same = current() && current().querySelector("[data-same]");
      if (!same) return;
      event.preventDefault();
      findings.requestSubmit(same);
    } else if (event.key === "Enter" && event.ctrlKey) {
      const next = document.querySelector("[data-next]");
      if (!next) return;
      event.preventDefault();
      findings.requestSubmit(next);
    }
  });
}
