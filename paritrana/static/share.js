// Shares the address of a page, or copies it where the browser shares nothing; without either no button is shown.
"use strict";

const share = document.querySelector("[data-share]");
if (share && (navigator.share || navigator.clipboard)) {
  share.hidden = false;
  share.addEventListener("click", async () => {
    const url = share.dataset.share;
    try {
      if (navigator.share) return await navigator.share({ url });
      await navigator.clipboard.writeText(url);
      share.textContent = share.dataset.wordDone;
    } catch {
      // Whoever closes the list of places has decided; the address stands on the page as text.
    }
  });
}
