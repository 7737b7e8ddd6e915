"""The table of who may do what, as Markdown for people; `paritrana authz --print` shows it."""

from collections.abc import Iterable
from textwrap import fill

from paritrana.core.lifecycle import STATE_NAMES
from paritrana.core.policy import MATRIX, Role

HEAD = """\
# Who may do what, and when

This page is printed from the table that the application itself asks (`paritrana/core/policy.py`) by the command
`paritrana authz --print`. A test compares the two, so they cannot differ. Whatever stands in no cell is refused.

## Roles

{roles}

Assessor, chair and deputy follow from seats in the panel of a category. The deputy acts as chair while the chair is in
conflict with a candidate of the category. Whoever is signed in may also do what the public may.

## States

The numbers are the states of a category of a cycle: {states}. `any` means in every state, also where no category is
concerned.

## Letters

| letter | the grant holds only … |
| --- | --- |
{letters}

`2(XX)` behind a cell: the act is proposed, and takes effect when another person of role XX confirms it. `2nd` marks the
cell of that other person. Persons are compared, not accounts. Words in brackets are conditions of that act alone:

| word | the grant holds only … |
| --- | --- |
{words}

Several grants in one cell stand apart by `;`. An empty cell is a refusal: somebody who may not even know that the
object exists gets the answer of an address that leads nowhere, somebody who may see it learns why the act is refused.

Reading acts that ask for a written reason ask for it in the address, and the log keeps that a reason was given.

## The table

Every row stands for something the application does today; `tests/access` asks every address, for everybody, in every
state, and holds the answers against this page. `manage_cycle` opens the pages on which a cycle is managed; what is
changed there has acts of its own. These acts come with the parts they belong to, and until then nobody may do them:
{waiting}.

{table}
"""

ROLES = {
    Role.PUBLIC: "the public, without an account",
    Role.NOMINEE: "nominee, for an organisation",
    Role.VERIFIER: "verifier of a cycle",
    Role.ASSESSOR: "assessor, seated in a panel",
    Role.CHAIR: "chair of a panel, or the deputy acting as chair",
    Role.ORGANISER: "organiser of a cycle",
    Role.AUDITOR: "auditor of a cycle, who only reads",
    Role.ADMINISTRATOR: "administrator of accounts and machine, who never sees a mark",
}

LETTERS = {
    "o": "for the actor's own organisation",
    "p": "when seated in the panel of this category (verifiers: when granted this cycle)",
    "n": "without a conflict with this candidate",
    "N": "without a conflict with any candidate of the category",
    "s": "for the actor's own item",
    "q": "while a change request is open, for what it names",
    "g": "for files that were declared in time, until the grace time ends",
    "k": "when the actor's own sheet of this candidate is locked",
    "c": "in a cycle that the actor organises",
    "r": "after a sign-in of the last ten minutes",
    "w": "with a written reason",
    "h": "for the exact content whose hash was shown",
}

WORDS = {
    "not_first": "when another person did the first half",
    "not_proposer": "when another person made the proposal",
    "all_in": "when every sheet that is due is in",
    "not_own": "when the sheet is another person's",
    "simulated": "in a simulated cycle",
    "publishable": "unless the cycle is a rehearsal, which has no result and no public page",
    "all_public": "when every category of the cycle is published",
}


# Acts that the security notes name and that nothing does yet.
WAITING = (
    "assign_verifier", "manage_reference",

)  # fmt: skip


def matrix_text() -> str:
    """The whole page."""
    return HEAD.format(
        waiting=fill(", ".join(f"`{act}`" for act in WAITING), 119),
        roles="\n".join(f"* **{role.value}**: {words}" for role, words in ROLES.items()),
        states=", ".join(f"{int(state)} {name.lower()}" for state, name in STATE_NAMES.items()),
        letters=_rows((f"`{letter}`", words) for letter, words in LETTERS.items()),
        words=_rows((f"`{word}`", words) for word, words in WORDS.items()),
        table=_rows(
            [
                ["act", *(role.value for role in Role)],
                ["---"] * (len(Role) + 1),
                *([f"`{act.value}`", *(cells.get(role.value, "") for role in Role)] for act, cells in MATRIX.items()),
            ]
        ),
    )


def _rows(rows: Iterable[Iterable[str]]) -> str:
    return "\n".join(_row(row) for row in rows)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
