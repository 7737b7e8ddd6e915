// The score sheet: what is typed goes to the device at once and to the server when there is one. Texts pass through as typed;
// nothing is added, rounded or compared as a number here. Without script the same forms work.

const sheet = document.querySelector("[data-sheet]");
const words = sheet.dataset;
const device = await (await import(words.with)).ready;
const { queue, store, sender, newKey } = device;
const { clockOf } = await import(words.with);

const PAUSE = 600;
const BEFORE_SENDING = 400;
const ref = words.sheet;
const chip = document.querySelector("[data-save-chip]");
const leaves = [...sheet.querySelectorAll("form[data-leaf]")].map(leafOf);
let lastWord = "";

function leafOf(form) {
  const field = (name) => form.elements.namedItem(name);
  return {
    code: form.dataset.leaf, form, place: form.closest(".p-leaf"), dirty: false, timer: 0, record: null,
    value: field("value"), abstain: field("abstain"), reason: field("abstain_note"), panel: field("panel_note"), feedback: field("feedback"),
  };
}

const textIn = (leaf) => queue.typed(leaf.value.value, leaf.abstain.checked, leaf.reason.value, leaf.panel.value, leaf.feedback.value);
const needsReason = (leaf) => leaf.abstain.checked && !leaf.reason.value.trim();

// The page as the server made it is a copy of the server like any other; an older one than the device has changes nothing.
function onPage(leaf) {
  return {
    version: Number(leaf.form.dataset.version), shown: leaf.value.defaultValue, value: null, abstained: leaf.abstain.defaultChecked,
    abstain_note: leaf.reason.defaultValue, panel_note: leaf.panel.defaultValue, feedback: leaf.feedback.defaultValue,
    echo: leaf.form.querySelector("[data-echo]").textContent,
  };
}

// The chip speaks for the whole sheet: the worst state of any leaf.
function showChip() {
  const states = leaves.map((leaf) => (leaf.dirty ? "unsaved" : leaf.record ? queue.stateOf(leaf.record) : "stored"));
  if (states.includes("two")) return setChip("two", words.wordTwo);
  if (states.includes("unsaved") || states.includes("refused")) return setChip("unsaved", words.wordUnsaved);
  if (device.connection.sending.startsWith(`${ref} `)) return setChip("sending", words.wordSending);
  if (states.includes("waiting")) return store.lasting ? setChip("device", words.wordDevice) : setChip("unsaved", words.wordAgain);
  const stored = leaves.map((leaf) => leaf.record && leaf.record.known).filter((known) => known && known.time);
  const last = stored.reduce((one, other) => (one && one.saved_at > other.saved_at ? one : other), null);
  if (last) return setChip("server", device.fill(words.wordServer, { time: last.time }));
  if (lastWord) setChip(...lastWord);
}

function setChip(state, word) {
  const text = chip.querySelector("[data-save-word]");
  if (text.textContent === word) return;
  lastWord ||= [chip.className.split("--").pop(), text.textContent];
  chip.className = `p-save p-save--${state}`;
  chip.querySelector("svg").replaceWith(icon(state === "server" ? "done" : state));
  text.textContent = word;
}

function icon(name) {
  const made = chip.querySelector("svg").cloneNode(true);
  const use = made.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*$/, `#${name}`));
  return made;
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

