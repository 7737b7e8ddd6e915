"""How many words a text has, in any writing; `static/words.js` counts by the same rule while somebody types.

A word is what stands between spaces, line ends and control signs and holds a letter or a digit, so that a dash alone
is none and «anak-anak» is one. Writings without spaces between words (Han, kana) count one for each of their signs.
"""

import unicodedata

# First and last sign of the blocks whose signs are counted one by one: kana, and the Han blocks and planes.
ALONE = ((0x3041, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD))


def count_words(text: str) -> int:
    """The number of words of `text`, 0 for none."""
    count, inside = 0, False
    for sign in text:
        category = unicodedata.category(sign)
        if category[0] == "Z" or category == "Cc":
            inside = False
        elif category[0] in "LN":
            alone = any(first <= ord(sign) <= last for first, last in ALONE)
            count += alone or not inside
            inside = not alone
    return count
