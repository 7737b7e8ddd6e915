"""A category of any size, filled quickly: the rows of candidates, findings, sheets and marks are loaded in bulk.

The small things around them (regions, people, seats, the cycle) come from `tests.factories.world`, through services.
Everything loaded in bulk is what the services would have stored, but for the audit events and the earlier versions of
marks, which no measured page reads. `paritrana check` therefore misses the events and finds nothing else.
"""

import copy
import hashlib
import json
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, text

from paritrana.config import data_folder
from paritrana.core.evidence.choices import REGENCY
from paritrana.core.lifecycle import State
from paritrana.cycles import service as cycles
from paritrana.database import canonical, db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.panels.models import Declaration, Seat
from paritrana.reference.models import Organisation
from paritrana.sheets.models import Mark, Sheet
from paritrana.verification.figures import figures_of
from paritrana.verification.models import Finding, Verification
from tests.factories import NOW, SYSTEM, World, world
from tests.factories_results import EVIDENCE

LARGE, SMALL = "kabkota", "umk"
SMALL_COUNT = 3
OPEN = "assessor-9"
ASSESSORS = 9  # as many as every panel of the award has
BATCH = 20_000  # rows in one INSERT


@dataclass(frozen=True)
class Size:
    """How much there is to judge: each of nine assessors marks every indicator of every candidate."""

    candidates: int
    indicators: int

    @property
    def marks(self) -> int:
        """All marks of the category but those of the sheet that is still open."""
        return (self.candidates * ASSESSORS - 1) * self.indicators


def fill(size: Size, seed: int = 1) -> World:
    """Two categories in scoring whose sheets are in, a large one of `size` and a small one with the same rubric.

    The last candidate's sheet of `assessor-9` is the only open one, so that it can be read and marked.
    """
    chance = random.Random(seed)
    here = world(state=State.SCORING, categories=(LARGE, SMALL))
    rubric = rubric_with(size.indicators)
    for slug, count in ((LARGE, size.candidates), (SMALL, SMALL_COUNT)):
        category = here.categories[slug]
        category.rubric_version_id = rubric.id
        seated = list(
            db.session.scalars(select(Seat.account_id).where(Seat.category_id == category.id).order_by(Seat.id))
        )
        codes = [one.code for one in rubric.indicators if one.source == "panel"]
        nominations = candidates_of(here, category.id, slug, count)
        _sheets(here, category.id, nominations, seated, codes, chance)
    db.session.commit()
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE"))  # what a server at work does by itself
    return here


def move(here: World, state: State) -> None:
    """Set the large category to a state."""
    here.category.state = int(state)
    db.session.commit()


def rubric_with(indicators: int) -> Any:
    """The rubric for regencies with its panel indicators divided until there are `indicators` of them."""
    form = json.loads((data_folder("seed") / "rubrics" / "kabkota-default.json").read_text(encoding="utf-8"))
    judged = [one for one in form["indicators"] if one["source"] == "panel"]
    parts = {one["code"]: 1 for one in judged}
    for place in range(indicators - len(judged)):
        parts[judged[place % len(judged)]["code"]] += 1
    divided = []
    for one in form["indicators"]:
        count = parts.get(one["code"], 1)
        first = (Decimal(one["weight"]) / count).quantize(Decimal("0.01"))
        for no in range(count):
            piece = copy.deepcopy(one)
            if count > 1:
                piece["code"] = f"{one['code']}.{no + 1}"
                piece["weight"] = str(first if no else Decimal(one["weight"]) - first * (count - 1))
            divided.append(piece)
    form |= {"code": "bench", "indicators": divided}
    stored = cycles.store_rubric(form, actor=SYSTEM, at=NOW)
    stored.frozen_at = NOW
    db.session.flush()
    return stored


