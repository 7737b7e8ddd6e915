"""The pages of the verification: queue, overview, items, change requests, close, and the shortlist of a category."""

from paritrana.verification.views import (
    closing,
    explanation,
    overrides,
    overview,
    queue,
    requests,
    review,
    revisions,
    shortlist,
    villages,
    visits,
)
from paritrana.verification.views.frame import bp

__all__ = [
    "bp",
    "closing",
    "explanation",
    "overrides",
    "overview",
    "queue",
    "requests",
    "review",
    "revisions",
    "shortlist",
    "villages",
    "visits",
]
