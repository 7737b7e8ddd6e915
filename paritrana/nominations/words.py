"""What the state of a nomination is called, for every room that shows nominations."""

from flask_babel import gettext as _


def state_words(state: str) -> tuple[str, str]:
    """The state of a nomination as a chip: its shape and its words."""
    words = {
        "draft": ("open", _("Nomination not sent yet")),
        "submitted": ("ok", _("Sent")),
        "returned": ("attention", _("Changes requested")),
        "resubmitted": ("ok", _("Sent again")),
        "verified": ("ok", _("Verified")),
        "shortlisted": ("ok", _("On the shortlist")),
        "not_shortlisted": ("neutral", _("Not on the shortlist")),
        "interviewed": ("ok", _("Interviewed")),
        "no_show": ("problem", _("Did not appear")),
        "withdrawn": ("neutral", _("Withdrawn")),
    }
    return words[state]
