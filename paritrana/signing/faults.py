"""Why a code or a file is not what this installation issued. Pages translate the sentence, the command prints it."""

from typing import Any, ClassVar

from paritrana.core.words import N_
from paritrana.signing import NotSigned


class Refused(NotSigned):
    """What was checked is not genuine. `message` is an English message id, `params` fill it."""

    message: ClassVar[str] = N_("This is no certificate of this installation.")

    def __init__(self, message: str = "", /, **params: Any) -> None:
        self.sentence = message or self.message
        self.params: dict[str, Any] = params
        super().__init__(self.sentence % params if params else self.sentence)


class Altered(Refused):
    """What was signed is no longer what it was, or something was added to it."""

    message = N_("The file was changed after it was signed.")


class Unsigned(Refused):
    """There is no signature of the kind that certificates have."""

    message = N_("The file has no signature.")


class UnknownKey(Refused):
    """A key signed it that the list of keys does not name."""

    message = N_("The file is signed with a key that the list of keys does not name.")


class Unreadable(Refused):
    """It is no PDF and no text of a code, or it is too large to be looked at."""

    message = N_("This is neither a PDF nor the text of a code on a certificate.")
