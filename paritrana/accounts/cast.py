"""The demo cast: fictitious people of every role, listed on the sign-in page in demonstration mode only."""

import json
from pathlib import Path
from typing import Any

FILE = "demo-cast.json"
KEYS = ("name", "role_id", "role_en", "email", "password")


def read_cast(instance_path: Path) -> list[dict[str, str]]:
    """Everyone of the cast file in the instance folder, in its order; nobody where there is no file yet."""
    try:
        found: Any = json.loads((instance_path / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [{key: str(one.get(key, "")) for key in KEYS} for one in found if isinstance(one, dict)]
