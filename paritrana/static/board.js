// The board of an interview day and the screen of the hall look again by themselves every two seconds; the server answers
// 304 while nothing has changed. Clocks count down by the server's time, so that they are equal on every device. A board
// that was not reached says how old it is. What is open stays open, and nothing moves under the pointer or the focus.
"use strict";
(() => {
  const EVERY = 2000;
  const PATIENCE = 8000;
  const SOON = 120000;
  const region = document.querySelector("[data-board]");
  const line = document.querySelector("[data-board-line]");
  const voice = document.querySelector("[data-board-said]");
  const holder = region || document.querySelector("[data-clock][data-now]");
  if (!holder) return;
  const point = document.documentElement.lang === "en" ? ":" : ".";
  const words = holder.dataset.words.split("|");
  const moods = ["calm", "soon", "over"];
  let ahead = Date.parse(holder.dataset.now) - Date.now();
  let seen = Date.now();
  const said = new Map();

  const time = (moment, zone) => new Intl.DateTimeFormat(document.documentElement.lang, {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: zone,
  }).format(moment).replaceAll(":", point);

  function digits(left) {
    const seconds = Math.floor(Math.abs(left) / 1000);
    const two = (number) => String(number).padStart(2, "0");
    return `${left < 0 ? "+" : ""}${two(Math.floor(seconds / 60))}${point}${two(seconds % 60)}`;
  }

  // A phase is spoken of when it begins, two minutes before its end and at its end, and at no other time.
  function speak(clock, mood) {
    const about = clock.closest("[data-phase]");
    if (!voice || !about) return;
    const key = `${about.dataset.slot} ${about.dataset.phase}`;
    const before = said.get(key);
    if (before === mood) return;
    said.set(key, mood);
    if (before === undefined && said.size === 1 && mood === "calm") return;
    const text = { calm: region.dataset.saidStart, soon: region.dataset.saidSoon, over: region.dataset.saidOver }[mood];
    voice.textContent = text.replace("{}", about.dataset.phase);
  }

  function tick() {
    for (const clock of document.querySelectorAll("[data-clock][data-ends]")) {
      const left = Date.parse(clock.dataset.ends) - (Date.now() + ahead);
      const mood = left <= 0 ? 2 : left <= SOON ? 1 : 0;
      const shown = digits(left);
      const field = clock.querySelector("[data-digits]");
      if (field.textContent !== shown) field.textContent = shown;
      const word = clock.querySelector("[data-mood]");
      if (word.textContent !== words[mood]) word.textContent = words[mood];
      for (const [place, name] of moods.entries()) clock.classList.toggle(`p-mood--${name}`, place === mood);
      speak(clock, moods[mood]);
    }
  }

  function tell(fresh) {
    const text = (fresh ? line.dataset.fresh : line.dataset.stale).replace("{}", time(seen + ahead, region.dataset.zone));
    // Not announced each time: a screen reader hears only that the board is no longer current, or is so again.
    line.setAttribute("role", line.dataset.told === String(fresh) ? "none" : "status");
    line.dataset.told = String(fresh);
    line.classList.toggle("is-stale", !fresh);
    line.textContent = text;
  }

  function take(content) {
    const open = [...region.querySelectorAll("details[open][data-keep]")].map((one) => one.dataset.keep);
    const focused = region.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && focused.closest("details[data-keep]");
    region.replaceChildren(content);
    for (const one of region.querySelectorAll("details[data-keep]")) {
      one.open = open.includes(one.dataset.keep);
      if (place && one.dataset.keep === place.dataset.keep) one.querySelector("summary").focus();
    }
    if (focused && !place && focused.href) {
      const again = [...region.querySelectorAll("a")].find((one) => one.href === focused.href);
      if (again) again.focus();
    }
  }

  async function look() {
    if (!document.hidden) {
      const asked = Date.now();
      let answer = null;
      try {
        const content = await window.paritrana.fragment(region.dataset.board, {
          headers: { Accept: "text/html", "If-None-Match": `"${region.dataset.tag}"` }, cache: "no-store",
          signal: AbortSignal.timeout(PATIENCE),
        });
        answer = content.headers;
        take(content);
      } catch (error) {
        if (error.status !== 304) {
          tell(false);
          setTimeout(look, EVERY);
          return;
        }
        answer = error.headers;
      }
      seen = Date.now();
      if (answer) {
        ahead = Date.parse(answer.get("X-Cycle-Time")) - (asked + seen) / 2;
        region.dataset.tag = (answer.get("ETag") || "").replaceAll('"', "").replace("W/", "");
      }
      tell(true);
      tick();
    }
    setTimeout(look, EVERY);
  }

  tick();
  setInterval(tick, 250);
  if (region) setTimeout(look, EVERY);
})();