function draw(leaf) {
  const { record } = leaf;
  const state = queue.stateOf(record);
  const text = queue.view(record);
  if (!leaf.dirty) {
    write(leaf.value, text.value);
    leaf.abstain.checked = record.said ? Boolean(text.abstain_note) : Boolean(record.known.abstained);
    write(leaf.reason, text.abstain_note);
    write(leaf.panel, text.panel_note);
    write(leaf.feedback, text.feedback);
  }
  leaf.form.elements.namedItem("version").value = String(record.known.version);
  leaf.form.dataset.state = state;
  leaf.form.toggleAttribute("data-saved", state === "stored" && record.known.version > 0);
  const echo = leaf.form.querySelector("[data-echo]");
  if (state === "waiting" && store.lasting) echo.textContent = device.fill(words.wordDeviceAt, { time: clockOf(record.at || Date.now()) });
  else if (state === "late") echo.textContent = words.wordLate;
  else echo.textContent = record.known.echo || words.wordNone;
  if (!leaf.dirty) {
    const held = record.held || {};
    const errors = held.why === "refused" ? (Object.keys(held.errors).length ? held.errors : { value: [held.detail] }) : {};
    if (!needsReason(leaf)) showErrors(leaf, errors);
  }
  const two = leaf.form.querySelector("[data-two]");
  two.hidden = state !== "two";
  if (state === "two") {
    const { known } = record;
    two.querySelector("[data-mine]").textContent = `${text.abstain_note ? words.wordAbstained : text.value || words.wordOpen} (${clockOf(record.at)})`;
    two.querySelector("[data-theirs]").textContent = known.time ? `${known.word} (${known.time})` : known.word || words.wordOpen;
  }
  index(leaf, text, state);
  press(leaf);
}

// Nothing changes under the cursor as long as the field says the same.
function write(field, text) {
  if (field.value.trim() === text || (field === document.activeElement && queue.spelled(field.value) === queue.spelled(text))) return;
  field.value = text;
}

function index(leaf, text, state) {
  const place = document.querySelector(`[data-index="${CSS.escape(leaf.code)}"]`);
  const said = Boolean(text.value || text.abstain_note);
  const word = text.value || (text.abstain_note ? words.wordAbstained : words.wordOpen);
  place.classList.toggle("is-said", said && (state === "stored" || state === "late"));
  place.classList.toggle("is-waiting", state !== "stored" && state !== "late");
  const states = { waiting: words.wordDevice, two: words.wordTwo, refused: words.wordUnsaved, late: words.wordLate };
  place.setAttribute("aria-label", [`${leaf.code}: ${word}`, states[state]].filter(Boolean).join(", "));
  const shown = state === "stored" && leaf.record.known.shown ? leaf.record.known.shown : text.value;
  const signs = { waiting: "device", two: "two", refused: "problem" };
  place.querySelector("[data-index-word]").replaceChildren(...(signs[state] ? [icon(signs[state]), " "] : []), shown || (signs[state] ? "" : icon(said ? "neutral" : "open")));
}

function press(leaf) {
  for (const button of leaf.place.querySelectorAll("[data-fill]")) {
    button.setAttribute("aria-pressed", String(!leaf.abstain.checked && button.dataset.fill === leaf.value.value.trim()));
  }
}

// Typing, and what is kept of it ---------------------------------------------------------------------------------------

function touched(leaf) {
  clearTimeout(leaf.timer);
  leaf.dirty = true;
  leaf.timer = setTimeout(() => keep(leaf), PAUSE);
  press(leaf);
  showChip();
}

async function keep(leaf, wait = BEFORE_SENDING) {
  clearTimeout(leaf.timer);
  if (!leaf.dirty) return;
  if (needsReason(leaf)) {
    if (document.activeElement !== leaf.reason && document.activeElement !== leaf.abstain) showErrors(leaf, { abstain_note: [words.wordReason] });
    return;
  }
  const text = textIn(leaf);
  const at = new Date().toISOString();
  const record = await store.change(ref, leaf.code, (one) => queue.says(one || leaf.record, text, at));
  if (queue.same(text, textIn(leaf)) && !needsReason(leaf)) leaf.dirty = false;
  show(record);
  device.tell(record);
  await device.draw();
  if (queue.unsent(record)) sender.soon(wait);
}

function show(record) {
  const leaf = record && record.sheet === ref && leaves.find((one) => one.code === record.code);
  if (!leaf) return;
  leaf.record = record;
  draw(leaf);
  showChip();
}

