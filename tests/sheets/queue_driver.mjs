// Drives the queue of the score sheet for tests: one JSON line in, one out. Devices are kept by number; `fault` plants one.
import { createInterface } from "node:readline";

let queue = null;
let devices = new Map();
let fault = "";
let keys = 0;
let run = "";

const records = (device) => devices.get(device) || devices.set(device, new Map()).get(device);

const acts = {
  load: async ({ path, plant, name }) => {
    queue ||= await import(path);
    devices = new Map();
    keys = 0;
    fault = plant || "";
    run = name || "";
    return true;
  },
  // A copy of the server comes to a device: late, twice or not at all.
  opened: ({ device, sheet, code, told }) => {
    const mine = records(device);
    const known = mine.get(code);
    if (fault === "takes every copy" && known) mine.set(code, { ...known, known: told });
    else mine.set(code, queue.opened(known, told, sheet, code));
    return look(mine.get(code));
  },
  says: ({ device, code, text, at }) => {
    const mine = records(device);
    mine.set(code, queue.says(mine.get(code), text, at));
    return look(mine.get(code));
  },
  // Stored before it is sent, so that a browser that dies in between repeats the same request.
  begin: ({ device, code }) => {
    const mine = records(device);
    const record = queue.begin(mine.get(code), `key-${run}-of-device-${device}-${(keys += 1)}`);
    mine.set(code, JSON.parse(JSON.stringify(record)));
    return record.attempt;
  },
  answered: ({ device, code, attempt, status, answer }) => {
    const mine = records(device);
    let record = mine.get(code);
    const before = record;
    record = queue.answered(record, attempt, status, answer);
    if (fault === "forgets what was typed meanwhile" && status === 200 && before.attempt) record = { ...record, said: null, attempt: null };
    if (fault === "overwrites" && record.held && record.held.why === "two") record = { ...record, base: record.known.version, held: null };
    mine.set(code, record);
    return look(record);
  },
  retried: ({ device, code }) => {
    const mine = records(device);
    mine.set(code, queue.retried(mine.get(code)));
    return look(mine.get(code));
  },
  chosen: ({ device, code, which, version, key }) => {
    const mine = records(device);
    mine.set(code, queue.chosen(mine.get(code), which, version, key));
    return look(mine.get(code));
  },
  asides: ({ device, code }) => records(device).get(code).asides || [],
  noted: ({ device, code, key }) => {
    const mine = records(device);
    mine.set(code, queue.noted(mine.get(code), key));
    return look(mine.get(code));
  },
};

const look = (record) => ({ state: queue.stateOf(record), shown: queue.view(record), version: record.known.version, unsent: queue.unsent(record) });

for await (const line of createInterface({ input: process.stdin })) {
  const [act, values] = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await acts[act](values))}\n`);
}
