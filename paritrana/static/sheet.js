// Saves the score sheet while it is typed: one indicator is one request with a key, so a repeat does nothing twice.
// Texts pass through as typed; nothing is added, rounded or compared as a number here. Without script the same forms work.
"use strict";

const sheet = document.querySelector("[data-sheet]");
if (sheet) {
  const PAUSE = 600;
  const SLOW = 400;
  const FIRST_RETRY = 2000;
  const LAST_RETRY = 60000;
  const chip = sheet.querySelector("[data-save-chip]");
  const words = sheet.dataset;
  const leaves = [...sheet.querySelectorAll("form[data-leaf]")].map(leafOf);

  function leafOf(form) {
    const field = (name) => form.elements.namedItem(name);
    const leaf = {
      code: form.dataset.leaf, form, version: form.dataset.version, stored: "", key: "", sending: "", timer: 0, retry: 0, delay: FIRST_RETRY,
      state: "clean", refused: false,
      value: field("value"), abstain: field("abstain"), reason: field("abstain_note"), panel: field("panel_note"), feedback: field("feedback"),
    };
    leaf.stored = said(leaf);
    return leaf;
  }

  // What would be sent: an abstention drops the mark, a mark drops the reason.
  function said(leaf) {
    const abstains = leaf.abstain.checked;
    return JSON.stringify({
      value: abstains ? "" : leaf.value.value.trim(),
      abstain_note: abstains ? leaf.reason.value.trim() : "",
      panel_note: leaf.panel.value.trim(),
      feedback: leaf.feedback.value.trim(),
    });
  }

  const needsReason = (leaf) => leaf.abstain.checked && !leaf.reason.value.trim();
  const dirty = (leaf) => said(leaf) !== leaf.stored || needsReason(leaf);

  function newKey() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // The chip speaks for the whole sheet: the worst state of any leaf.
  function showChip(word) {
    const two = leaves.some((leaf) => leaf.state === "two");
    const sending = leaves.some((leaf) => leaf.state === "sending");
    const again = leaves.some((leaf) => leaf.state === "again");
    const unsaved = leaves.some((leaf) => leaf.state === "unsaved");
    if (two) return setChip("two", words.wordTwo);
    if (again) return setChip("unsaved", words.wordAgain);
    if (unsaved) return setChip("unsaved", words.wordUnsaved);
    if (sending) return setChip("sending", words.wordSending);
    if (word) return setChip("server", word);
  }

  function setChip(state, word) {
    const text = chip.querySelector("[data-save-word]");
    if (text.textContent === word) return;
    chip.className = `p-save p-save--${state}`;
    chip.querySelector("svg").replaceWith(icon(state === "server" ? "done" : state));
    text.textContent = word;
  }

  function setState(leaf, state, word) {
    leaf.state = state;
    leaf.form.toggleAttribute("data-saved", state === "saved");
    showChip(word);
  }

  function showErrors(leaf, errors) {
    for (const box of leaf.form.querySelectorAll("[data-error]")) {
      const found = errors[box.dataset.error] || [];
      const field = leaf.form.elements.namedItem(box.dataset.error);
      box.replaceChildren(...found.map((text) => {
        const line = document.createElement("p");
        line.className = "p-error";
        line.textContent = text;
        return line;
      }));
      box.hidden = found.length === 0;
      if (found.length) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
      field.parentElement.classList.toggle("is-error", found.length > 0);
    }
  }

  function changed(leaf) {
    clearTimeout(leaf.timer);
    leaf.refused = false;
    if (leaf.state === "two") return;
    if (!dirty(leaf)) {
      if (leaf.state === "unsaved") setState(leaf, "clean");
      return;
    }
    setState(leaf, "unsaved");
    leaf.timer = setTimeout(() => save(leaf), PAUSE);
  }

  async function save(leaf, last = false) {
    clearTimeout(leaf.timer);
    clearTimeout(leaf.retry);
    if (leaf.sending || leaf.refused || leaf.state === "two" || !dirty(leaf)) return;
    if (needsReason(leaf)) {
      if (document.activeElement !== leaf.reason && document.activeElement !== leaf.abstain) showErrors(leaf, { abstain_note: [words.wordReason] });
      return;
    }
    const body = said(leaf);
    if (leaf.body !== body) {
      leaf.body = body;
      leaf.key = newKey();
    }
    leaf.sending = body;
    const slow = setTimeout(() => setState(leaf, "sending"), SLOW);
    try {
      const answer = await fetch(leaf.form.dataset.address, {
        method: "PUT", body, credentials: "same-origin", redirect: "error", keepalive: last,
        headers: { "Content-Type": "application/json", Accept: "application/json", "If-Match": `"${leaf.version}"`, "Idempotency-Key": leaf.key, "X-CSRFToken": words.csrf },
      });
      const said_ = await answer.json();
      leaf.sending = "";
      clearTimeout(slow);
      answered(leaf, body, answer.status, said_);
    } catch {
      leaf.sending = "";
      clearTimeout(slow);
      again(leaf);
    }
  }

  function again(leaf) {
    setState(leaf, "again");
    leaf.retry = setTimeout(() => save(leaf), leaf.delay);
    leaf.delay = Math.min(leaf.delay * 2, LAST_RETRY);
  }

  function answered(leaf, body, status, answer) {
    if (status >= 500 || status === 429) return again(leaf);
    leaf.delay = FIRST_RETRY;
    if (status === 200) {
      leaf.stored = body;
      showErrors(leaf, {});
      show(leaf, answer);
      sheet.querySelector("[data-points]").textContent = answer.points;
      sheet.querySelector("[data-progress]").textContent = answer.progress;
      if (dirty(leaf)) {
        setState(leaf, "unsaved");
        leaf.timer = setTimeout(() => save(leaf), PAUSE);
      } else setState(leaf, "saved", answer.chip);
      return;
    }
    if (status === 409 && answer.code === "stale_version") return choose(leaf, answer.theirs);
    if (status === 409 && answer.code === "already_received") {
      setState(leaf, "unsaved");
      return refill();
    }
    leaf.refused = true;
    showErrors(leaf, answer.errors || { value: [answer.detail || answer.title] });
    setState(leaf, "unsaved");
  }

  // What the server says about one indicator: version, echo, index. The fields themselves are the person's.
  function show(leaf, told) {
    leaf.version = String(told.version);
    leaf.form.elements.namedItem("version").value = leaf.version;
    if (told.echo) leaf.form.querySelector("[data-echo]").textContent = told.echo;
    const place = sheet.querySelector(`[data-index="${CSS.escape(leaf.code)}"]`);
    place.classList.toggle("is-said", told.said);
    place.setAttribute("aria-label", `${leaf.code}: ${told.word}`);
    place.querySelector("[data-index-word]").replaceChildren(told.shown || icon(told.said ? "neutral" : "open"));
    press(leaf);
  }

  function icon(name) {
    const made = chip.querySelector("svg").cloneNode(true);
    const use = made.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*$/, `#${name}`));
    return made;
  }

  function press(leaf) {
    for (const button of leaf.form.closest(".p-leaf").querySelectorAll("[data-fill]")) {
      button.setAttribute("aria-pressed", String(!leaf.abstain.checked && button.dataset.fill === leaf.value.value.trim()));
    }
  }

  function fill(leaf, told) {
    leaf.value.value = told.shown;
    leaf.abstain.checked = told.abstained;
    leaf.reason.value = told.abstain_note;
    leaf.panel.value = told.panel_note;
    leaf.feedback.value = told.feedback;
    leaf.stored = said(leaf);
    show(leaf, told);
  }

  // Somebody wrote in between: both versions stand side by side until the person chooses.
  function choose(leaf, theirs) {
    const box = leaf.form.querySelector("[data-two]");
    box.querySelector("[data-mine]").textContent = leaf.abstain.checked ? words.wordAbstained : leaf.value.value.trim() || words.wordOpen;
    box.querySelector("[data-theirs]").textContent = theirs.time ? `${theirs.word} (${theirs.time})` : theirs.word;
    box.hidden = false;
    setState(leaf, "two");
    box.querySelector("[data-keep-mine]").onclick = (event) => {
      event.preventDefault();
      box.hidden = true;
      leaf.version = String(theirs.version);
      leaf.stored = "";
      leaf.body = "";
      leaf.state = "unsaved";
      save(leaf);
      leaf.value.focus();
    };
    box.querySelector("[data-keep-theirs]").onclick = (event) => {
      event.preventDefault();
      box.hidden = true;
      fill(leaf, theirs);
      showErrors(leaf, {});
      setState(leaf, "saved", theirs.echo);
      leaf.value.focus();
    };
  }

  // Fields come from the server, never from the browser's memory of forms.
  async function refill() {
    try {
      const answer = await fetch(words.address, { credentials: "same-origin", redirect: "error", cache: "no-store", headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const told = await answer.json();
      for (const leaf of leaves) {
        const mine = told.marks[leaf.code];
        if (mine && !leaf.sending && (leaf.state === "clean" || leaf.state === "saved" || !dirty(leaf))) fill(leaf, mine);
        else if (mine) leaf.body = "";
      }
      sheet.querySelector("[data-points]").textContent = told.points;
      sheet.querySelector("[data-progress]").textContent = told.progress;
    } catch {
      // The page stands as the server made it; the next save tells whether the server is reached.
    }
  }

  const leafAt = (node) => leaves.find((leaf) => leaf.form.closest(".p-leaf").contains(node));

  function go(from, step) {
    const next = leaves[leaves.indexOf(from) + step];
    if (!next) return;
    const field = next.abstain.checked ? next.reason : next.value;
    field.focus({ preventScroll: true });
    if (field.select) field.select();
    next.form.closest(".p-leaf").scrollIntoView({ block: "start" });
  }

  for (const leaf of leaves) {
    const place = leaf.form.closest(".p-leaf");
    for (const hidden of place.querySelectorAll("[data-no-script]")) hidden.hidden = true;
    leaf.form.addEventListener("input", () => {
      press(leaf);
      changed(leaf);
    });
    leaf.form.addEventListener("focusout", () => setTimeout(() => save(leaf)));
    leaf.form.addEventListener("submit", (event) => {
      event.preventDefault();
      save(leaf);
    });
    for (const button of place.querySelectorAll("[data-fill]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        leaf.abstain.checked = false;
        leaf.value.value = button.dataset.fill;
        press(leaf);
        changed(leaf);
        save(leaf);
      });
    }
    press(leaf);
  }

  document.addEventListener("keydown", (event) => {
    const leaf = leafAt(event.target);
    if (!leaf) return;
    if (event.key === "Enter" && event.target === leaf.value) {
      event.preventDefault();
      save(leaf);
      go(leaf, 1);
    } else if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      go(leaf, event.key === "ArrowDown" ? 1 : -1);
    }
  });

  const waiting = () => leaves.filter((leaf) => leaf.state === "again");
  window.addEventListener("online", () => waiting().forEach((leaf) => save(leaf)));
  window.addEventListener("focus", () => waiting().forEach((leaf) => save(leaf)));
  window.addEventListener("pagehide", () => leaves.forEach((leaf) => save(leaf, true)));
  window.addEventListener("beforeunload", (event) => {
    if (leaves.some((leaf) => leaf.state === "again" || leaf.state === "two" || leaf.refused || leaf.sending)) event.preventDefault();
  });
  window.addEventListener("pageshow", (event) => {
    const way = performance.getEntriesByType("navigation")[0];
    if (event.persisted || (way && way.type !== "navigate")) refill();
  });
}
