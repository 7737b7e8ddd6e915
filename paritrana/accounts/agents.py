"""A browser in words, from what it says of itself: enough for its owner to know it, and nothing is decided by it."""

import re
from typing import Final

# The first that fits names it: many browsers also say the names of those they descend from.
_BROWSERS: Final = (
    ("Edge", r"Edg(?:e|A|iOS)?/"), ("Opera", r"OPR/|Opera"), ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"), ("Chrome", r"Chrome/|CriOS/|Chromium/"), ("Safari", r"Safari/"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("Android", r"Android"), ("iPhone", r"iPhone"), ("iPad", r"iPad"), ("Windows", r"Windows"), ("macOS", r"Mac OS X"),
    ("ChromeOS", r"CrOS"), ("Linux", r"Linux"),
)  # fmt: skip
LONGEST: Final = 500  # characters that are looked at


def browser_of(agent: str) -> str:
    """`Firefox, Windows` and the like; empty for what cannot be told."""
    agent = agent[:LONGEST]
    found = [next((name for name, sign in signs if re.search(sign, agent)), "") for signs in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, found))
