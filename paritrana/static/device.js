// What every page of an assessor shows of the device: the queue with its counter, the offline bar, the sign-in in place.
// `ready` gives the pages' scripts the queue, the store and the sender.

const box = document.querySelector("[data-device]");
const words = box.dataset;
const at = (name) => box.querySelector(`[data-${name}]`);
const listeners = new Set();
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

// The time of day by this device, as the language writes it.
export function clockOf(moment) {
  const text = new Date(moment).toTimeString().slice(0, 5);
  return words.language === "id" ? text.replace(":", ".") : text;
}

export const ready = start();

async function start() {
  const [queue, { openStore, noteCopy }, { makeSender, newKey }] = await Promise.all([import(words.queue), import(words.store), import(words.sync)]);
  const store = await openStore(words.account);
  const tabs = new BroadcastChannel(`paritrana-${words.account}`);
  const connection = { reachable: true, signedOut: false, sending: "" };
  let before = 0;
  let seen = await store.thing("seen");
  let noted = 0;

  const sender = makeSender({
    queue, store, account: words.account, language: words.language, token: words.csrf,
    told: (record, answer) => {
      heard();
      changed(record, answer);
      tabs.postMessage(record && { sheet: record.sheet, code: record.code });
    },
    state: (now, change) => {
      if (change.reachable) heard();
      Object.assign(connection, now);
      for (const listener of listeners) listener.state && listener.state(now);
      draw();
    },
  });
  tabs.onmessage = async ({ data }) => data && changed(await store.get(data.sheet, data.code), null);

  // When the server was last heard; noted now and then, because the next page may open without it.
  function heard() {
    const now = Date.now();
    if (now - (noted || 0) > 10000) store.keep("seen", now);
    noted = seen = now;
  }

  function changed(record, answer) {
    for (const listener of listeners) listener.changed && listener.changed(record, answer);
    draw();
  }

  async function draw() {
    const unsent = (await store.all()).filter(queue.unsent);
    const away = !connection.reachable;
    at("offline-bar").hidden = !away;
    if (away) at("offline-word").textContent = fill(words.wordOffline, { time: seen ? clockOf(seen) : "–" });
    at("sign-in").hidden = !connection.signedOut;
    const back = before - unsent.length;
    if (before && !away && !unsent.length) at("back-word").textContent = fill(words.wordBack, { n: back });
    at("back").hidden = away || Boolean(unsent.length) || !at("back-word").textContent;
    if (away) before = unsent.length;
    at("queue-box").hidden = !unsent.length;
    at("queue-count").textContent = fill(words.wordCount, { n: unsent.length });
    await list(unsent);
    pageSays(unsent, away);
    for (const listener of listeners) listener.drawn && listener.drawn(unsent, connection);
  }

  // Sheets that cannot be marked any more leave the device as soon as nothing of them waits.
  async function tidy() {
    const open = document.querySelector("[data-open-sheets]");
    if (!open || !connection.reachable) return;
    const there = new Set(open.dataset.openSheets.split(" "));
    const left = (await store.all()).filter((one) => !there.has(one.sheet) && !queue.unsent(one));
    for (const { sheet, code } of left) await store.change(sheet, code, (one) => (one && queue.unsent(one) ? one : undefined));
  }

  // What a page shows by the state of the device: the lock needs the server and an empty queue.
  function pageSays(unsent, away) {
    const waits = (sheet) => unsent.some((one) => one.sheet === sheet);
    for (const pill of document.querySelectorAll("[data-waiting]")) {
      pill.hidden = !unsent.length;
      pill.textContent = fill(words.wordShort, { n: unsent.length });
    }
    for (const one of document.querySelectorAll("[data-when-away]")) one.hidden = !away;
    for (const one of document.querySelectorAll("[data-when-there]")) one.hidden = away;
    for (const one of document.querySelectorAll("[data-when-unsent]")) {
      const waiting = waits(one.dataset.whenUnsent);
      if (one.dataset.waited && !waiting) location.reload();
      if (waiting) one.dataset.waited = "yes";
      one.hidden = !waiting;
    }
    for (const one of document.querySelectorAll("[data-when-sent]")) one.hidden = away || waits(one.dataset.whenSent);
  }

  async function list(unsent) {
    const known = (await store.thing("sheets")) || {};
    const rows = unsent.map((record) => {
      const row = document.createElement("li");
      const name = document.createElement("strong");
      name.textContent = `${(known[record.sheet] || {}).candidate || record.sheet} · ${record.code}`;
      const state = document.createElement("span");
      state.textContent = fill(words[{ two: "wordTwo", refused: "wordRefused" }[queue.stateOf(record)] || "wordSince"], { time: clockOf(record.since || Date.now()) });
      row.append(name, " ", state);
      return row;
    });
    at("queue-list").replaceChildren(...rows);
  }

  async function again() {
    for (const one of await store.all()) {
      if (queue.stateOf(one) === "refused") changed(await store.change(one.sheet, one.code, (record) => record && queue.retried(record)), null);
    }
    await sender.hurry();
    await draw();
  }

  at("send-now").addEventListener("click", again);
  at("save-copy").addEventListener("click", async () => {
    const waiting = (await store.all()).filter(queue.unsent);
    await saveCopy(waiting, store);
    // The choices between two versions are not in the file: they leave through the network only.
    if (store.lasting && !waiting.some((one) => one.asides && one.asides.length)) noteCopy(waiting);
  });
  at("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const line = at("sign-in-error");
    line.textContent = "";
    try {
      const code = at("sign-in-code");
      const said = code.hidden ? await sender.signIn(form.elements.email.value, form.elements.password.value) : await sender.secondFactor(form.elements.code.value);
      form.elements.password.value = form.elements.code.value = "";
      const waits = Boolean(said.second_factor) || (!code.hidden && Boolean(said.code));
      at("sign-in-password").hidden = waits;
      code.hidden = !waits;
      if (said.second_factor) form.elements.code.focus();
      else if (said.account && said.account !== words.account) line.textContent = words.wordOther;
      else if (!said.account) line.textContent = said.detail || "";
      else await sender.hurry();
    } catch {
      line.textContent = fill(words.wordOffline, { time: "–" });
    }
    line.hidden = !line.textContent;
  });
  window.addEventListener("online", () => sender.look());
  window.addEventListener("offline", () => sender.look());
  window.addEventListener("focus", () => sender.hurry());
  for (const pill of document.querySelectorAll("[data-waiting]")) pill.addEventListener("click", () => (at("queue-box").open = true));
  at("no-store").hidden = store.lasting;
  if (!document.querySelector("[data-sheet]")) sender.look().then(draw).then(tidy);
  return { queue, store, sender, words, newKey, connection, draw, fill, again, listen: (listener) => listeners.add(listener), tell: (record) => tabs.postMessage({ sheet: record.sheet, code: record.code }) };
}

