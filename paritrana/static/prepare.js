// Makes this device ready to work without a network: its key, the sheets with their marks, and the copies of their pages.

const place = document.querySelector("[data-prepare]");
const words = place.dataset;
const { ready, deviceKey } = await import(words.with);
const { queue, store, sender, fill, words: about } = await ready;
const at = (name) => place.querySelector(`[data-${name}]`);

const size = (bytes) => new Intl.NumberFormat(about.language, { maximumFractionDigits: 1, minimumFractionDigits: 1 }).format(bytes / 1e6) + " MB";

async function prepare() {
  at("start").setAttribute("aria-disabled", "true");
  try {
    if (!store.lasting) return void (at("state").textContent = words.wordRefused);
    const pack = await sender.read(words.address);
    if (!pack || pack.account !== about.account) return void (at("state").textContent = words.wordFailed);
    at("state").textContent = fill(words.wordLoading, { n: pack.total });
    const durable = navigator.storage && navigator.storage.persist ? await navigator.storage.persist() : false;
    await sender.register((await deviceKey(store)).publicKey);
    await take(pack);
    const kept = await copies(["/assessments", "/assessments/offline", ...pack.sheets.flatMap((one) => [one.page, `${one.page}/merge`])]);
    const whole = pack.sheets.filter((one, no) => kept[2 + 2 * no]);
    const used = navigator.storage && navigator.storage.estimate ? (await navigator.storage.estimate()).usage : pack.size;
    await store.keep("prepared", { ready: whole.length, total: pack.total, size: used, until: pack.valid_until, untilText: pack.valid_until_text, durable });
    await tidy(pack);
  } catch {
    at("state").textContent = words.wordFailed;
  } finally {
    at("start").removeAttribute("aria-disabled");
    await draw();
  }
}

// The marks of the server, each beside what the device has; and the sheets in the order of the day.
async function take(pack) {
  const sheets = {};
  for (const [no, one] of pack.sheets.entries()) {
    sheets[one.sheet] = { sheet: one.sheet, candidate: one.candidate, page: one.page, slot: one.slot, planned: one.planned, locked: one.locked, place: no };
    for (const leaf of one.indicators) {
      await store.change(one.sheet, leaf.code, (record) => queue.opened(record, { ...leaf.mark, locked: one.locked }, one.sheet, leaf.code));
    }
  }
  const known = (await store.thing("sheets")) || {};
  for (const record of await store.all()) if (queue.unsent(record) && known[record.sheet]) sheets[record.sheet] ||= known[record.sheet];
  await store.keep("sheets", sheets);
  await store.keep("waiting", pack.waiting);
}

// What is not to be marked any more, and has nothing waiting, leaves the device.
async function tidy(pack) {
  const open = new Set(pack.sheets.map((one) => one.sheet));
  for (const { sheet, code } of await store.all()) {
    if (!open.has(sheet)) await store.change(sheet, code, (record) => (record && queue.unsent(record) ? record : undefined));
  }
}

async function copies(addresses) {
  const worker = (await navigator.serviceWorker.ready).active;
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ keep: addresses }, [channel.port2]);
  });
}

async function draw() {
  const prepared = await store.thing("prepared");
  if (!prepared) return;
  at("state").textContent = prepared.total ? fill(words.wordReady, prepared) : words.wordNone;
  at("size").hidden = at("durable").hidden = !prepared.total;
  at("size").textContent = fill(words.wordUntil, { size: size(prepared.size), time: prepared.untilText });
  at("durable").textContent = prepared.durable ? words.wordDurable : words.wordLoose;
  const sheets = Object.values((await store.thing("sheets")) || {}).map((one) => row(one.page, one.candidate, one.planned));
  const waiting = ((await store.thing("waiting")) || []).map((one) => row(one.page, one.candidate, words.wordDeclare));
  at("sheets").replaceChildren(...sheets, ...waiting);
}

function row(page, candidate, text) {
  const made = document.createElement("li");
  made.className = "p-task";
  const body = document.createElement("div");
  const link = document.createElement("a");
  link.href = page;
  link.textContent = candidate;
  const line = document.createElement("p");
  line.textContent = text || "";
  body.append(link, line);
  made.append(body);
  return made;
}

let install = null;
window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  install = event;
  at("install").hidden = false;
});
at("install").addEventListener("click", () => install && install.prompt());
await draw();
at("start").addEventListener("click", prepare);
at("start").hidden = false;
