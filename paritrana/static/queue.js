// What a device knows of one indicator of a score sheet, and what it has to send. Pure functions: no page, no network, no clock.
//
// A record is { sheet, code, known, said, base, at, since, attempt, held }:
//   known    the newest copy of the server that this device has seen, as the API tells it
//   said     what the person says instead, as typed; null where that is what the server has
//   base     the version of the mark that `said` rests on
//   at       when it was said by the clock of the device, which is shown and never decided on; since: the first unsent word
//   attempt  the request that was begun and has no answer yet: it is repeated with its own key until it has one
//   held     why nothing is sent: { why: "two" } both versions stand until the person chooses, { why: "refused" } with
//            reasons, { why: "closed" } the sheet is locked and the mark goes to the late ones, { why: "late" } it is there
//   asides   choices between two versions that the server has not noted yet, each with a key of its own; often missing

export const FIELDS = ["value", "abstain_note", "panel_note", "feedback"];

const NOTHING = { version: 0, shown: "", value: null, abstained: false, abstain_note: "", panel_note: "", feedback: "", said: false };

// What the server has, as a person would type it.
export function textOf(told) {
  return { value: told.shown, abstain_note: told.abstain_note, panel_note: told.panel_note, feedback: told.feedback };
}

// The four texts of a leaf in one form: an abstention drops the mark, a mark without one drops the reason.
export function typed(value, abstains, note, panel, feedback) {
  return { value: abstains ? "" : value.trim(), abstain_note: abstains ? note.trim() : "", panel_note: panel.trim(), feedback: feedback.trim() };
}

export const same = (one, other) => FIELDS.every((name) => one[name] === other[name]);

// A mark in one spelling: «8,5», «8.50» and «8,50» are the same one. Texts are compared, never numbers.
export const spelled = (value) => value.trim().replace(",", ".").replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

// Whether texts say what the server has.
function settles(text, told) {
  const notes = FIELDS.every((name) => name === "value" || text[name] === told[name]);
  return notes && spelled(text.value) === spelled(told.shown);
}

const newer = (one, other) => (other && other.version >= one.version ? other : one);

// What stands in the fields: the person's own last word, or else the newest copy of the server.
export function view(record) {
  return record.said || textOf(record.known);
}

export function stateOf(record) {
  if (record.held && record.held.why !== "closed") return record.held.why;
  return record.said || record.attempt ? "waiting" : "stored";
}

// Whether the server has not got it yet. What was received late is there.
export function unsent(record) {
  if (record.asides && record.asides.length) return true;
  return (record.said !== null || record.attempt !== null) && !(record.held && record.held.why === "late");
}

// A leaf is opened with what the device has (or nothing) and a copy of the server (or nothing). An older copy changes nothing.
export function opened(record, told, sheet, code) {
  if (!record) return { sheet, code, known: told || NOTHING, said: null, base: 0, at: "", since: "", attempt: null, held: null };
  if (!told || told.version < record.known.version) return record;
  const next = { ...record, known: told };
  const moved = told.version > record.base;
  if (record.held && record.held.why === "late") return moved || told.locked === false ? calm(next) : next;
  if (!record.attempt && record.said && settles(record.said, told)) return calm(next);
  return next;
}

// The person writes. `at` is the device's time as a text.
export function says(record, text, at) {
  const two = record.held && record.held.why === "two";
  if (!record.attempt && !two && settles(text, record.known)) return calm(record);
  if (record.said && same(record.said, text)) return record;
  if (!record.said && record.attempt && same(record.attempt.body, text)) return record;
  const base = record.said || record.attempt ? record.base : record.known.version;
  const closed = record.held && (record.held.why === "closed" || record.held.why === "late");
  return { ...record, said: text, base, at, since: record.since || at, held: two ? record.held : closed ? { why: "closed" } : null };
}

// A note of a page that was left in the middle of a word: { text, at, version } with the version that was seen then.
export function takenUp(record, note) {
  if (record.at > note.at) return record;
  const next = says(record, note.text, note.at);
  return next === record || !next.said || record.said || record.attempt ? next : { ...next, base: note.version };
}

// Begins a request where there is something to send and none is under way; `key` makes a repeat do nothing twice.
// The record must be stored before its `attempt` is sent.
export function begin(record, key) {
  if (record.attempt || !record.said || (record.held && record.held.why !== "closed")) return record;
  return { ...record, attempt: { key, late: Boolean(record.held), base: record.base, body: record.said, at: record.at } };
}

// What an answer changes. A lost answer, a fault (5xx), 429 and a missing sign-in (401) change nothing: the same attempt goes again.
export function answered(record, attempt, status, answer) {
  if (!record.attempt || record.attempt.key !== attempt.key || status >= 500 || status === 429 || status === 401) return record;
  const next = { ...record, attempt: null };
  const mine = record.said || attempt.body;
  const again = !same(mine, attempt.body);
  if (status < 300 && attempt.late) {
    return { ...next, said: mine, held: again ? { why: "closed" } : { why: "late", told: answer } };
  }
  if (status < 300) {
    next.known = newer(record.known, answer);
    return again && !settles(mine, next.known) ? { ...next, said: mine, base: answer.version } : calm(next);
  }
  if (status === 409 && answer.code === "stale_version") {
    next.known = newer(record.known, answer.theirs);
    return settles(mine, next.known) ? calm(next) : { ...next, said: mine, held: { why: "two" } };
  }
  // It has arrived, but what was answered is not known: asking once more tells.
  if (status === 409 && answer.code === "already_received") return { ...next, said: mine };
  if (status === 409 && !attempt.late && (answer.code === "sheet_closed" || answer.code === "wrong_state")) {
    return { ...next, said: mine, held: { why: "closed" } };
  }
  // The sheet was opened again in between: the mark goes the usual way.
  if (status === 409 && attempt.late && answer.code === "sheet_open") return { ...next, said: mine, held: null };
  if (again) return { ...next, said: mine };
  return { ...next, said: mine, held: { why: "refused", status, errors: answer.errors || {}, detail: answer.detail || answer.title || "" } };
}

// After a refusal that is not about what was typed: another try.
export function retried(record) {
  return record.held && record.held.why === "refused" ? { ...record, held: null } : record;
}

// The person has chosen one of two versions, having seen `version` of the server. With a `key` the choice is noted for the
// server, which keeps the version that was set aside.
export function chosen(record, which, version, key) {
  if (!record.held || record.held.why !== "two") return record;
  const aside = { key, body: { ...record.said, device_at: record.at, base: record.base, against: version, chosen: which } };
  const next = key ? { ...record, asides: [...(record.asides || []), aside] } : record;
  return which === "mine" ? { ...next, base: version, held: null } : calm(next);
}

// The server has noted a choice, or never will.
export function noted(record, key) {
  return { ...record, asides: (record.asides || []).filter((one) => one.key !== key) };
}

const calm = (record) => ({ ...record, said: null, base: record.known.version, at: "", since: "", attempt: null, held: null });
