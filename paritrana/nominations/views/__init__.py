"""The nominee's pages: list, task list, conditions, evidence, documents, check, sending and receipts."""

from paritrana.nominations.views import (
    copying,
    documents,
    evidence,
    importing,
    lists,
    namelists,
    previews,
    revisions,
    self_assessment,
    sending,
    uploads,
    villages,
)
from paritrana.nominations.views.frame import bp

__all__ = [
    "bp",
    "copying",
    "documents",
    "evidence",
    "importing",
    "lists",
    "namelists",
    "previews",
    "revisions",
    "self_assessment",
    "sending",
    "uploads",
    "villages",
]
