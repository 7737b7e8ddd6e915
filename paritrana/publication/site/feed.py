"""The Atom feed of publications (RFC 4287): one entry for every version in force, the newest first."""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from paritrana.publication.models import Publication
from paritrana.web.formats import iso

NAMESPACE = "http://www.w3.org/2005/Atom"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
NOTHING_YET = "1970-01-01T00:00:00Z"

Address = Callable[[Publication], str]


def atom(publications: Sequence[Publication], *, site: str, own: str, operator: str, address: Address) -> bytes:
    """The feed as XML. `site` is the address of the installation, `own` that of the feed, `address` of a result."""
    ET.register_namespace("", NAMESPACE)
    feed = ET.Element(_name("feed"), {LANGUAGE: "id"})
    host = urlsplit(site).netloc
    newest = sorted(publications, key=lambda one: (one.published_at, one.id), reverse=True)
    _text(feed, "id", f"tag:{host},2026:publications")
    _text(feed, "title", "Paritrana Award: hasil yang diumumkan")
    _text(feed, "updated", iso(newest[0].published_at) if newest else NOTHING_YET)
    _text(ET.SubElement(feed, _name("author")), "name", operator)
    ET.SubElement(feed, _name("link"), {"rel": "self", "href": own, "type": "application/atom+xml"})
    for one in newest:
        _entry(feed, one, host, address(one))
    ET.indent(feed, " ")
    whole: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return whole


def _entry(feed: ET.Element, one: Publication, host: str, address: str) -> None:
    category, cycle = one.category, one.category.cycle
    entry = ET.SubElement(feed, _name("entry"))
    _text(entry, "id", f"tag:{host},2026:{cycle.code}/{category.slug}/{one.version_no}")
    simulation = "SIMULASI: " if cycle.simulated else ""
    _text(entry, "title", f"{simulation}{cycle.title_id}: {category.title_id}")
    _text(entry, "updated", iso(one.published_at))
    _text(entry, "published", iso(one.published_at))
    ET.SubElement(entry, _name("link"), {"rel": "alternate", "href": address, "type": "text/html"})
    _text(entry, "summary", f"Versi {one.version_no}. SHA-256 bundel terbuka: {one.digest}")


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _text(parent: ET.Element, tag: str, said: str) -> None:
    ET.SubElement(parent, _name(tag)).text = said
