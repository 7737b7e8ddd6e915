"""Claims that verifiers do not see before a found value is saved, in the categories whose organisers chose so.

`veiled` takes out of a case whatever says a claim, so that no page that is made from it can show one.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from paritrana.nominations.models import NominationRevision
from paritrana.nominations.rows import SENT_AS
from paritrana.verification.explanation import OPEN, Explanation
from paritrana.verification.queries import Case, Item


def veiled(case: Case) -> Case:
    """The same case without the claims that wait for a finding, and without what is made of them.

    An item with such a claim has no checks, no words of the nominee and no data of the revision until all its figures
    have a found value; where one item waits, the checks of the others leave out, too, since they compare items.
    """
    kinds = {one.kind for one in case.items if one.unseen}
    if not kinds:
        return case
    codes = {indicator.code for one in case.items if one.unseen for indicator in one.indicators}
    revision = NominationRevision(
        nomination_id=case.revision.nomination_id,
        no=case.revision.no,
        submitted_at=case.revision.submitted_at,
        receipt_no=case.revision.receipt_no,
        digest=case.revision.digest,
        content=without(case.revision.content, kinds, codes),
    )
    return replace(case, revision=revision, items=[_item(one) for one in case.items])


def without(content: Mapping[str, Any], kinds: set[str], codes: set[str]) -> dict[str, Any]:
    """The content of a revision without these kinds of evidence, and the self-assessment of these indicators."""
    said = {code: one for code, one in content.get(SENT_AS, {}).items() if code not in codes}
    evidence = {kind: one for kind, one in content["evidence"].items() if kind not in kinds}
    return {**content, "evidence": evidence, SENT_AS: said}


def _item(one: Item) -> Item:
    if not one.unseen:
        return replace(one, checks=[])
    rows = [replace(row, figure=replace(row.figure, claimed=None)) if row.unseen else row for row in one.rows]
    return replace(one, rows=rows, checks=[], note="", explanation_reason="", explanation="")


def veiled_explanation(one: Explanation, case: Case) -> Explanation:
    """The same explanation without the claims that wait for a finding."""
    unseen = {(row.figure.kind, row.figure.key) for item in case.items for row in item.rows if row.unseen}
    return replace(
        one,
        inputs=[
            replace(given, claimed=None) if given.state == OPEN and (given.ref.kind, given.ref.key) in unseen else given
            for given in one.inputs
        ],
    )
