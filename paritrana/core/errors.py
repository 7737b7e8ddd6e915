"""Refusals. Each class is named after the state of things; its code and sentence are what a person is told.

`status` is the HTTP answer the web layer gives, so that page, JSON and command line refuse alike.
"""

from typing import Any, ClassVar

from paritrana.core.words import N_


class ParitranaError(Exception):
    """Something the rules do not allow. `message` is an English message id, `params` fill it."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    message: ClassVar[str] = N_("This is not possible now.")

    def __init__(self, detail: str = "", /, **params: Any) -> None:
        super().__init__(detail or self.message)
        self.detail = detail
        self.params: dict[str, Any] = params


class BadInput(ParitranaError):
    """What was sent has the wrong form; nothing is stored."""

    code = "bad_input"
    status = 422
    message = N_("What was sent cannot be read. Check the entries and send them again.")


class NotFound(ParitranaError):
    """The thing does not exist, or this person may not know that it does."""

    code = "not_found"
    status = 404
    message = N_("There is no page at this address.")


class StaleVersion(ParitranaError):
    """Somebody else changed the row after it was read. Params: `who`, `time`."""

    code = "stale_version"
    status = 409
    message = N_("%(who)s changed this at %(time)s. Compare, then choose.")


class WrongState(ParitranaError):
    """The category is in a state in which this act is not possible."""

    code = "wrong_state"
    status = 409
    message = N_("The category is not at the stage in which this is possible.")


class RehearsalHasNoResult(ParitranaError):
    """A rehearsal is to be sealed, published or certified."""

    code = "rehearsal_has_no_result"
    status = 409
    message = N_("This is a rehearsal: it is never sealed or published, and no certificate is issued for it.")


class SamePerson(ParitranaError):
    """A two-person act was tried by one person."""

    code = "same_person"
    status = 409
    message = N_("The requester cannot approve. Ask another person.")


class MissingReason(ParitranaError):
    """An act that must be reasoned came without a reason."""

    code = "missing_reason"
    status = 422
    message = N_("Write the reason.")


class NumberForm(BadInput):
    """A typed number that cannot be read. The subclass or instance names the sentence."""

    code = "number_form"
