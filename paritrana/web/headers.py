"""Security headers on every answer, errors and redirects included; static files cached under versioned addresses."""

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request, session

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "object-src 'none'; require-trusted-types-for 'script'; trusted-types paritrana"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send "Origin: null" and the CSRF check fails
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PERMISSIONS = "camera=(), microphone=(), geolocation=()"
PERMISSIONS_OF_VERIFY = "camera=(self), microphone=(), geolocation=()"  # the page where a QR code may be scanned
TRANSPORT_SECURITY = "max-age=63072000; includeSubDomains"
CACHE_VERSIONED = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    """Register the headers and the versions of static files."""
    app.after_request(add_headers)
    app.url_defaults(add_version)
    app.extensions["paritrana_static_versions"] = {}


def add_headers(response: Response) -> Response:
    """Set every header; an answer that carries a stricter policy of its own (a download) keeps it."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("Permissions-Policy", PERMISSIONS_OF_VERIFY if request.path == "/verify" else PERMISSIONS)
    for name, value in FIXED.items():
        headers[name] = value
    if request.is_secure:
        headers["Strict-Transport-Security"] = TRANSPORT_SECURITY
    if is_static(request.endpoint):
        if request.args.get("v") and response.status_code in (200, 206, 304):
            headers["Cache-Control"] = CACHE_VERSIONED
        else:
            headers["Cache-Control"] = "no-cache"
    elif concerns_a_session():
        headers["Cache-Control"] = "no-store, private"
    else:
        headers.setdefault("Cache-Control", "no-cache")
        response.vary.add("Cookie")  # the language is a cookie
    return response


def concerns_a_session() -> bool:
    """Whether the request came with a session, or the answer starts or ends one."""
    name = current_app.config.get("SESSION_COOKIE_NAME", "session")
    return name in request.cookies or bool(session.modified)


def is_static(endpoint: str | None) -> bool:
    """Whether an endpoint serves files that are part of the program."""
    return endpoint == "static" or (endpoint or "").endswith(".static")


def add_version(endpoint: str, values: dict[str, Any]) -> None:
    """Add the content's digest to the address of a static file, so that it may be cached for good."""
    if not is_static(endpoint) or "v" in values or "filename" not in values:
        return
    version = version_of(endpoint, values["filename"])
    if version is not None:
        values["v"] = version


def version_of(endpoint: str, filename: str) -> str | None:
    """The first 12 hexadecimal digits of a static file's SHA-256, read again when it changes; None without file."""
    owner = current_app if endpoint == "static" else current_app.blueprints.get(endpoint.rpartition(".")[0])
    if owner is None or owner.static_folder is None:
        return None
    path = Path(owner.static_folder) / filename
    known: dict[Path, tuple[int, str]] = current_app.extensions["paritrana_static_versions"]
    try:
        changed = path.stat().st_mtime_ns
        if path not in known or known[path][0] != changed:
            known[path] = changed, hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError:
        return None
    return known[path][1]
