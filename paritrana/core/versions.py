"""A version of rows that carry none: a number that follows from what they say."""

import hashlib
from typing import Any, Final

from paritrana.core.chain import canon, plain

_BYTES: Final = 6  # 281 million million versions; a form sends the number as text


def content_version(values: Any) -> int:
    """The version of what `values` say: the same values give the same number, others another one."""
    return int.from_bytes(hashlib.sha256(canon({"values": plain(values)})).digest()[:_BYTES])
