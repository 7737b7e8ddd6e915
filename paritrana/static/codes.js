// In a copy of the public pages: from a typed code, or from the address in a square of dots, to the page of that code.
// The check sign is computed as in core/codes.py, so that a mistyped code is told at once.
"use strict";

const SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// The code in groups of four, or null where the text is none. O is read as 0, I and L as 1.
function codeIn(text) {
  const signs = text.replace(/[\s\u2010\u2011\u2013\u2014-]/g, "").toUpperCase().replace(/O/g, "0").replace(/[IL]/g, "1");
  if (signs.length !== 16 || [...signs].some((sign) => !SIGNS.includes(sign))) return null;
  let total = 0;
  for (const sign of signs.slice(0, 15)) {
    total = (total ^ SIGNS.indexOf(sign)) << 1;
    if (total & 32) total ^= 0b100101;
  }
  return SIGNS[total] === signs[15] ? signs.match(/.{4}/g).join("-") : null;
}

const form = document.querySelector("form[data-codes]");
if (form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = codeIn(form.elements.code.value);
    form.querySelector("[data-said]").textContent = code ? "" : form.dataset.wordWrong;
    if (code) location.assign(new URL(`${code}/index.html`, location.href.replace(/[^/]*$/, "")));
    else form.elements.code.focus();
  });
} else {
  // The page for what is not there: an address from a square of dots is written otherwise than the page it means.
  const found = /^(.*)\/verify\/([^/]+)(\/.*)?$/i.exec(decodeURI(location.pathname));
  const code = found && codeIn(found[2]);
  const place = code && `${found[1]}/verify/${code}/`;
  if (place && place !== location.pathname && `${place}index.html` !== location.pathname) location.replace(place);
}
