// Reads the square of dots of a certificate with the camera or from a picture, where the browser can. Nothing leaves the
// device but the address that stands in the square, and only one of this site is opened.
"use strict";

const scan = document.querySelector("[data-scan]");
if (scan && "BarcodeDetector" in window) prepare();

async function prepare() {
  const kinds = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!kinds.includes("qr_code")) return;
  const words = scan.dataset;
  const at = (name) => scan.querySelector(`[data-scan-${name}]`);
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const say = (text) => { at("said").textContent = text; };
  let stream = null;

  // Goes to the page that a text stands for; says why not otherwise. Gives whether it went.
  function open(text) {
    const found = /^https?:\/\/([^/?#]+)\/verify\/([0-9a-z-]{16,19})(?:\/([a-z2-7]+))?$/i.exec(text.trim());
    if (!found) {
      say(words.wordOther);
    } else if (found[1].toLowerCase() !== words.host.toLowerCase()) {
      say(words.wordForeign.replace("{host}", found[1]));
    } else {
      location.assign(`/verify/${found[2]}${found[3] ? `/${found[3].toUpperCase()}` : ""}`);
      return true;
    }
    return false;
  }

  function stop() {
    if (stream) for (const track of stream.getTracks()) track.stop();
    stream = null;
    at("picture").hidden = at("stop").hidden = true;
    at("camera").hidden = false;
  }

  async function look() {
    while (stream) {
      const [code] = await detector.detect(at("picture")).catch(() => []);
      if (code && stream && open(code.rawValue)) return stop();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  at("camera").addEventListener("click", async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      at("picture").srcObject = stream;
      at("picture").hidden = at("stop").hidden = false;
      at("camera").hidden = true;
      await at("picture").play();
      say(words.wordLooking);
    } catch {
      stop();
      return say(words.wordRefused);
    }
    look();
  });
  at("stop").addEventListener("click", () => { stop(); say(""); });
  window.addEventListener("pagehide", stop);
  at("photo").addEventListener("change", async () => {
    const [file] = at("photo").files;
    if (!file) return;
    const [code] = await createImageBitmap(file).then((picture) => detector.detect(picture)).catch(() => []);
    if (code) open(code.rawValue);
    else say(words.wordNothing);
  });
  const devices = navigator.mediaDevices ? await navigator.mediaDevices.enumerateDevices().catch(() => []) : [];
  at("camera").hidden = !devices.some((device) => device.kind === "videoinput");
  scan.hidden = false;
}