const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

// The key of this device: made once, its private half never leaves the browser.
export async function deviceKey(store) {
  const kept = await store.thing("key");
  if (kept) return kept;
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const publicKey = base64(await crypto.subtle.exportKey("spki", pair.publicKey));
  const made = { pair, publicKey };
  await store.keep("key", made).catch(() => {});
  return made;
}

// What waits, as a file signed by the device: `signature` is ECDSA with SHA-256 over the UTF-8 bytes of the text `content`.
async function saveCopy(records, store) {
  const { pair, publicKey } = await deviceKey(store);
  const sheets = {};
  for (const { sheet, code, said, attempt, base, at: when } of records) {
    const body = said || (attempt && attempt.body);
    if (body) (sheets[sheet] ||= []).push({ indicator: code, base, device_at: when, ...body });
  }
  const content = JSON.stringify({ account: words.account, made_at: new Date().toISOString(), sheets });
  const signature = base64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(content)));
  const file = new Blob([JSON.stringify({ format: "paritrana-queue/1", public_key: publicKey, content, signature }, null, 1)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `antrean-${new Date().toISOString().slice(0, 16).replace(/[-:T]/g, "")}.json`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// The worker that opens these pages without a network.
if ("serviceWorker" in navigator && window.isSecureContext) {
  navigator.serviceWorker.register(window.paritrana.scriptURL("/sw.js"), { scope: "/assessments" }).catch(() => {});
}
