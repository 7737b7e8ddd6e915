"""The words of roles, invitations and requests (message ids)."""

from typing import Final

from paritrana.core.words import N_

ROLE_WORDS: Final = {
    "nominee": N_("Nominee"),
    "verifier": N_("Verifier"),
    "organiser": N_("Organiser"),
    "auditor": N_("Auditor"),
    "administrator": N_("Administrator"),
}
OFFICERS: Final = ("verifier", "organiser", "auditor", "administrator")

INVITATION_WORDS: Final = {
    "open": N_("Waits for the first sign-in"),
    "over": N_("Time is over"),
    "used": N_("Accepted"),
    "withdrawn": N_("Taken back"),
}
INVITATION_SHAPES: Final = {"open": "open", "over": "attention", "used": "ok", "withdrawn": "neutral"}

REQUEST_WORDS: Final = {
    "waiting": N_("Waits for a second person"),
    "over": N_("Time is over"),
    "confirmed": N_("Confirmed"),
    "declined": N_("Declined"),
    "withdrawn": N_("Taken back"),
}
REQUEST_SHAPES: Final = {
    "waiting": "open", "over": "attention", "confirmed": "ok", "declined": "problem", "withdrawn": "neutral",
}  # fmt: skip

KIND_WORDS: Final = {
    "local_government": N_("Regional government"),
    "enterprise": N_("Large or medium employer"),
    "small_micro": N_("Small or micro employer"),
    "village": N_("Village"),
}