async function open(leaf, told) {
  show(await store.change(ref, leaf.code, (one) => queue.opened(one, told, ref, leaf.code)));
}

// Fields come from the device and from the server, never from the browser's memory of forms.
async function refill() {
  const told = await sender.read(words.address);
  if (!told || told.sheet !== ref) return;
  for (const leaf of leaves) if (told.marks[leaf.code]) await open(leaf, { ...told.marks[leaf.code], locked: told.locked });
  points(told);
  await device.draw();
}

function points(told) {
  document.querySelector("[data-points]").textContent = told.points;
  document.querySelector("[data-progress]").textContent = told.progress;
}

async function start(fromPage) {
  const notes = store.taken(ref);
  for (const leaf of leaves) {
    const early = fromPage && (leaf.value.value !== leaf.value.defaultValue || leaf.panel.value !== leaf.panel.defaultValue);
    leaf.dirty ||= early;
    const kept = await store.get(ref, leaf.code);
    const page = onPage(leaf);
    await open(leaf, fromPage && !(kept && kept.known.version >= page.version) ? page : null);
    const note = notes.find((one) => one.code === leaf.code);
    if (note && !leaf.dirty) show(await store.change(ref, leaf.code, (one) => queue.takenUp(one, note)));
    if (early) touched(leaf);
  }
  store.forget(ref);
  const known = (await store.thing("sheets")) || {};
  const { candidate } = words;
  if (!known[ref]) await store.keep("sheets", { ...known, [ref]: { sheet: ref, candidate, page: location.pathname, place: leaves.length + 1000 } });
  sheet.dataset.ready = "";
  await device.draw();
  sender.soon(0);
  refill();
}

function leave() {
  const notes = leaves.filter((leaf) => leaf.dirty && leaf.record && !needsReason(leaf)).map((leaf) => (
    { code: leaf.code, text: textIn(leaf), at: new Date().toISOString(), version: leaf.record.known.version }
  ));
  if (notes.length) store.note(ref, notes);
  Promise.all(leaves.map((leaf) => keep(leaf, 0))).then(() => leaves.some((leaf) => leaf.dirty) || store.forget(ref));
}

// Going about ----------------------------------------------------------------------------------------------------------

const leafAt = (node) => leaves.find((leaf) => leaf.place.contains(node));
const places = [...sheet.querySelectorAll(".p-leaf")];

// On a telephone one indicator fills the screen; the style sheet hides the others.
function current(place) {
  for (const one of places) one.classList.toggle("is-current", one === place);
}

function go(from, step) {
  const next = places[places.indexOf(from) + step];
  if (!next) return;
  current(next);
  const leaf = leaves.find((one) => one.place === next);
  const field = leaf ? (leaf.abstain.checked ? leaf.reason : leaf.value) : next;
  field.focus({ preventScroll: true });
  if (field.select) field.select();
  next.scrollIntoView({ block: "start" });
}

function toHash() {
  const place = places.find((one) => `#${one.id}` === location.hash);
  if (place) current(place);
}

for (const leaf of leaves) {
  for (const hidden of leaf.place.querySelectorAll("[data-no-script]")) hidden.hidden = true;
  leaf.form.addEventListener("input", () => touched(leaf));
  leaf.form.addEventListener("focusout", () => setTimeout(() => keep(leaf)));
  leaf.form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(leaf, 0);
  });
  for (const button of leaf.place.querySelectorAll("[data-fill]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      leaf.abstain.checked = false;
      leaf.value.value = button.dataset.fill;
      touched(leaf);
      keep(leaf);
    });
  }
  for (const which of ["mine", "theirs"]) {
    leaf.form.querySelector(`[data-keep-${which}]`).addEventListener("click", async (event) => {
      event.preventDefault();
      const { version } = leaf.record.known;
      leaf.dirty = false;
      const record = await store.change(ref, leaf.code, (one) => queue.chosen(one, which, version, newKey()));
      show(record);
      device.tell(record);
      leaf.value.focus();
      await sender.send();
    });
  }
}

