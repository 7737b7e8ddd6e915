"""Words of the states, problems and attempts of messages."""

from typing import Final

from paritrana.core.words import N_

STATE_WORDS: Final = {
    "held": N_("Waits for its release"),
    "queued": N_("Waits for the mail server"),
    "sending": N_("Is being sent"),
    "sent": N_("Sent"),
    "failed": N_("Not sent"),
    "cancelled": N_("Cancelled"),
}
SHAPES: Final = {
    "held": "attention", "queued": "open", "sending": "doing", "sent": "ok", "failed": "problem",
    "cancelled": "neutral",
}  # fmt: skip
PROBLEMS: Final = {
    "right_gone": N_("The recipient no longer has a right to what it tells."),
    "no_address": N_("The address of the recipient cannot be written to."),
    "unknown_delivery": N_("The connection broke at the end: it may have arrived. It is not tried again by itself."),
    "refused": N_("The mail server refused it for good."),
    "gave_up": N_("The mail server did not take it in several attempts."),
    "later": N_("The mail server did not take it yet; the next attempt follows."),
    "cancelled_by_hand": N_("An organiser stopped it."),
    "outdated": N_("A newer message took its place."),
}
OUTCOMES: Final = {
    "accepted": N_("Taken by the mail server"),
    "later": N_("Not taken for now"),
    "refused": N_("Refused"),
    "unknown": N_("Nobody knows whether it was taken"),
}
