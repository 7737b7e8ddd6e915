"""The embedded fonts: each face once with the usual signs, shared by all papers, and once more for signs that are rare.

Every sign has a code of its own, which leads to its glyph and back to its character, so that what is read out of the
paper is what was written. Source: ISO 32000-1, 9.7 (fonts whose codes have two bytes).
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from paritrana.certificates.drawing.file import Objects, dictionary, stream
from paritrana.paper import fonts

USUAL: Final = "".join(map(chr, range(0x20, 0x7F))) + "·×éë–—‘’“”…"
SYMBOLIC: Final = 4  # flag of a font whose signs have codes of its own
UNICODE: Final = (
    "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
    "/CIDSystemInfo <</Registry (Adobe)/Ordering (UCS)/Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n"
    "/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
    "{}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
)


class Letters:
    """A face with some of its signs, as an object of a file."""

    def __init__(self, face: str, signs: Iterable[str], objects: Objects) -> None:
        self._codes = {ord(sign): code for code, sign in enumerate(dict.fromkeys(signs), start=1)}
        self.reference = _embed(face, self._codes, objects)

    def __contains__(self, sign: str) -> bool:
        return ord(sign) in self._codes

    def codes(self, words: str) -> str:
        """The words as they stand in a page: hexadecimal, two bytes for each sign."""
        return words.translate(self._codes).encode("utf-16-be").hex()


class Case:
    """The faces that a paper is set in; `own` takes the signs that the shared letters lack."""

    def __init__(self, shared: Mapping[str, Letters], own: Objects) -> None:
        self._shared, self._own = shared, own
        self._rare: dict[str, Letters] = {}

    def expect(self, face: str, words: str) -> None:
        """Embed the rare signs of all words of a face at once; called before they are set."""
        rare = sorted({sign for sign in words if sign not in self._shared[face]})
        if rare:
            self._rare[face] = Letters(face, rare, self._own)

    def runs(self, face: str, words: str) -> list[tuple[str, str]]:
        """The words in pieces of one font each: its name in the page, and the codes."""
        shared = self._shared[face]
        return [
            (face if usual else f"{face}-rare", (shared if usual else self._rare[face]).codes("".join(signs)))
            for usual, signs in groupby(words, shared.__contains__)
        ]

    def resources(self) -> dict[str, str]:
        """The fonts of the page by name."""
        rare = {f"{face}-rare": letters.reference for face, letters in self._rare.items()}
        return {face: letters.reference for face, letters in self._shared.items()} | rare


def _embed(face: str, codes: Mapping[int, int], objects: Objects) -> str:
    """Write a face with these signs, by character, into the file; gives the reference to the font."""
    cut = fonts()[face].face
    signs = list(codes)
    program = cut.makeSubset(signs)
    glyphs: dict[int, int] = {0: 0}  # the order in which the cut-out font numbers them
    for sign in signs:
        glyphs.setdefault(cut.charToGlyph[sign], len(glyphs))
    name = f"{_tag(signs)}+{face}"
    widths = " ".join(f"{cut.charWidths[sign]:g}" for sign in signs)
    described = objects.add(
        dictionary(
            {
                "Type": "/FontDescriptor",
                "FontName": f"/{name}",
                "Flags": SYMBOLIC | (64 if cut.italicAngle else 0),
                "FontBBox": f"[{' '.join(f'{edge:g}' for edge in cut.bbox)}]",
                "ItalicAngle": f"{cut.italicAngle:g}",
                "Ascent": f"{cut.ascent:g}",
                "Descent": f"{cut.descent:g}",
                "CapHeight": f"{cut.capHeight:g}",
                "StemV": cut.stemV,
                "FontFile2": objects.add(stream(program, {"Length1": len(program)})),
            }
        )
    )
    glyph_of_code = b"".join(glyphs[cut.charToGlyph[sign]].to_bytes(2, "big") for sign in signs)
    descendant = objects.add(
        dictionary(
            {
                "Type": "/Font",
                "Subtype": "/CIDFontType2",
                "BaseFont": f"/{name}",
                "CIDSystemInfo": "<</Registry (Adobe)/Ordering (Identity)/Supplement 0>>",
                "FontDescriptor": described,
                "DW": f"{cut.defaultWidth:g}",
                "W": f"[1 [{widths}]]",
                "CIDToGIDMap": objects.add(stream(b"\0\0" + glyph_of_code)),
            }
        )
    )
    return objects.add(
        dictionary(
            {
                "Type": "/Font",
                "Subtype": "/Type0",
                "BaseFont": f"/{name}",
                "Encoding": "/Identity-H",
                "DescendantFonts": f"[{descendant}]",
                "ToUnicode": objects.add(stream(_characters(codes).encode())),
            }
        )
    )


def _characters(codes: Mapping[int, int]) -> str:
    """Which character each code stands for, a hundred in a block as the format wants."""
    rows = [f"<{code:04x}> <{chr(sign).encode('utf-16-be').hex()}>" for sign, code in codes.items()]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    return UNICODE.format("".join("\n".join([f"{len(one)} beginbfchar", *one, "endbfchar\n"]) for one in blocks))


def _tag(signs: Iterable[int]) -> str:
    """Six letters that name a choice of signs."""
    number = 0
    for sign in signs:
        number = (number * 131 + sign) % 26**6
    letters = ""
    for _place in range(6):
        number, rest = divmod(number, 26)
        letters += chr(ord("A") + rest)
    return letters
