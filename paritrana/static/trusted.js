// The one Trusted Types policy. It passes the address of the service worker, and HTML that `fragment` itself has just
// fetched from this site; every other string is refused.
"use strict";
window.paritrana = (() => {
  let admitted = null;
  const rules = {
    createHTML(text) {
      if (admitted === null || text !== admitted) throw new TypeError("This text did not come from our own fetch.");
      admitted = null;
      return text;
    },
    createScriptURL(address) {
      if (address !== "/sw.js") throw new TypeError("Only the service worker may be loaded.");
      return address;
    },
  };
  const policy = window.trustedTypes ? window.trustedTypes.createPolicy("paritrana", rules) : rules;

  // Fetches an HTML fragment of this site and returns it as a DocumentFragment. Rejects when the answer is no HTML, comes from
  // elsewhere, or is an error whose body is no fragment; `error.status` then tells which. `headers` tells the answer's.
  async function fragment(address, options = {}) {
    const url = new URL(address, location.href);
    if (url.origin !== location.origin) throw new TypeError("Another site.");
    const answer = await fetch(url, { credentials: "same-origin", redirect: "error", ...options });
    const type = (answer.headers.get("Content-Type") || "").split(";")[0].trim();
    if (!(answer.ok || answer.status === 422) || type !== "text/html" || new URL(answer.url).origin !== location.origin) {
      throw Object.assign(new Error("No fragment."), { status: answer.status, headers: answer.headers });
    }
    const text = await answer.text();
    const holder = document.createElement("template");
    admitted = text;
    holder.innerHTML = policy.createHTML(text);
    return Object.assign(holder.content, { headers: answer.headers });
  }

  return Object.freeze({ fragment, scriptURL: (address) => policy.createScriptURL(address) });
})();
