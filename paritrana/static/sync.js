// Sends what waits on the device, one indicator after the other, and says how that goes. One tab sends at a time.

const FIRST_RETRY = 2000;
const LAST_RETRY = 60000;
const PATIENCE = 15000;

export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// `told(record, answer)` hears of every record that changed, `state({ reachable, signedOut, sending })` of the connection.
export function makeSender({ queue, store, account, language, token, told, state }) {
  let csrf = token;
  let delay = FIRST_RETRY;
  let timer = 0;
  let running = null;
  let again = false;
  let sending = 0;
  const now = { reachable: true, signedOut: false, sending: "" };

  const say = (change) => state(Object.assign(now, change), change);
  const alone = (work) => (navigator.locks ? navigator.locks.request(`paritrana-send-${account}`, work) : work());
  const ask = (address, options = {}) => fetch(address, {
    credentials: "same-origin", redirect: "error", cache: "no-store", signal: AbortSignal.timeout(PATIENCE), ...options,
    headers: { Accept: "application/json", ...options.headers },
  });

  // Who is signed in, and the token that changes carry from now on.
  async function session() {
    const found = await (await ask("/sign-in")).json();
    csrf = found.csrf_token;
    for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = csrf;
    return found;
  }

  async function reached() {
    try {
      const answer = await ask("/api/v1/now");
      return answer.ok && Boolean((await answer.json()).now);
    } catch {
      return false;
    }
  }

  async function put(record, fresh = false) {
    const { attempt } = record;
    const way = attempt.late ? "late-marks" : "marks";
    const body = attempt.late ? { ...attempt.body, device_at: attempt.at } : attempt.body;
    const answer = await ask(`/api/v1/sheets/${record.sheet}/${way}/${record.code}?lang=${language}`, {
      method: attempt.late ? "POST" : "PUT", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "If-Match": `"${attempt.base}"`, "Idempotency-Key": attempt.key, "X-CSRFToken": csrf },
    });
    const said = await answer.json();
    // The token of the page is worth nothing after a new sign-in: one more try with that of the present session.
    if (answer.status === 400 && !fresh) {
      if (!(await session()).signed_in) return { status: 401, said };
      return put(record, true);
    }
    return { status: answer.status, said };
  }

  async function deliver(sheet, code) {
    for (;;) {
      const record = await store.change(sheet, code, (one) => one && queue.begin(one, newKey()));
      if (!record || !record.attempt) return "";
      const slow = setTimeout(() => say({ sending: `${sheet} ${code}` }), 400);
      try {
        const { status, said } = await put(record);
        if (status === 401) return "signed out";
        if (status >= 500 || status === 429) return "away";
        if (!now.reachable) say({ reachable: true });
        told(await store.change(sheet, code, (one) => one && queue.answered(one, record.attempt, status, said)), status < 300 && !record.attempt.late ? said : null);
      } catch {
        return "away";
      } finally {
        clearTimeout(slow);
        if (now.sending) say({ sending: "" });
      }
    }
  }

  async function pass() {
    for (const { sheet, code } of await store.all()) {
      const trouble = await deliver(sheet, code);
      if (trouble) return trouble;
    }
    for (const record of await store.all()) {
      for (const aside of record.asides || []) {
        const trouble = await note(record, aside);
        if (trouble) return trouble;
      }
    }
    return "";
  }

  // Tells the server which of two versions was chosen, after the marks themselves.
  async function note({ sheet, code }, { key, body }, fresh = false) {
    try {
      const answer = await ask(`/api/v1/sheets/${sheet}/set-aside/${code}?lang=${language}`, {
        method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "Idempotency-Key": key, "X-CSRFToken": csrf },
      });
      if (answer.status === 400 && !fresh) return (await session()).signed_in ? note({ sheet, code }, { key, body }, true) : "signed out";
      if (answer.status === 401) return "signed out";
      if (answer.status >= 500 || answer.status === 429) return "away";
      told(await store.change(sheet, code, (one) => one && queue.noted(one, key)), null);
      return "";
    } catch {
      return "away";
    }
  }

  async function everything() {
    clearTimeout(timer);
    const trouble = await alone(pass);
    if (trouble === "away") {
      say({ reachable: await reached() });
      timer = setTimeout(send, delay);
      delay = Math.min(delay * 2, LAST_RETRY);
    } else {
      delay = FIRST_RETRY;
      say({ signedOut: trouble === "signed out" });
    }
  }

  // Sends now what waits; a call while another is under way makes that one go round once more.
  async function send() {
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      do {
        again = false;
        await everything();
      } while (again && now.reachable && !now.signedOut);
    })();
    try {
      await running;
    } finally {
      running = null;
    }
  }

  // Asks whether the server is there, and sends if it is.
  async function look() {
    clearTimeout(timer);
    const there = await reached();
    say({ reachable: there });
    if (there) return send();
    timer = setTimeout(look, delay);
    delay = Math.min(delay * 2, LAST_RETRY);
  }

  async function step(address, fields) {
    await session();
    const answer = await ask(address, { method: "POST", body: new URLSearchParams({ ...fields, csrf_token: csrf }) });
    const said = await answer.json();
    if (!answer.ok) return said;
    await session();
    if (said.account === account) say({ signedOut: false });
    return said;
  }

  const signIn = (email, password) => step("/sign-in", { email, password });
  const secondFactor = (code) => step("/sign-in/second-factor", { code });

  // Notes the public key of this device with the server.
  async function register(publicKey, fresh = false) {
    const answer = await ask("/api/v1/devices", {
      method: "POST", body: JSON.stringify({ public_key: publicKey }), headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
    });
    if (answer.status === 400 && !fresh && (await session()).signed_in) return register(publicKey, true);
    if (!answer.ok) throw new Error("The server does not know this device.");
  }

  // A sign of life for the board of the day: which sheet is open, and how much waits here. False where the sheet has no day.
  async function present(sheet, waiting) {
    if (!now.reachable || now.signedOut) return true;
    try {
      const answer = await ask("/api/v1/presence", {
        method: "POST", body: JSON.stringify({ sheet, waiting }), headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      });
      if (answer.status === 401) say({ signedOut: true });
      if (answer.status === 400) await session();
      return answer.status !== 404;
    } catch {
      await look();
      return true;
    }
  }

  return {
    send, look, signIn, secondFactor, present, register: (publicKey) => register(publicKey),
    soon: (wait) => {
      clearTimeout(sending);
      sending = setTimeout(send, wait);
    },
    hurry: () => {
      delay = FIRST_RETRY;
      return send();
    },
    get reachable() {
      return now.reachable;
    },
    // A copy of the server: of a sheet, or null where there is none to be had.
    read: async (address) => {
      try {
        const answer = await ask(address);
        if (answer.status === 401) say({ signedOut: true });
        if (!answer.ok) return null;
        const said = await answer.json();
        say({ reachable: true });
        return said;
      } catch {
        await look();
        return null;
      }
    },
  };
}
