"""JSON Schemas of what can be downloaded: the open bundle as a file, tables and datasets from their columns."""

import json
from pathlib import Path
from typing import Any, Final

from paritrana.core.errors import NotFound
from paritrana.publication.site.datasets import DATASETS
from paritrana.publication.site.writing import DRAFT, row_schema

BUNDLE: Final = "paritrana-ranking-1"
TABLE: Final = "paritrana-table-1"
FOLDER: Final = Path(__file__).resolve().parent
NAMES: Final = (BUNDLE, TABLE, *DATASETS)

_TEXT: Final = {"type": "string"}
_POINTS: Final = {"type": ["string", "null"], "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$"}


def schema(name: str) -> dict[str, Any]:
    """The schema with this name. Raises `NotFound`."""
    if name == BUNDLE:
        found: dict[str, Any] = json.loads((FOLDER / f"{BUNDLE}.json").read_text(encoding="utf-8"))
        return found
    if name == TABLE:
        return _table()
    if name not in DATASETS:
        raise NotFound
    dataset = DATASETS[name]
    return _document(
        name,
        f"{dataset.title}. Decimals are strings and exact; null is an empty cell.",
        {"dataset": {"const": name}},
        row_schema(dataset.columns),
    )


def _table() -> dict[str, Any]:
    """The schema of the table of one published result, whose points are named after the codes of its rubric."""
    row = {
        "type": "object",
        "required": ["rank", "tied", "tie_broken_by", "candidate", "name", "total", "title_id", "title_en"],
        "additionalProperties": False,
        "properties": {
            "rank": {"type": ["integer", "null"], "description": "Shared by who is tied."},
            "tied": {"type": "boolean"},
            "tie_broken_by": {"type": ["string", "null"], "description": "Rule that parted equal totals."},
            "candidate": {**_TEXT, "description": "Code of the candidate, as in the bundle."},
            "name": _TEXT,
            "total": {**_POINTS, "description": "Points in total, rounded half up to 0.01."},
            "title_id": {"type": ["string", "null"]},
            "title_en": {"type": ["string", "null"]},
        },
        "patternProperties": {
            "^(stage|aspect|points)_": {**_POINTS, "description": "Points, shown with two decimals."}
        },
    }
    publication = {
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "published_at", "bundle_sha256"],
        "properties": {
            "version": {"type": "integer", "minimum": 1},
            "published_at": {**_TEXT, "description": "Moment of the publication, ISO 8601."},
            "bundle_sha256": {**_TEXT, "pattern": "^[0-9a-f]{64}$", "description": "Digest of the open bundle."},
        },
    }
    about = {
        "cycle": _TEXT,
        "category": _TEXT,
        "title_id": _TEXT,
        "title_en": _TEXT,
        "assessment_year": {"type": "integer"},
        "edition_label": _TEXT,
        "simulated": {"type": "boolean", "description": "Training data, not a result."},
        "shown": {"enum": ["winners", "ranked", "all"], "description": "Whom the table shows; the bundle is complete."},
        "total": {**_TEXT, "description": "The largest total there can be."},
        "publication": publication,
    }
    return _document(TABLE, "The public table of one published result, as the page shows it.", about, row)


def _document(name: str, description: str, about: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": DRAFT,
        "title": name,
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "required": ["$schema", *about, "row_count", "rows"],
        "properties": {
            "$schema": {**_TEXT, "description": "Address of this schema."},
            **about,
            "row_count": {"type": "integer", "minimum": 0},
            "rows": {"type": "array", "items": row},
        },
    }
