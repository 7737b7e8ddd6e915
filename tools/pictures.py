"""Makes pictures of pages small and puts them into docs/pictures: `python tools/pictures.py FROM TO`.

Each picture gets a palette and the strongest compression. A picture that looks like the one already there, but for a
few characters of codes that are drawn anew at every run, stays as it is, so that a rerun changes only what changed.
"""

import io
import sys
from pathlib import Path

from PIL import Image, ImageChops

MOST_EACH = 80 * 1024
MOST_TOGETHER = 3 * 1024 * 1024
SAME = 0.01
"""Share of pixels that may differ in a picture that counts as the same."""


def small(picture: Image.Image) -> bytes:
    """The picture as PNG with as many colours as fit into the limit, at most 64."""
    content = b""
    for colours in (64, 32, 16):
        target = io.BytesIO()
        # Without dithering: plain areas stay plain, which reads better and packs better.
        reduced = picture.convert("RGB").quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        reduced.save(target, "PNG", optimize=True)
        content = target.getvalue()
        if len(content) <= MOST_EACH:
            break
    return content


def alike(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures of one size differ in so few pixels that nobody needs the new one."""
    if one.size != other.size:
        return False
    difference = ImageChops.difference(one.convert("L"), other.convert("L")).point(lambda value: 255 * (value > 40))
    return difference.histogram()[255] <= SAME * one.width * one.height


def main(source: Path, target: Path) -> int:
    """Renew `target` from `source`; 1 when a picture or all together are too large."""
    target.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in source.glob("*.png"))
    if not names:
        print(f"There are no pictures in {source}.", file=sys.stderr)
        return 1
    for old in target.glob("*.png"):
        if old.name not in names and not old.name.startswith("certificate-"):  # those are drawn, not taken
            old.unlink()
    wrong = 0
    for name in names:
        with Image.open(source / name) as picture:
            content = small(picture)
        kept = target / name
        if kept.exists():
            with Image.open(kept) as before, Image.open(io.BytesIO(content)) as after:
                if alike(before, after):
                    continue
        kept.write_bytes(content)
        print(f"{name}: {len(content) // 1024} kB")
        if len(content) > MOST_EACH:
            print(f"{name} is larger than {MOST_EACH // 1024} kB: show less of the page.", file=sys.stderr)
            wrong = 1
    together = sum(path.stat().st_size for path in target.glob("*.png"))
    print(f"{len(names)} pictures, {together // 1024} kB together")
    return wrong or int(together > MOST_TOGETHER)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
