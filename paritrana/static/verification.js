// The page of findings; it works without this, and nothing is calculated here.
// F8 / Shift+F8 next and previous open figure, F2 same as claimed, Ctrl+Enter save and go on, Alt+PageUp / Alt+PageDown
// the document's pages. Another page of the document is fetched into its place, so that what is typed stays.
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

const pane = document.getElementById("document");
if (pane) {
  // Opens an address of this page in the pane alone; where that fails, the browser opens it whole.
  const open = async (address) => {
    const url = new URL(address, location.href);
    pane.setAttribute("aria-busy", "true");
    try {
      const fresh = (await window.paritrana.fragment(url.pathname + url.search)).getElementById("document");
      const focused = document.activeElement && pane.contains(document.activeElement) ? document.activeElement.dataset.pane : undefined;
      pane.replaceChildren(...fresh.childNodes);
      history.replaceState(null, "", url.pathname + url.search);
      if (findings && findings.method === "post") findings.action = url.pathname + url.search;
      if (focused !== undefined) (pane.querySelector(`[data-pane="${focused}"]`) || pane.querySelector(".p-doc__sheet") || pane).focus();
    } catch {
      location.assign(url);
    } finally {
      pane.removeAttribute("aria-busy");
    }
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-pane]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    document.getElementById("pane-document").checked = true;
    open(link.href);
  });
  pane.addEventListener("submit", (event) => {
    event.preventDefault();
    open(`${event.target.action}?${new URLSearchParams(new FormData(event.target))}`);
  });
  pane.addEventListener("change", (event) => {
    if (event.target.id !== "doc") return;
    pane.querySelector("#p").value = "";
    event.target.form.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    const link = event.altKey && { PageUp: "back", PageDown: "on" }[event.key];
    const found = link && pane.querySelector(`[data-pane="${link}"]`);
    if (!found) return;
    event.preventDefault();
    open(found.href);
  });
}
