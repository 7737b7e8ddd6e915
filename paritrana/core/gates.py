"""What an employer's compliance figures say of the conditions of its rubric: the figures speak, people decide.

A condition that the figures contradict fails by nothing but a decision; until then its sentence stands beside it, for
the nominee, the verifier and the chair. Source: the default rubrics of employers (domain research, 9.3 and 9.4).
"""

from collections.abc import Sequence

from paritrana.core.evidence.checks import Check
from paritrana.core.evidence.compliance import JOINED, SAFETY, registration_in_part
from paritrana.core.evidence.specs import Stored
from paritrana.core.evidence.stored import Values, fields_of, number, pair, text
from paritrana.core.quantities import Label, Text
from paritrana.core.words import N_

KIND = "compliance"
COMPLETENESS = "programme_completeness"  # the rule whose `required` programmes are the mandatory ones
PROGRAMME_GATES = frozenset({"mandatory_programmes", "minimum_programmes"})


def against(gate: str, data: Stored, required: Sequence[str]) -> Check | None:
    """What in the figures of `compliance` speaks against a condition, None where nothing does.

    `required` are the codes of the programmes that the rubric asks for.
    """
    fields = fields_of(data)
    if gate in PROGRAMME_GATES:
        return _programmes(fields, required)
    if gate == "no_partial_registration":
        both = pair(fields, "workers.registered", "workers.total")
        return None if both is None else registration_in_part(both[0], number(fields, "workers.wage_matched"), both[1])
    if gate == "no_active_sanction" and text(fields, "sanction") == "yes":
        message = N_("By the figures a sanction is in force.")
        return Check("sanction", "ask", message, {}, ("sanction",), Label(SAFETY))
    return None


def _programmes(fields: Values, required: Sequence[str]) -> Check | None:
    keys = tuple(f"programmes.{code}" for code in required if text(fields, f"programmes.{code}") == "no")
    if not keys:
        return None
    names = ", ".join(key.partition(".")[2].upper() for key in keys)
    message = N_("By the figures not joined: %(programmes)s. The condition asks for every required programme.")
    return Check("programmes", "ask", message, {"programmes": Text(names)}, keys, Label(JOINED))
