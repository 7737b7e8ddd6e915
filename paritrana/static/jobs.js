// The list of jobs looks again by itself: every two seconds while one waits or runs, else four times a minute. The
// server answers 304 while nothing has changed. What lies under the pointer or holds the focus stays where it is.
"use strict";
(() => {
  const region = document.querySelector("[data-jobs]");
  const line = document.querySelector("[data-jobs-line]");
  if (!region || !line) return;
  const OFTEN = 2000;
  const SELDOM = 15000;
  const PATIENCE = 10000;
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: "Asia/Jakarta",
  });
  let seen = new Date();

  const rows = (root) => [...root.querySelectorAll("[data-job]")];
  const shape = (root) => rows(root).map((row) => row.dataset.job + row.dataset.state).join(" ");
  const busy = () => rows(region).some((row) => row.dataset.state === "queued" || row.dataset.state === "running");
  const touched = () => region.matches(":hover") || region.contains(document.activeElement);

  function tell(word) {
    const text = line.dataset[word].replace("{}", `${clock.format(seen)} WIB`);
    // Not announced each time: a screen reader hears only that the list is no longer current, or is so again.
    line.setAttribute("role", word === line.dataset.told ? "none" : "status");
    line.dataset.told = word;
    line.textContent = text;
  }

  function take(content) {
    if (!touched()) {
      region.replaceChildren(content);
      return true;
    }
    if (shape(content) !== shape(region)) return false;
    for (const row of rows(content)) {
      const mine = region.querySelector(`[data-job="${CSS.escape(row.dataset.job)}"] [data-job-status]`);
      mine.replaceChildren(...row.querySelector("[data-job-status]").childNodes);
    }
    region.querySelector("[data-etag]").dataset.etag = content.querySelector("[data-etag]").dataset.etag;
    return true;
  }

  async function look() {
    if (!document.hidden) {
      const tag = region.querySelector("[data-etag]").dataset.etag;
      try {
        const content = await window.paritrana.fragment(region.dataset.jobs, {
          headers: { "If-None-Match": tag }, cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
        });
        const taken = take(content);
        if (taken) seen = new Date();
        tell(taken ? "fresh" : "newer");
      } catch (error) {
        if (error.status === 304) seen = new Date();
        tell(error.status === 304 ? "fresh" : "stale");
      }
    }
    setTimeout(look, busy() ? OFTEN : SELDOM);
  }
  setTimeout(look, busy() ? OFTEN : SELDOM);
})();