for (const place of places) {
  for (const button of place.querySelectorAll("[data-step]")) {
    button.hidden = !places[places.indexOf(place) + Number(button.dataset.step)];
    button.addEventListener("click", () => go(place, Number(button.dataset.step)));
  }
}

document.addEventListener("keydown", async (event) => {
  const leaf = leafAt(event.target);
  const place = places.find((one) => one.contains(event.target));
  if (event.ctrlKey && event.key === "s") {
    event.preventDefault();
    await Promise.all(leaves.map((one) => keep(one)));
    await device.again();
  } else if (event.ctrlKey && event.key === "Enter") {
    event.preventDefault();
    await Promise.all(leaves.map((one) => keep(one)));
    await sender.hurry();
    location.assign(await nextSheet());
  } else if (event.key === "F9") {
    event.preventDefault();
    evidence(place || places.find((one) => one.classList.contains("is-current")));
  } else if (event.key === "Enter" && leaf && event.target === leaf.value) {
    event.preventDefault();
    keep(leaf);
    go(leaf.place, 1);
  } else if (place && event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    go(place, event.key === "ArrowDown" ? 1 : -1);
  }
});

// The evidence beside the indicator, and back to its field.
function evidence(place) {
  const summary = place && place.querySelector(".p-beside summary");
  if (!summary) return;
  const leaf = leafAt(place);
  if (document.activeElement === summary && leaf) return leaf.value.focus();
  summary.parentElement.open = true;
  summary.focus();
  summary.scrollIntoView({ block: "nearest" });
}

// The next candidate in the order of the day, as the device was prepared; else the list.
async function nextSheet() {
  const order = Object.values((await store.thing("sheets")) || {}).sort((one, other) => one.place - other.place);
  const here = order.findIndex((one) => one.sheet === ref);
  const next = here < 0 ? null : order.slice(here + 1).find((one) => !one.locked);
  return next ? next.page : words.list;
}

const check = document.querySelector("[data-check]");
check.addEventListener("click", async (event) => {
  event.preventDefault();
  await Promise.all(leaves.map((leaf) => keep(leaf)));
  await sender.hurry();
  const left = (await store.all()).filter((one) => one.sheet === ref && queue.unsent(one));
  const line = document.querySelector("[data-check-blocked]");
  const blocked = left.length > 0 || leaves.some((leaf) => leaf.dirty);
  line.hidden = !blocked;
  if (!blocked) location.assign(check.href);
  else document.querySelector(left.length ? "[data-send-now]" : ".p-leaf [aria-invalid]")?.focus();
});

device.listen({
  changed(record, answer) {
    show(record);
    if (answer && record && record.sheet === ref) points(answer);
  },
  state(now) {
    if (now.reachable && sheet.dataset.away === "") refill();
    if ("reachable" in now) sheet.toggleAttribute("data-away", !now.reachable);
    if ("reachable" in now && !now.reachable) document.querySelector("[data-points]").textContent = words.wordPointsAway;
    showChip();
  },
});

toHash();
if (!sheet.querySelector(".p-leaf.is-current") && places.length) current(places[0]);
window.addEventListener("hashchange", toHash);
document.addEventListener("focusin", (event) => {
  const place = places.find((one) => one.contains(event.target));
  if (place) current(place);
});
window.addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => document.hidden && leave());
window.addEventListener("pageshow", (event) => event.persisted && start(false));
window.addEventListener("beforeunload", (event) => {
  if (!store.lasting && leaves.some((leaf) => leaf.dirty || queue.unsent(leaf.record))) event.preventDefault();
});
await start(true);

const ALIVE = 15000;
const signs = setInterval(sign, ALIVE);
async function sign() {
  const waiting = (await store.all()).filter(queue.unsent).length;
  if (!(await sender.present(ref, waiting))) clearInterval(signs);
}
await sign();
