"""What the nominee's pages ask of the database stays the same with ten and with a thousand of everything."""

import pytest
from sqlalchemy import func, insert, select

from paritrana.accounts.models import RoleGrant
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.nominations import queries, service
from paritrana.nominations.models import Attachment, Nomination
from paritrana.reference.models import Organisation
from tests.factories import sign_in, world
from tests.nominations.pages import filled, text_of, villages

FEW, MANY = 10, 1000


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def nomination(here):
    return filled(here)


@pytest.fixture
def nominee(client, here):
    sign_in(client, "nominee-1")
    return client


@pytest.fixture
def cost(nominee, statements):
    """The statements of a page, and the page; the first time it is read once before."""
    read: set[str] = set()

    def asked(page: str) -> tuple[int, str]:
        if page not in read:
            nominee.get(page)
            read.add(page)
        with statements() as sent:
            answer = nominee.get(page, query_string={"lang": "en"})
        assert answer.status_code == 200, text_of(answer)
        return len(sent), text_of(answer)

    return asked


def attach_until(here, nomination: Nomination, count: int) -> None:
    """Let `count` documents stand under the first kind of evidence."""
    there = db.session.scalar(select(func.max(Attachment.no)).where(Attachment.nomination_id == nomination.id)) or 0
    new = range(there + 1, there + 1 + count - len(documents(nomination)))
    db.session.execute(
        insert(Blob),
        [{"organisation_id": nomination.organisation_id, "sha256": f"{no:064d}", "size": no, "created_at": here.now,
          "media_type": "application/pdf"} for no in new],
    )  # fmt: skip
    blobs = dict(db.session.execute(select(Blob.sha256, Blob.id)).all())
    db.session.execute(
        insert(Attachment),
        [{"nomination_id": nomination.id, "no": no, "kind": "coverage", "requirement": "", "name": f"bukti {no}.pdf",
          "blob_id": blobs[f"{no:064d}"], "uploaded_at": here.now, "uploaded_by": here.accounts["nominee-1"].id,
          "uploaded_by_name": "N", "version": 1} for no in new],
    )  # fmt: skip
    db.session.commit()


def documents(nomination: Nomination) -> list[Attachment]:
    return [one for one in queries.attachments_of(nomination) if one.kind == "coverage"]


def write_lines(here, nomination: Nomination, count: int) -> None:
    """Let the evidence of villages have `count` lines."""
    item = queries.evidence_of(nomination)["village_allocation"]
    service.save_evidence(
        nomination, "village_allocation", villages(count), note="", explanation_reason="", explanation="",
        completed=True, expected=item.version, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()


def nominate(here, count: int, *, of_the_nominee: bool) -> None:
    """Let there be drafts of `count` other organisations in the category, which the nominee stands for or not."""
    there = db.session.scalar(select(func.count()).where(Nomination.ref.startswith("N-1"))) or 0
    refs = [f"O-{no:05d}" for no in range(10_000 + there, 10_000 + count)]
    db.session.execute(
        insert(Organisation),
        [{"ref": ref, "name": f"Pemerintah {ref}", "kind": "local_government", "region_code": "99.09",
          "fictitious": True} for ref in refs],
    )  # fmt: skip
    ids = db.session.scalars(select(Organisation.id).where(Organisation.ref.in_(refs)).order_by(Organisation.id)).all()
    account = here.accounts["nominee-1"].id
    db.session.execute(
        insert(Nomination),
        [{"ref": ref.replace("O-", "N-"), "category_id": here.category.id, "organisation_id": one, "state": "draft",
          "candidate_code": ref, "revision_no": 0, "created_at": here.now, "created_by": account}
         for ref, one in zip(refs, ids, strict=True)],
    )  # fmt: skip
    if of_the_nominee:
        db.session.execute(
            insert(RoleGrant),
            [{"account_id": account, "role": "nominee", "organisation_id": one, "granted_at": here.now} for one in ids],
        )
    db.session.commit()


def grown(cost, pages: list[str], grow) -> dict[str, str]:
    """Read the pages with ten and with a thousand of what `grow` makes; gives those of the thousand."""
    counts, shown = [], {}
    for count in (FEW, MANY):
        grow(count)
        found = [cost(page) for page in pages]
        counts.append([asked for asked, _page in found])
        shown = dict(zip(pages, (page for _asked, page in found), strict=True))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 40
    return shown


def test_documents_cost_the_same_for_a_thousand_as_for_ten(here, nomination, cost):
    base = f"/nominations/{nomination.ref}"
    pages = [base, f"{base}/evidence/coverage", f"{base}/check", f"{base}/documents/1/receipt"]
    shown = grown(cost, pages, lambda count: attach_until(here, nomination, count))
    assert len(documents(nomination)) == MANY
    assert f"bukti {documents(nomination)[-1].no}.pdf" in shown[f"{base}/evidence/coverage"]


def test_lines_of_evidence_cost_the_same_for_a_thousand_as_for_ten(here, nomination, cost):
    base = f"/nominations/{nomination.ref}"
    pages = [base, f"{base}/evidence/village_allocation", f"{base}/check"]
    shown = grown(cost, pages, lambda count: write_lines(here, nomination, count))
    assert f"Desa {MANY}" in shown[f"{base}/evidence/village_allocation"]


@pytest.mark.parametrize("own", [False, True])
def test_nominations_cost_the_same_for_a_thousand_as_for_ten(here, nomination, cost, own):
    base = f"/nominations/{nomination.ref}"
    pages = ["/nominations", "/home", base, *(() if own else (f"{base}/evidence/coverage", f"{base}/check"))]
    shown = grown(cost, pages, lambda count: nominate(here, count, of_the_nominee=own))
    assert ("Pemerintah O-10015" in shown["/nominations"]) is own
