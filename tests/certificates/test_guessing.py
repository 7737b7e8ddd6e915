"""Whoever tries out codes finds nothing, and learns nothing of certificates that are not public."""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from paritrana.certificates.checking import service as checking
from paritrana.certificates.models import Certificate
from paritrana.core.certificates import Verdict
from paritrana.core.codes import ALPHABET, make_check, shown
from paritrana.database import db
from paritrana.results.models import Award
from tests.factories_results import contest, nominations, publish
from tests.nominations.pages import text_of

ASKED = 250  # guesses over HTTP, beside those at the register's own door


def codes(seed: int, count: int) -> list[str]:
    """Random whole codes with their check signs."""
    drawn = random.Random(seed)
    bodies = ("".join(drawn.choices(ALPHABET, k=15)) for _ in range(count))
    return [body + make_check(body) for body in bodies]


def register(here: Any, issued: list[str]) -> None:
    """Certificates of participants with these codes, one after another."""
    candidate = nominations(here)[0]
    told = {"category": {"id": "K", "en": "K"}, "cycle": {"id": "P", "en": "P"}, "year": 2025, "edition": "1",
            "decree": "", "issued_on": "2026-03-02", "simulated": False}  # fmt: skip
    db.session.add_all(
        Certificate(
            code=code, cycle_id=here.cycle.id, category_id=here.category.id, register_no=no, kind="participant",
            basis=f"N-{no}", nomination_id=candidate.id, recipient=f"Contoh {no}", title_id="Peserta",
            title_en="Participant", context=told, ranking_digest="0" * 64, issued_at=here.now,
            issued_by=here.accounts["organiser-1"].id,
        )
        for no, code in enumerate(issued, start=1)
    )  # fmt: skip
    db.session.commit()


@pytest.fixture
def here(app, db_session):
    return contest(3)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("guesses", [4_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_guesses_find_nothing(
    here: Any, client: Any, clock: Any, figures_of: Callable[..., None], guesses: int
) -> None:
    """The register has hundreds of certificates; half of the time it is public, half of the time it is not."""
    publish(here)
    issued = codes(1, 400)
    register(here, issued)
    began = time.monotonic()
    found = 0
    for state, seed in ((8, 2), (7, 3)):
        here.category.state = state
        db.session.commit()
        at = clock.now()
        found += sum(checking.check_code(code, at).verdict is not Verdict.UNKNOWN for code in codes(seed, guesses // 2))
        db.session.rollback()
        # The control: whoever has a code finds it, once it is public.
        known = [checking.check_code(code, at).verdict for code in issued[:5]]
        assert known == [Verdict.VALID if state == 8 else Verdict.UNKNOWN] * 5
        db.session.rollback()
    seconds = time.monotonic() - began
    answers = set()
    for no, code in enumerate(codes(4, ASKED)):
        address = {"REMOTE_ADDR": f"198.51.100.{no % 200}"}
        with client.get(f"/verify/{shown(code)}", environ_overrides=address) as answer:
            answers.add((answer.status_code, text_of(answer).replace(shown(code), "")))
    here.category.state = 8
    db.session.commit()
    control = client.get(f"/verify/{shown(issued[0])}", environ_overrides={"REMOTE_ADDR": "203.0.113.9"}).status_code
    figures_of("certificate", promises=["P28", "P35"], mutants=0, accepted=0, guesses=guesses + ASKED, found=found,
               register=len(issued), seed=1, seconds=round(seconds, 1), control=control == 200)  # fmt: skip
    assert found == 0
    assert [status for status, _text in answers] == [404]


# Two worlds ----------------------------------------------------------------------------------------------------------


def told(client: Any, statements: Any, asked: list[str]) -> list[Any]:
    """Everything that a guesser can see of the answers: status, headers, body, and the work that was done for them."""
    found = []
    for no, address in enumerate(asked):
        with (
            statements() as sent,
            client.get(address, environ_overrides={"REMOTE_ADDR": f"198.51.100.{no // 10}"}) as answer,
        ):
            body = answer.get_data(as_text=True)
        kinds = [statement.partition(" ")[0] for statement in sent]
        found.append((address, answer.status_code, sorted(answer.headers.to_wsgi_list()), body, kinds))
    return found


def test_two_worlds_with_other_certificates_look_the_same_to_a_guesser(
    here: Any, client: Any, clock: Any, statements: Any
) -> None:
    """One world has none, the other three hundred under embargo; then one has those public and the other more."""
    publish(here)
    guesses = codes(5, 25)
    issued = codes(6, 300)
    asked = [
        "/verify", "/certificate-keys.json", "/verify/file", "/verify/x", "/verify?code=x",
        *(f"/verify/{shown(code)}" for code in guesses),
        *(f"/VERIFY/{code}/NOBODYSIGNEDTHIS" for code in guesses[:5]),
        *(f"/verify/{code}" for code in guesses[:5]),
        *(f"/verify/{shown(code)}/certificate.pdf" for code in guesses[:5]),
        *(f"/verify?code={code.lower()}" for code in guesses[:5]),
    ]  # fmt: skip
    here.category.state = 7
    db.session.commit()
    told(client, statements, asked)  # the first question of a source clears away old counts
    clock.advance(minutes=11)
    none = told(client, statements, asked)
    register(here, issued)
    clock.advance(minutes=11)
    hidden = told(client, statements, [*asked, *(f"/verify/{shown(code)}" for code in issued[:10])])
    assert hidden[: len(none)] == none
    # A code that is there and not public has the very answer of one that is not there.
    plain = {(status, body.replace(address.rpartition("/")[2], "")) for address, status, _head, body, _sent in
             [*hidden[5:30], *hidden[len(none) :]]}  # fmt: skip
    assert len(plain) == 1
    here.category.state = 8
    db.session.commit()
    clock.advance(minutes=11)
    public = told(client, statements, asked)
    assert public == none
    # The control: the worlds do differ, for whoever has a code.
    assert client.get(f"/verify/{shown(issued[0])}").status_code == 200
    assert db.session.query(Award).count() == 3
