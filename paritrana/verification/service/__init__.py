"""Changes of verifications: findings, gates, change requests, the close by two people, and the shortlist.

`at` is always the cycle's time. Every act locks the cycle's intake stream first, so that two verifiers never write past
each other. Nothing is half saved: a page of findings is stored whole or refused whole.
"""

from paritrana.verification.service.closing import (
    Blocker,
    CloseNotProposed,
    NotReadyToClose,
    close,
    close_blockers,
    propose_close,
    return_close,
)
from paritrana.verification.service.findings import (
    Entry,
    FoundDiffers,
    FoundMissing,
    NoteMissing,
    PageMissing,
    RevisionChanged,
    RowsStale,
    VerdictMissing,
    WaitsForAnswer,
    record_finding,
    record_findings,
    refusal_of,
    same_as_claim,
    take,
)
from paritrana.verification.service.gates import GATE_ANSWERS, GateNotProposed, decide_gate, propose_gate
from paritrana.verification.service.requests import (
    AnswerMissing,
    DueTooEarly,
    RequestEmpty,
    RequestLate,
    RequestOpen,
    answer_request,
    ask_changes,
    end_request,
)
from paritrana.verification.service.shortlist import (
    LeftOutWithoutReason,
    NobodyShortlisted,
    NotAllVerified,
    confirm_shortlist,
    propose_shortlist,
)
from paritrana.verification.service.writing import MAX_TEXT, NotDeclared, RowRefused, VerificationLocked

__all__ = [
    "GATE_ANSWERS",
    "MAX_TEXT",
    "AnswerMissing",
    "Blocker",
    "CloseNotProposed",
    "DueTooEarly",
    "Entry",
    "FoundDiffers",
    "FoundMissing",
    "GateNotProposed",
    "LeftOutWithoutReason",
    "NobodyShortlisted",
    "NotAllVerified",
    "NotDeclared",
    "NotReadyToClose",
    "NoteMissing",
    "PageMissing",
    "RequestEmpty",
    "RequestLate",
    "RequestOpen",
    "RevisionChanged",
    "RowRefused",
    "RowsStale",
    "VerdictMissing",
    "VerificationLocked",
    "WaitsForAnswer",
    "answer_request",
    "ask_changes",
    "close",
    "close_blockers",
    "confirm_shortlist",
    "decide_gate",
    "end_request",
    "propose_close",
    "propose_gate",
    "propose_shortlist",
    "record_finding",
    "record_findings",
    "refusal_of",
    "return_close",
    "same_as_claim",
    "take",
]
