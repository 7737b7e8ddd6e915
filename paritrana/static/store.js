// Where the device keeps what was typed: one database per person, in this browser only. `openStore` never fails: where the
// browser refuses to keep anything (private windows, a full disk), the same words are kept while the page is open.

const NAME = "paritrana-";
const HERE = "paritrana-account";
const DRAFT = "paritrana-draft-";

const settled = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const finished = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = resolve;
  transaction.onabort = transaction.onerror = () => reject(transaction.error || new Error("The browser did not store it."));
});

function database(name) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("leaves", { keyPath: ["sheet", "code"] });
    request.result.createObjectStore("things");
  };
  request.onblocked = () => {};
  return settled(request);
}

export async function openStore(account) {
  try {
    const db = await database(NAME + account);
    localStorage.setItem(HERE, account);
    return onDevice(db, account);
  } catch {
    return inMemory();
  }
}

function onDevice(db, account) {
  // Signing out takes the database away, in every tab. From then on nothing is answered: whatever waits for it stays unsaved.
  let gone = false;
  const never = new Promise(() => {});
  db.onversionchange = () => {
    gone = true;
    db.close();
  };
  // `change` is one transaction, so that two tabs do not write over each other; `make` gets the record and gives the next one.
  async function change(store, key, make, outside) {
    if (gone) return never;
    const transaction = db.transaction(store, "readwrite", { durability: "strict" });
    const done = finished(transaction);
    const table = transaction.objectStore(store);
    let next;
    table.get(key).onsuccess = (event) => {
      next = make(event.target.result);
      if (next === undefined) table.delete(key);
      else if (next !== event.target.result) outside ? table.put(next, key) : table.put(next);
    };
    await done;
    return next;
  }
  const read = (store, ask) => (gone ? never : settled(ask(db.transaction(store).objectStore(store))));
  return {
    lasting: true,
    get: (sheet, code) => read("leaves", (table) => table.get([sheet, code])),
    all: () => read("leaves", (table) => table.getAll()),
    change: (sheet, code, make) => change("leaves", [sheet, code], make),
    thing: (name) => read("things", (table) => table.get(name)),
    keep: (name, value) => change("things", name, () => value, true),
    // A page that is being left may not wait for a transaction: the words of its fields go into this note, which the next page takes up.
    note: (sheet, texts) => localStorage.setItem(DRAFT + account + sheet, JSON.stringify(texts)),
    taken: (sheet) => {
      const found = localStorage.getItem(DRAFT + account + sheet);
      return found ? JSON.parse(found) : [];
    },
    forget: (sheet) => localStorage.removeItem(DRAFT + account + sheet),
  };
}

function inMemory() {
  const leaves = new Map();
  const things = new Map();
  const key = (sheet, code) => `${sheet} ${code}`;
  return {
    lasting: false,
    get: async (sheet, code) => leaves.get(key(sheet, code)),
    all: async () => [...leaves.values()],
    change: async (sheet, code, make) => {
      const next = make(leaves.get(key(sheet, code)));
      next === undefined ? leaves.delete(key(sheet, code)) : leaves.set(key(sheet, code), next);
      return next;
    },
    thing: async (name) => things.get(name),
    keep: async (name, value) => void things.set(name, value),
    note: () => {},
    taken: () => [],
    forget: () => {},
  };
}

async function names() {
  try {
    const here = localStorage.getItem(HERE);
    if (indexedDB.databases) return (await indexedDB.databases()).map((one) => one.name).filter((name) => name.startsWith(NAME));
    return here ? [NAME + here] : [];
  } catch {
    return [];
  }
}

// Every record on this device, of whoever used it.
export async function everything() {
  const found = [];
  for (const name of await names()) {
    const db = await database(name);
    found.push(...(await settled(db.transaction("leaves").objectStore("leaves").getAll())));
    db.close();
  }
  return found;
}

// Which words a person has saved as a file, so that the device may forget them: a fingerprint of what was waiting then.
const COPIED = "paritrana-copied";
const fingerprint = (records) => JSON.stringify(records.map((one) => [one.sheet, one.code, one.said, one.attempt && one.attempt.body]).sort());

export const noteCopy = (records) => localStorage.setItem(COPIED, fingerprint(records));
export const copied = (records) => localStorage.getItem(COPIED) === fingerprint(records);

// Nothing stays: databases, stored pages, the worker that served them.
export async function wipe() {
  for (const name of await names()) await settled(indexedDB.deleteDatabase(name)).catch(() => {});
  try {
    Object.keys(localStorage).filter((name) => name.startsWith(NAME)).forEach((name) => localStorage.removeItem(name));
    for (const name of await caches.keys()) await caches.delete(name);
    for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
  } catch {
    // What this browser does not have needs no wiping.
  }
}
