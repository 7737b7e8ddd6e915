"""What a file says of itself: title, dates, conformance and the facts of the register, readable without a PDF program.

Sources: ISO 19005-3 (PDF/A-3), its annex on extension schemas; ISO 16684-1 (XMP).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final
from xml.sax.saxutils import escape

from paritrana.certificates.drawing.file import Objects, dictionary, stream, text

NAMESPACE: Final = "urn:paritrana:certificate:1"
PROPERTIES: Final = {
    "code": "Code of the certificate, without dashes",
    "payload": "Signed facts of the certificate, as in its QR code",
    "bundle": "SHA-256 of the sealed ranking, hexadecimal",
}
PROGRAM: Final = "Paritrana"
_PROFILE_DATE, _PROFILE_ID = slice(24, 36), slice(84, 100)


@dataclass(frozen=True)
class About:
    """What a file says it is."""

    title: str
    subject: str
    author: str
    day: date
    language: str


@cache
def profile() -> bytes:
    """The colour profile sRGB, always the same bytes: without the time at which it was made."""
    from PIL import ImageCms

    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[_PROFILE_DATE] = b"".join(value.to_bytes(2, "big") for value in (2026, 1, 1, 0, 0, 0))
    made[_PROFILE_ID] = bytes(16)
    return bytes(made)


def output_intent(objects: Objects) -> str:
    """The colours that the paper means; gives the reference."""
    return objects.add(
        dictionary(
            {
                "Type": "/OutputIntent",
                "S": "/GTS_PDFA1",
                "OutputConditionIdentifier": "(sRGB)",
                "Info": "(sRGB IEC61966-2.1)",
                "RegistryName": "(http://www.color.org)",
                "DestOutputProfile": objects.add(stream(profile(), {"N": 3})),
            }
        )
    )


def info(about: About) -> str:
    """The dictionary that older programs read; it says what the XMP says."""
    return dictionary(
        {
            "Title": text(about.title),
            "Subject": text(about.subject),
            "Author": text(about.author),
            "Creator": text(PROGRAM),
            "Producer": text(PROGRAM),
            "CreationDate": f"(D:{about.day:%Y%m%d}000000Z)",
            "ModDate": f"(D:{about.day:%Y%m%d}000000Z)",
        }
    )


def xmp(about: About, facts: Mapping[str, str]) -> bytes:
    """The metadata as a stream that is not packed. `facts` has the names of `PROPERTIES`."""
    at = f"{about.day.isoformat()}T00:00:00Z"
    own = "".join(f"<paritrana:{name}>{escape(facts[name])}</paritrana:{name}>" for name in PROPERTIES)
    written = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:paritrana="{NAMESPACE}">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(about.title)}</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{escape(about.subject)}</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>{escape(about.author)}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>{escape(about.language)}</rdf:li></rdf:Bag></dc:language>
<xmp:CreatorTool>{PROGRAM}</xmp:CreatorTool><pdf:Producer>{PROGRAM}</pdf:Producer>
<xmp:CreateDate>{at}</xmp:CreateDate><xmp:ModifyDate>{at}</xmp:ModifyDate><xmp:MetadataDate>{at}</xmp:MetadataDate>
{own}
</rdf:Description>
{_SCHEMA}</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
    return stream(written.encode(), {"Type": "/Metadata", "Subtype": "/XML"}, packed=False)


def _described() -> str:
    """What the names of this program mean, as PDF/A asks for every name that it does not know itself."""
    properties = "".join(
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>'
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{escape(meaning)}</pdfaProperty:description></rdf:li>"
        for name, meaning in PROPERTIES.items()
    )
    return f"""<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Certificate</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>paritrana</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""


_SCHEMA: Final = _described()
