"""Kinds of messages: what each says, and who may still get it. A room defines its own and hands them to `app.py`.

SLOT_SET = Notice("slot_set", N_("Interview planned"), N_("Interview on %(day)s"), (N_("Your interview …"),),
                  why=N_("You get this because …"), still=still_concerned)
post(SLOT_SET, account_id, f"slot-set:{session.ref}", {"day": session.day.on}, ...)
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from paritrana.core.policy import Actor

Still = Callable[[Actor, Collection[str]], frozenset[str]]


def anybody(actor: Actor, abouts: Collection[str]) -> frozenset[str]:
    """For messages that tell of no candidate: whoever got one may have it."""
    return frozenset(abouts)


@dataclass(frozen=True)
class Notice:
    """A kind of message. Texts are English message ids with `%(name)s` places.

    `still` tells, of the things messages are about, those whose messages this person may still have: it is asked before
    a message leaves and each time it is shown to its recipient. `held` messages wait for an organiser to release them.
    """

    name: str
    title: str
    subject: str
    body: tuple[str, ...]
    why: str
    still: Still = anybody
    held: bool = False


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
