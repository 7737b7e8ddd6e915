// Marks with two versions, one beside the other; nothing is chosen for the person.

const form = document.querySelector("[data-merge]");
const words = form.dataset;
const { ready, clockOf } = await import(words.with);
const { queue, store, sender, newKey, listen, draw: drawDevice, tell } = await ready;
const ref = words.merge;
const seen = new Map();

async function draw() {
  const two = new Map((await store.all()).filter((one) => one.sheet === ref && queue.stateOf(one) === "two").map((one) => [one.code, one]));
  for (const field of form.querySelectorAll("[data-leaf]")) {
    const record = two.get(field.dataset.leaf);
    field.hidden = !record;
    if (!record) continue;
    const text = queue.view(record);
    const { known } = record;
    seen.set(record.code, known.version);
    field.querySelector("[data-mine]").textContent = `${text.abstain_note ? words.wordAbstained : text.value || words.wordOpen} (${clockOf(record.at)})`;
    field.querySelector("[data-theirs]").textContent = known.time ? `${known.word} (${known.time})` : known.word || words.wordOpen;
  }
  form.querySelector("[data-none]").hidden = two.size > 0;
  form.querySelector("[data-choose]").hidden = two.size === 0;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  for (const field of form.querySelectorAll("[data-leaf]:not([hidden])")) {
    const chosen = field.querySelector("input:checked");
    if (!chosen) continue;
    const code = field.dataset.leaf;
    tell(await store.change(ref, code, (one) => one && queue.chosen(one, chosen.value, seen.get(code), newKey())));
    chosen.checked = false;
  }
  await sender.hurry();
  await drawDevice();
  await draw();
});

listen({ changed: draw });
const told = await sender.read(words.address);
if (told) for (const [code, mark] of Object.entries(told.marks)) await store.change(ref, code, (one) => one && queue.opened(one, mark, ref, code));
await draw();
