"""The forms of conditions, and of whether an indicator applies."""

from collections.abc import Mapping

from flask import request

from paritrana.core.errors import NotFound
from paritrana.verification import forms
from paritrana.verification.queries import Case


def sent_gate_form() -> forms.GateForm:
    """The form that was sent, for the condition or indicator it names. Raises `NotFound` for an unknown subject."""
    subject, code = request.form.get("subject", ""), request.form.get("code", "")
    if subject not in forms.GATE_WORDS:
        raise NotFound
    return forms.GateForm(subject=subject, code=code)


def gate_forms(case: Case, sent: forms.GateForm | None, *, deciding: bool) -> Mapping[tuple[str, str], forms.GateForm]:
    """A form per gate; when deciding, one for everything that is proposed and not decided yet."""
    found, gates = {}, case.gates
    keys = [("gate", gate["code"]) for gate in case.rubric.gates]
    if deciding:
        keys = [(one.subject, one.gate) for one in gates.values() if one.decided is None]
    for subject, code in keys:
        there = gates.get((subject, code))
        if sent is not None and (sent.subject, sent.code) == (subject, code):
            found[subject, code] = sent
            continue
        found[subject, code] = forms.GateForm(
            formdata=None, subject=subject, code=code, version=there.version if there is not None else 0
        )
    return found


def not_applicable_form(sent: forms.GateForm | None) -> forms.GateForm:
    """The form in which a verifier proposes that an indicator does not apply."""
    if sent is not None and sent.subject == "not_applicable":
        return sent
    return forms.GateForm(formdata=None, subject="not_applicable", code="", version=0)
