"""Kinds of messages: what each says, and who may still get it. A room defines its own and hands them to `app.py`.

A message belongs to a cycle, or to none: invitations, links, and what is told about an account. It goes to an account,
or to an address that has none yet.

SLOT_SET = Notice("slot_set", N_("Interview planned"), N_("Interview on %(day)s"), (N_("Your interview …"),),
                  why=N_("You get this because …"), still=still_concerned)
post(SLOT_SET, account_id, f"slot-set:{session.ref}", {"day": session.day.on}, cycle=cycle, path=..., at=...)

INVITED = Notice("invited", N_("Invitation"), N_("You are invited"), (N_("…"),), N_("You get this because …"),
                 still=still_open, link=link_of, fixed=True, wakes=True, per_hour=5)
post(INVITED, Address("Sri", "sri@contoh.test"), f"invited:{one.ref}", {...}, path="/invitations", about=one.ref, at=at)
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from paritrana.core.policy import Actor

Still = Callable[[Actor, Collection[str]], frozenset[str]]
Link = Callable[[str], str | None]


def anybody(actor: Actor, abouts: Collection[str]) -> frozenset[str]:
    """For messages that tell of no candidate: whoever got one may have it."""
    return frozenset(abouts)


@dataclass(frozen=True)
class Notice:
    """A kind of message. Texts are English message ids with `%(name)s` places.

    `still` tells, of the things messages are about, those whose messages this person may still have: it is asked before
    a message leaves and each time it is shown to its recipient; an address without an account is asked for as the
    public. `held` messages wait for an organiser to release them.

    `link` makes the path with a secret from `about` in the moment of sending, so that no secret is stored; None where
    there is none any more, and the message is then not sent. Pages show the message's `path` instead.

    `daily` messages wait for the summary of the next morning unless a person chose otherwise; `fixed` ones always leave
    at once, whatever was chosen (receipts, what concerns the safety of an account). In the night only those that `wake`
    leave. An address gets at most `per_hour` messages of the kinds that name such a number.
    """

    name: str
    title: str
    subject: str
    body: tuple[str, ...]
    why: str
    still: Still = anybody
    held: bool = False
    link: Link | None = None
    daily: bool = False
    fixed: bool = False
    wakes: bool = False
    per_hour: int | None = None


@dataclass(frozen=True)
class Address:
    """A recipient who has no account yet."""

    name: str
    email: str


class Notices:
    """The kinds of one application, handed over by its rooms."""

    def __init__(self, *notices: Notice) -> None:
        self._notices = {notice.name: notice for notice in notices}
        if len(self._notices) != len(notices):
            raise ValueError("two kinds of messages have one name")

    def find(self, name: str) -> Notice | None:
        """The kind of this name; None where a newer or older version of the program knew it."""
        return self._notices.get(name)

    def __iter__(self) -> Iterator[Notice]:
        return iter(self._notices.values())
