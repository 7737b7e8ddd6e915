"""Where a page of the site stands in the folder, and how its links lead there."""

import html
import re
from collections.abc import Iterable
from posixpath import dirname, relpath
from urllib.parse import parse_qs, urlsplit

from paritrana.web.formats import Language

_LINK = re.compile(r'(?<=[\s<])(href|src)="([^"]*)"')
_ASSETS = ("/static/", "/bootstrap/static/")


def page_file(path: str, language: Language) -> str:
    """The file of a page: Indonesian at the top, English under `en/`."""
    place = path.strip("/")
    return ("en/" if language == "en" else "") + (f"{place}/" if place else "") + "index.html"


def data_file(path: str) -> str:
    """The file of a download; one whose address has no ending is JSON."""
    place = path.strip("/")
    return place if "." in place.rpartition("/")[2] else f"{place}.json"


class Links:
    """The addresses that stand in the folder, and what the pages ask for on top of them."""

    def __init__(self, pages: Iterable[str], downloads: Iterable[str], live: str) -> None:
        self.pages = frozenset(pages)
        self.downloads = frozenset(downloads)
        self.live = live  # the address of the site itself, for what only it can answer
        self.assets: set[str] = set()  # addresses of style sheets and pictures, with their version

    def rewritten(self, text: str, file: str | None, language: Language) -> str:
        """A page or feed with links that hold inside the folder; `file` is where it will stand.

        None for the page that a server shows at any address that is not there: its links begin at the host.
        """

        def one(found: re.Match[str]) -> str:
            address = self._address(html.unescape(found[2]), file, language)
            return f'{found[1]}="{html.escape(address)}"'

        return _LINK.sub(one, text)

    def _address(self, address: str, file: str | None, language: Language) -> str:
        if not address.startswith("/"):
            return address  # a place on the same page, or another site
        parts = urlsplit(address)
        place = self._place(address, language)
        if place is None:
            return self.live + address
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        return (f"/{place}" if file is None else relpath(place, dirname(file) or ".")) + fragment

    def _place(self, address: str, language: Language) -> str | None:
        """The file that an address stands for; None where it is not in the folder."""
        parts = urlsplit(address)
        if parts.path.startswith(_ASSETS):
            self.assets.add(address.partition("#")[0])
            return parts.path.strip("/")
        if parts.path in self.downloads:
            return data_file(parts.path)
        if parts.path in self.pages:
            wish = parse_qs(parts.query).get("lang", [language])[0]
            return page_file(parts.path, "en" if wish == "en" else "id")
        return None