def candidates_of(here: World, category_id: int, slug: str, count: int) -> list[int]:
    """The ids of candidates that were heard, each with one revision and every figure found as claimed."""
    at, author = here.now, here.accounts["organiser-1"].id
    codes = [f"{slug[0].upper()}{no:05d}" for no in range(1, count + 1)]
    _load(
        Organisation,
        [{"ref": f"O-{code}", "name": f"PT Contoh {code}", "kind": "enterprise", "region_code": "99.09",
          "fictitious": True} for code in codes],
    )  # fmt: skip
    organisations = _ids(Organisation, Organisation.ref, [f"O-{code}" for code in codes])
    _load(
        Nomination,
        [{"ref": f"N-{code}", "category_id": category_id, "organisation_id": organisation, "state": "interviewed",
          "candidate_code": code, "revision_no": 1, "created_at": at, "created_by": author}
         for code, organisation in zip(codes, organisations, strict=True)],
    )  # fmt: skip
    made = _ids(Nomination, Nomination.ref, [f"N-{code}" for code in codes])
    evidence = {kind: {"data": data()} for kind, data in EVIDENCE.items()}
    content = {"evidence": evidence, "gates": {}, "attachments": []}
    digest = hashlib.sha256(canonical(content)).hexdigest()
    _load(
        NominationRevision,
        [{"nomination_id": one, "no": 1, "receipt_no": f"T-{one}", "content": content, "digest": digest,
          "submitted_at": at, "submitted_by": author, "submitted_by_name": "T"} for one in made],
    )  # fmt: skip
    _load(Verification, [{"nomination_id": one, "revision_no": 1} for one in made])
    verifications = db.session.scalars(
        select(Verification.id)
        .join(Nomination, Nomination.id == Verification.nomination_id)
        .where(Nomination.category_id == category_id)
    ).all()
    figures = [
        figure
        for kind, said in evidence.items()
        for figure in figures_of(kind, said["data"], election_held=False, candidate=REGENCY)
    ]
    _load(
        Finding,
        [{"verification_id": one, "revision_no": 1, "kind": figure.kind, "figure": figure.key,
          "claimed": str(figure.claimed), "found": str(figure.claimed), "verdict": "matches", "found_by": author,
          "found_by_name": "T", "found_at": at} for one in verifications for figure in figures],
    )  # fmt: skip
    return made


def _sheets(
    here: World, category_id: int, nominations: list[int], seated: list[int], codes: list[str], chance: random.Random
) -> None:
    """A submitted sheet of every assessor for every candidate; one mark in fifty is an abstention."""
    at, open_one = here.now, (nominations[-1], here.accounts[OPEN].id)
    pairs = [(nomination, account) for nomination in nominations for account in seated]
    _load(
        Declaration,
        [{"account_id": account, "nomination_id": one, "conflict": False, "at": at} for one, account in pairs],
    )
    _load(
        Sheet,
        [{"ref": f"L-{one}-{account}", "category_id": category_id, "nomination_id": one, "assessor_id": account,
          "attempt": 1, "revision_no": 1, "opened_at": at, "version": len(codes) + 1, "withdrawn_at": None,
          **({"submitted_at": None, "receipt_no": None, "digest": None} if (one, account) == open_one else
             {"submitted_at": at, "receipt_no": f"T-{one}-{account}", "digest": f"{one:032x}{account:032x}"})}
         for one, account in pairs],
    )  # fmt: skip
    sheets = _ids(Sheet, Sheet.ref, [f"L-{one}-{account}" for one, account in pairs])
    rows: list[dict[str, Any]] = []
    for sheet, pair in zip(sheets, pairs, strict=True):
        for code in codes[1:] if pair == open_one else codes:
            absent = chance.randrange(50) == 0
            value = None if absent else Decimal(chance.randrange(400, 1001)) / 100
            rows.append(
                {"sheet_id": sheet, "indicator": code, "round": 1, "value": value, "version": 1, "saved_at": at,
                 "reason": "abstained" if absent else None, "abstain_note": "tidak tahu" if absent else "",
                 "panel_note": "", "feedback": ""}
            )  # fmt: skip
        if len(rows) >= BATCH:
            _load(Mark, rows)
            rows = []
    _load(Mark, rows)


def _load(model: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        db.session.execute(insert(model.__table__), rows[start : start + BATCH])


def _ids(model: Any, column: Any, wanted: list[str]) -> list[int]:
    """The ids of the rows just loaded, in the order of their references."""
    last = db.session.scalar(select(func.max(model.id))) or 0
    rows = db.session.execute(select(column, model.id).where(model.id > last - len(wanted))).all()
    found = dict(rows)
    return [found[one] for one in wanted]
