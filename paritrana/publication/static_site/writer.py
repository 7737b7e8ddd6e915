"""Makes the folder: asks the application for every public page in both languages, rewrites links, replaces at once.

The same publications give the same bytes, whenever the folder is made: pages for a folder tell nothing of the moment.
Certificates have a page each, which nothing lists: the manifest names them by the digest of their place, so that only
who has the code finds the page.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flask import Flask

from paritrana.certificates.checking.queries import pressed, public_certificates
from paritrana.certificates.models import Certificate
from paritrana.clock import SetClock
from paritrana.core.codes import shown
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import canonical, db
from paritrana.publication.models import Publication
from paritrana.publication.queries import versions_of
from paritrana.publication.site.datasets import DATASETS
from paritrana.publication.site.queries import all_in_force, regions
from paritrana.publication.site.schemas import NAMES
from paritrana.publication.static_site.links import Links, data_file, page_file
from paritrana.web.language import LANGUAGES
from paritrana.web.standalone import SIGN

MANIFEST: Final = "site.json"
FORMAT: Final = "paritrana-site/2"
FORMATS: Final = ("paritrana-site/1", FORMAT)  # of earlier copies, which are replaced
NOT_FOUND: Final = "404.html"
NOWHERE: Final = "/verify/-"  # an address that no certificate can have

_OF_ONE_CERTIFICATE: Final = re.compile(r"(?:en/)?verify/[0-9A-Z-]+/")

Address = Callable[..., str]  # an endpoint and its values to the path


class FolderInUse(ParitranaError):
    """The folder holds something that is no earlier copy. Params: `folder`."""

    code = "folder_in_use"
    message = N_("%(folder)s holds other files. Name a new folder, an empty one, or one of an earlier export.")


class PageMissing(ParitranaError):
    """A page that belongs into the folder could not be made. Params: `address`, `status`."""

    code = "page_missing"
    message = N_("The page %(address)s could not be made (status %(status)s). Nothing was changed.")


class SiteMoved(ParitranaError):
    """A result was published or corrected while the folder was being made."""

    code = "site_moved"
    message = N_("A publication changed in between. Nothing was changed; run the command again.")


@dataclass(frozen=True)
class Made:
    """What an export wrote: pages, other files, bytes in all, results."""

    pages: int
    files: int
    size: int
    results: int


def export(app: Flask, folder: Path) -> Made:
    """Write the public pages of `app` into `folder`; an earlier copy there is replaced whole.

    Call it in the application's context. Raises `FolderInUse`, `PageMissing`, `SiteMoved`, `OSError`; then the folder
    is as it was.
    """
    _refuse_other(folder)
    moment = app.extensions["clock"].now()
    published = all_in_force(moment)
    named = _names(published)
    url = app.url_map.bind("localhost").build
    pages, downloads = _pages(published, url), _downloads(published, url)
    for one in published:
        history = _history(one, moment, url)
        pages += history[0]
        downloads += history[1]
    registered = public_certificates(moment)
    state = _register(registered)
    checks = _certificates(registered, url)
    pages += checks[0]
    downloads += checks[1]
    beside = folder.parent / f".{folder.name}.new"
    shutil.rmtree(beside, ignore_errors=True)
    clock = app.extensions["clock"]
    app.extensions["clock"] = SetClock(moment)  # one moment for all pages
    try:
        listed = _write(app, beside, Links(pages, downloads, app.extensions["settings"].base_url))
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    finally:
        app.extensions["clock"] = clock
    db.session.rollback()  # look again, not at the moment that was read first
    after = clock.now()
    if _names(all_in_force(after)) != named or _register(public_certificates(after)) != state:
        shutil.rmtree(beside)
        raise SiteMoved
    manifest = {"format": FORMAT, "publications": named, "files": listed}
    (beside / MANIFEST).write_bytes(canonical(manifest))
    _replace(folder, beside)
    return Made(2 * len(pages), len(listed) - 2 * len(pages), sum(one["bytes"] for one in listed), len(named))


def _pages(published: Sequence[Publication], url: Address) -> list[str]:
    """The addresses of the pages."""
    found = [url(name) for name in ("publication.landing", "site.cycle_list", "site.winners", "site.region_list")]
    found.append(url("open_data.page"))
    found += [url("site.region", {"region": one.code}) for one in regions()]
    for cycle in dict.fromkeys(one.category.cycle.code for one in published):
        kinds = ("publication.cycle_page", "publication.method", "site.results")
        found += [url(kind, {"cycle": cycle}) for kind in kinds]
    for one in published:
        found.append(url("publication.result", _place(one)))
        if one.source_key is None:
            rows = one.table["rows"]
            found += [url("explanation.candidate", {**_place(one), "candidate": row["candidate"]}) for row in rows]
    return found


def _downloads(published: Sequence[Publication], url: Address) -> list[str]:
    """The addresses of the files."""
    found = [url(f"open_data.{name}") for name in ("feed", "method_text", "regions_licence")]
    found += [url("open_data.json_schema", {"schema_name": name}) for name in NAMES]
    found += [
        url(f"open_data.dataset_{end}", {"dataset": name}) for name in DATASETS for end in ("csv", "xlsx", "json")
    ]
    kinds = ("publication.bundle", "open_data.result_csv", "open_data.result_xlsx", "open_data.result_json")
    return found + [url(kind, _place(one)) for one in published for kind in kinds]


def _history(one: Publication, moment: datetime, url: Address) -> tuple[list[str], list[str]]:
    """The addresses of every version of a result that was public: pages, and their bundles."""
    numbers = [{**_place(one), "no": version.version_no} for version in versions_of(one.category, moment)]
    pages = [url("corrections.versions", _place(one)), *(url("corrections.version", no) for no in numbers)]
    return pages, [url("corrections.version_bundle", no) for no in numbers]


def _certificates(registered: Sequence[Certificate], url: Address) -> tuple[list[str], list[str]]:
    """The addresses of the check of certificates: the form and a page each, the keys and the papers in force."""
    there = pressed(registered)
    codes = {one.id: {"code": shown(one.code)} for one in registered}
    pages = [url("checking.verify"), *(url("checking.certificate", codes[one.id]) for one in registered)]
    papers = [url("checking.paper", codes[one.id]) for one in registered if one.status == "valid" and one.id in there]
    return pages, [url("checking.keys"), *papers]


def _register(registered: Sequence[Certificate]) -> list[tuple[str, int]]:
    return [(one.code, one.version) for one in registered]


def _place(one: Publication) -> dict[str, str]:
    return {"cycle": one.category.cycle.code, "cat": one.category.slug}


def _names(published: Sequence[Publication]) -> list[dict[str, Any]]:
    return [{**_place(one), "version": one.version_no, "bundle_sha256": one.digest} for one in published]


def _write(app: Flask, folder: Path, links: Links) -> list[dict[str, Any]]:
    """Write every file; returns path, digest and size of each, by path; those of certificates last."""
    listed = [_store(folder, name, content) for name, content in _contents(app, links)]
    return sorted(listed, key=lambda one: ("path" not in one, str(one.get("path") or one["path_sha256"])))


def _contents(app: Flask, links: Links) -> Iterator[tuple[str, bytes]]:
    """Every file of the folder: pages in both languages, downloads, and what the pages load."""
    for path in sorted(links.pages):
        for language in LANGUAGES:
            file = page_file(path, language)
            text = _answer(app, f"{path}?lang={language}").decode()
            yield file, links.rewritten(text, file, language).encode()
    for path in sorted(links.downloads):
        content = _answer(app, path)
        if path.endswith(".atom"):
            content = links.rewritten(content.decode(), data_file(path), "id").encode()
        yield data_file(path), content
    yield NOT_FOUND, links.rewritten(_answer(app, f"{NOWHERE}?lang=id", 404).decode(), None, "id").encode()
    for address in sorted(links.assets):
        yield address.partition("?")[0].strip("/"), _answer(app, address)


def _answer(app: Flask, address: str, status: int = 200) -> bytes:
    with app.test_client().get(
        address, base_url=app.extensions["settings"].base_url, environ_overrides={SIGN: True}
    ) as answer:
        if answer.status_code != status:
            raise PageMissing(address=address, status=answer.status_code)
        return answer.get_data()


def _store(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    known = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    if _OF_ONE_CERTIFICATE.match(name):
        return {"path_sha256": hashlib.sha256(name.encode()).hexdigest(), **known}
    return {"path": name, **known}


def _refuse_other(folder: Path) -> None:
    """Raises `FolderInUse` unless the folder is new, empty or an earlier copy."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        known = json.loads((folder / MANIFEST).read_bytes()).get("format") in FORMATS
    except (OSError, ValueError, AttributeError):
        known = False
    if not known:
        raise FolderInUse(folder=str(folder))


def _replace(folder: Path, beside: Path) -> None:
    """Put the new folder in the place of the old one."""
    before = folder.parent / f".{folder.name}.old"
    shutil.rmtree(before, ignore_errors=True)
    if folder.exists():
        folder.rename(before)
    beside.rename(folder)
    shutil.rmtree(before, ignore_errors=True)
