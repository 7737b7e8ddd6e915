// The service worker of the score sheets. The server writes RELEASE before this text: { version, assets, answer }.
// Of pages it keeps only those that the server marks as a copy for the device of one person; nothing else is ever stored.
"use strict";

const PAGES = "paritrana-pages";
const ASSETS = `paritrana-assets-${RELEASE.version}`;
const OWNER = "Paritrana-Copy";
const SHEET = /^\/assessments\/[^/]+\/sheet$/;
const ASSET = /^\/(?:static|bootstrap\/static)\//;
const PATIENCE = 4000;
const FRESH = 5 * 60000;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

async function install() {
  const cache = await caches.open(ASSETS);
  await cache.addAll(RELEASE.assets.map((address) => new Request(address, { credentials: "omit" })));
  await cache.put(RELEASE.answer, await fetch(RELEASE.answer, { credentials: "omit" }));
  await self.skipWaiting();
}

// Stored pages name the files of the version that made them, so those files stay until every page is stored anew.
async function activate() {
  await self.clients.claim();
  const pages = await caches.open(PAGES);
  const renewed = await Promise.all((await pages.keys()).map((one) => keep(new URL(one.url).pathname)));
  if (renewed.includes(false)) return;
  for (const name of await caches.keys()) if (name.startsWith("paritrana-assets-") && name !== ASSETS) await caches.delete(name);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event, url.pathname));
  else if (ASSET.test(url.pathname)) event.respondWith(asset(request));
});

async function asset(request) {
  const known = await caches.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).searchParams.has("v")) {
    const copy = answer.clone();
    caches.open(ASSETS).then((cache) => cache.put(request, copy)).catch(() => {});
  }
  return answer;
}

async function page(event, path) {
  const asked = fetch(event.request);
  try {
    const known = await caches.match(path, { cacheName: PAGES });
    const answer = await (known ? Promise.race([asked, late()]) : asked);
    if (answer.status >= 502 && known) return known;
    if (answer.ok) event.waitUntil(store(path, answer.clone()));
    return answer;
  } catch {
    asked.catch(() => {});
    return (await caches.match(path, { cacheName: PAGES })) || (await caches.match(RELEASE.answer)) || Response.error();
  }
}

const late = () => new Promise((resolve, reject) => setTimeout(() => reject(new Error("The network is too slow.")), PATIENCE));

// After a page has come: its copy for the device. A sheet is asked for once more, without what others wrote.
async function store(path, answer) {
  if (answer.headers.has(OWNER)) return put(path, answer);
  if (!SHEET.test(path)) return false;
  const known = await caches.match(path, { cacheName: PAGES });
  if (known && Date.now() - Date.parse(known.headers.get("Date")) < FRESH) return true;
  return keep(path);
}

async function keep(path) {
  try {
    const answer = await fetch(SHEET.test(path) ? `${path}?copy=device` : path, { credentials: "same-origin", redirect: "manual" });
    return answer.ok && answer.headers.has(OWNER) ? await put(path, answer) : false;
  } catch {
    return false;
  }
}

// Copies of another person go when the first one of this person comes.
async function put(path, answer) {
  const pages = await caches.open(PAGES);
  for (const one of await pages.keys()) {
    const kept = await pages.match(one);
    if (kept && kept.headers.get(OWNER) !== answer.headers.get(OWNER)) await pages.delete(one);
  }
  await pages.put(path, answer);
  return true;
}

// A page may ask to keep these addresses, and hears how many are kept.
self.addEventListener("message", (event) => {
  if (!event.data || !Array.isArray(event.data.keep)) return;
  event.waitUntil(Promise.all(event.data.keep.map(keep)).then((kept) => event.ports[0].postMessage(kept)));
});
