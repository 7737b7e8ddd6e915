"""Changes of nominations: filling, documents, sending, taking back, and every later move.

`at` is always the cycle's time. A nominee's writing is refused when the category is closed, whatever the page said when
it was opened. Every act locks the cycle's intake stream first, so that two people never write past each other.
"""

from paritrana.nominations.service.assessing import OffTheScale, assess, assessments_sent
from paritrana.nominations.service.copying import (
    DraftHasFigures,
    NoEarlierNomination,
    attach_again,
    copied_from,
    copies_of,
    copy_earlier,
)
from paritrana.nominations.service.documents import (
    MAX_BYTES,
    MAX_FILES,
    MAX_OPEN,
    Limits,
    TooManyBytes,
    TooManyFiles,
    attach,
    remove_attachment,
)
from paritrana.nominations.service.drafting import (
    FITTING,
    AlreadyNominated,
    NotFitting,
    check_fits,
    create_nomination,
    fits,
)
from paritrana.nominations.service.evidence import (
    MAX_LINES,
    MAX_NUMBER,
    Saved,
    clean_data,
    most_signs,
    save_evidence,
    state_gate,
    state_gates,
)
from paritrana.nominations.service.feeding import feed
from paritrana.nominations.service.moves import STEPS, set_nomination_state, withdraw
from paritrana.nominations.service.rehearsing import call_in, invent
from paritrana.nominations.service.sending import NominationNotSent, NotComplete, amend, submit, take_back, what_blocks
from paritrana.nominations.service.uploads import (
    DeclarationEnded,
    TooManyDeclarations,
    UnreadableDeclaration,
    check_may_finish,
    complete,
    declare,
    end_declaration,
    end_expired,
)
from paritrana.nominations.service.writing import (
    AMENDABLE,
    MAX_TEXT,
    EntryClosed,
    NominationSent,
    NothingSavedYet,
    TooManyWords,
    UnfitEvidence,
    UnknownKind,
)

__all__ = [
    "AMENDABLE",
    "FITTING",
    "MAX_BYTES",
    "MAX_FILES",
    "MAX_LINES",
    "MAX_NUMBER",
    "MAX_OPEN",
    "MAX_TEXT",
    "STEPS",
    "AlreadyNominated",
    "DeclarationEnded",
    "DraftHasFigures",
    "EntryClosed",
    "Limits",
    "NoEarlierNomination",
    "NominationNotSent",
    "NominationSent",
    "NotComplete",
    "NotFitting",
    "NothingSavedYet",
    "OffTheScale",
    "Saved",
    "TooManyBytes",
    "TooManyDeclarations",
    "TooManyFiles",
    "TooManyWords",
    "UnfitEvidence",
    "UnknownKind",
    "UnreadableDeclaration",
    "amend",
    "assess",
    "assessments_sent",
    "attach",
    "attach_again",
    "call_in",
    "check_fits",
    "check_may_finish",
    "clean_data",
    "complete",
    "copied_from",
    "copies_of",
    "copy_earlier",
    "create_nomination",
    "declare",
    "end_declaration",
    "end_expired",
    "feed",
    "fits",
    "invent",
    "most_signs",
    "remove_attachment",
    "save_evidence",
    "set_nomination_state",
    "state_gate",
    "state_gates",
    "submit",
    "take_back",
    "what_blocks",
    "withdraw",
]
