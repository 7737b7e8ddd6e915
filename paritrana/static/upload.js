// Sends chosen files at once, several side by side: announce (name, size, SHA-256), parts of 1 MiB, complete. A line that
// drops is tried again from where the server stands; after a reload the same file goes on. Without script the form sends them.
"use strict";
for (const box of document.querySelectorAll("[data-upload]")) {
  const input = box.querySelector("input[type=file]");
  const form = input && input.closest("form");
  if (!form || !window.crypto || !crypto.subtle) continue; // a page without TLS has no SHA-256: the plain form stays
  const words = box.dataset;
  const list = box.querySelector("[data-upload-list]");
  const SIDE_BY_SIDE = 2;
  const PATIENCE = 60000;
  const SMALLEST_PART = 32768;
  const QUICK = 10000;
  const FIRST_RETRY = 1000;
  const LAST_RETRY = 30000;
  const waiting = [];
  const underway = new Set();
  let wanted = null; // the button that was pressed while files were on their way
  const hint = document.getElementById(`${input.id}-hint`);
  if (hint) hint.textContent = words.wordHint;

  input.addEventListener("change", () => {
    const requirement = form.elements.namedItem("requirement");
    for (const file of input.files) waiting.push(rowOf(file, requirement ? requirement.value : ""));
    input.value = ""; // what is sent here is not sent again with the form
    next();
  });

  // Saving waits for the files; where one is refused the page stays, so that its sentence can be read.
  form.addEventListener("submit", (event) => {
    if (!underway.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    wanted = event.submitter;
    say(words.wordWait);
  }, true);
  window.addEventListener("beforeunload", (event) => {
    if (underway.size) event.preventDefault();
  });

  function say(word) {
    box.querySelector("[data-upload-said]").textContent = word;
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function button(word, name, act) {
    const made = element("button", "btn btn-secondary btn-sm", word);
    made.type = "button";
    made.append(element("span", "visually-hidden", ` ${name}`));
    made.addEventListener("click", act);
    return made;
  }

  function rowOf(file, requirement) {
    const line = element("li", "p-card mb-2");
    const row = { file, requirement, line, state: element("p", "mb-0"), bar: element("progress"), tools: element("div", "p-cluster"), stop: new AbortController(), gone: null, wake: null, address: "" };
    row.state.setAttribute("role", "status");
    row.bar.max = file.size || 1;
    row.bar.value = 0;
    row.bar.setAttribute("aria-label", file.name);
    row.tools.append(
      button(words.wordContinue, file.name, () => row.wake && row.wake()),
      button(words.wordCancel, file.name, () => cancel(row)),
    );
    row.tools.firstChild.hidden = true;
    line.append(element("strong", "", file.name), row.state, row.bar, row.tools);
    list.append(line);
    show(row, words.wordChosen);
    underway.add(row);
    return row;
  }

  function show(row, text) {
    if (row.state.textContent !== text) row.state.textContent = text;
  }

  const percent = (row) => `${Math.floor((100 * row.bar.value) / row.bar.max)}%`;

  function next() {
    while (waiting.length && [...underway].filter((row) => row.running).length < SIDE_BY_SIDE) {
      const row = waiting.shift();
      if (row.stop.signal.aborted) continue;
      row.running = true;
      run(row).catch((fault) => fail(row, fault)).finally(() => {
        row.running = false;
        underway.delete(row);
        next();
        settle();
      });
    }
  }

  function settle() {
    if (underway.size || !wanted) return;
    const pressed = wanted;
    wanted = null;
    say("");
    if (list.querySelector("[data-refused]")) return;
    form.requestSubmit(pressed);
  }

  async function fail(row, fault) {
    row.bar.hidden = row.tools.hidden = true;
    if (row.stop.signal.aborted) {
      await row.gone;
      return show(row, words.wordCancelled);
    }
    row.line.dataset.refused = "";
    row.state.className = "mb-0 p-error";
    show(row, fault.said || words.wordFailed);
  }

  // "Cancelled" is said when the server knows it: who leaves the page at once does not find the file waiting there.
  function cancel(row) {
    row.stop.abort();
    if (row.wake) row.wake();
    if (!row.address) {
      underway.delete(row);
      fail(row, {});
      return;
    }
    const asked = { method: "POST", body: new URLSearchParams(), credentials: "same-origin", redirect: "manual", keepalive: true, headers: headers() };
    // Without an answer the announcement expires by itself.
    row.gone = fetch(`${row.address}/cancel`, asked).catch(() => null);
  }

  const headers = (more) => ({ Accept: "application/json", "X-CSRFToken": form.elements.namedItem("csrf_token").value, ...more });

  // One request. A refusal is thrown with its sentence; a lost line or a fault of the server is waited out and tried again.
  // `options` may be a function that says what to send this time: it is told whether the time before came through.
  async function ask(row, address, options) {
    for (let delay = FIRST_RETRY, again = false; ; delay = Math.min(2 * delay, LAST_RETRY), again = true) {
      let answer = null;
      try {
        const asked = typeof options === "function" ? options(again) : options;
        answer = await fetch(address, { credentials: "same-origin", redirect: "error", cache: "no-store", ...asked, signal: AbortSignal.any([row.stop.signal, AbortSignal.timeout(PATIENCE)]) });
        if (answer.ok) return await answer.json();
      } catch (fault) {
        if (row.stop.signal.aborted) throw fault;
      }
      if (answer && answer.status < 500) {
        const told = await answer.json().catch(() => ({}));
        throw Object.assign(new Error("refused"), { said: told.detail || told.title, code: told.code });
      }
      show(row, words.wordCut.replace("{name}", row.file.name).replace("{percent}", percent(row)));
      await pause(row, delay);
    }
  }

  function pause(row, delay) {
    return new Promise((go) => {
      const wake = () => {
        clearTimeout(timer);
        window.removeEventListener("online", wake);
        row.tools.firstChild.hidden = true;
        row.wake = null;
        go();
      };
      const timer = setTimeout(wake, delay);
      row.wake = wake;
      row.tools.firstChild.hidden = false;
      window.addEventListener("online", wake);
    });
  }

  async function digest(file) {
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function run(row) {
    const { file } = row;
    // A file over every limit is not read: the server answers to its size alone.
    const sha256 = file.size > Number(words.largest) ? "0".repeat(64) : await digest(file);
    const said = { name: file.name, size: file.size, sha256, kind: words.kind, requirement: row.requirement };
    let standing = await ask(row, words.address, { method: "POST", body: JSON.stringify(said), headers: headers({ "Content-Type": "application/json" }) });
    if (standing.state === "open") {
      row.address = standing.upload;
      const old = document.querySelector(`[data-part="${sha256}"]`);
      if (old) old.remove();
      await send(row, standing);
      show(row, words.wordChecking);
      standing = await ask(row, `${row.address}/complete`, { method: "POST", headers: headers() });
    }
    row.bar.value = row.bar.max;
    row.bar.hidden = row.tools.hidden = true;
    show(row, standing.said ? `${standing.said} ` : `${words.wordWhole} → ${words.wordSafe} → ${words.wordStored} `);
    const link = element("a", "", words.wordReceipt);
    link.href = standing.receipt;
    link.append(element("span", "visually-hidden", ` ${file.name}`));
    row.state.append(link);
  }

  async function send(row, standing) {
    let { offset } = standing;
    // What a slow line does not bring through in time is sent in smaller parts; a quick one goes back to large ones.
    let length = standing.chunk;
    for (;;) {
      row.bar.value = offset;
      show(row, words.wordSending.replace("{percent}", percent(row)));
      if (offset >= row.file.size) return;
      const begun = performance.now();
      const part = (again) => {
        if (again) length = Math.max(Math.floor(length / 2), SMALLEST_PART);
        return { method: "PUT", body: row.file.slice(offset, offset + length), headers: headers({ "Content-Type": "application/octet-stream" }) };
      };
      try {
        ({ offset } = await ask(row, `${row.address}?offset=${offset}`, part));
        if (performance.now() - begun < QUICK) length = Math.min(2 * length, standing.chunk);
      } catch (fault) {
        if (fault.code !== "part_missing") throw fault;
        ({ offset } = await ask(row, row.address, { headers: headers() }));
      }
    }
  }
}
