// Asks the browser for a passkey and sends what it answers. Forms with `data-passkey` are shown where it knows passkeys.

(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (known) => (known || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function make(options) {
    const made = await navigator.credentials.create({
      publicKey: { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: listed(options.excludeCredentials) },
    });
    return { id: made.id, rawId: text(made.rawId), type: made.type, response: { clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject) } };
  }

  async function use(options) {
    const used = await navigator.credentials.get({
      publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials) },
    });
    const { clientDataJSON, authenticatorData, signature } = used.response;
    return { id: used.id, rawId: text(used.rawId), type: used.type, response: { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature) } };
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      const error = form.querySelector("[data-passkey-error]");
      button.disabled = true;
      error.hidden = true;
      try {
        const answer = await (form.dataset.passkey === "create" ? make : use)(JSON.parse(form.dataset.options));
        form.elements.credential.value = JSON.stringify(answer);
        form.submit();
      } catch {
        error.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
