"""Pages about personal data: keeping and destroying, erasing, the breach pack, and what a person may ask for."""

import json
from typing import Any, Final

import structlog
from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts import requests
from paritrana.accounts.models import Account, StaffRequest
from paritrana.accounts.once import once
from paritrana.accounts.requests import StaffAct, StaffActs
from paritrana.audit import service as audit
from paritrana.config import Settings
from paritrana.core.errors import BadInput, NotFound, ParitranaError
from paritrana.core.policy import Act, Part
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.privacy import breach, erasing, identities, keeping, queries, service, subject
from paritrana.privacy.forms import BreachForm, EraseForm, IdentityForm, ReasonForm, RuleForm
from paritrana.privacy.models import Destruction
from paritrana.scopes import everybody
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import sentence

bp = Blueprint("privacy", __name__, template_folder="templates")
log = structlog.get_logger("security")

OURS: Final = (service.SET_RULE.name, service.DESTROY.name, erasing.ERASE.name, identities.ROTATE)
HOUSE: Final = "the rules of keeping concern the whole house; only counts and references are shown"


def _settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found


def _staff_act(name: str) -> StaffAct:
    acts: StaffActs = current_app.extensions["staff_acts"]
    return acts.get(name)


# Keeping and destroying -----------------------------------------------------------------------------------------------


@bp.get("/system/privacy")
@allowed(Act.OPERATE)
def keeping_page() -> ResponseReturnValue:
    """How long what is kept, what is due, and what was destroyed and erased."""
    return _keeping_page(ReasonForm(formdata=None))


@bp.post("/system/privacy/destroy")
@allowed(Act.ERASE_PERSON)
@once
def ask_to_destroy() -> ResponseReturnValue:
    """Ask a second person that what is due is destroyed."""
    form = ReasonForm()
    if not form.validate():
        return _keeping_page(form), 422
    try:
        with everybody(HOUSE):
            asked = service.ask_to_destroy(
                [kind.name for kind in keeping.KINDS], _settings(), reason=form.reason.data or "",
                actor=current_actor(), at=now(),
            )  # fmt: skip
    except ParitranaError as refusal:
        return _refused(form, refusal, _keeping_page)
    return _asked(asked, "privacy.keeping_page")


@bp.get("/system/privacy/rules")
@allowed(Act.OPERATE)
def rule_page() -> ResponseReturnValue:
    """Another time of keeping."""
    return _rule_page(RuleForm(formdata=None))


@bp.post("/system/privacy/rules")
@allowed(Act.ERASE_PERSON)
@once
def ask_for_rule() -> ResponseReturnValue:
    """Ask a second person for another time of keeping."""
    form = RuleForm()
    if not form.validate():
        return _rule_page(form), 422
    try:
        asked = service.ask_for_rule(
            str(form.kind.data), form.days.data, form.basis.data or "", reason=form.reason.data or "",
            actor=current_actor(), at=now(),
        )  # fmt: skip
    except ParitranaError as refusal:
        return _refused(form, refusal, _rule_page)
    return _asked(asked, "privacy.rule_page")


@bp.get("/system/privacy/destroyed/<destruction>")
@allowed(Act.OPERATE, destruction=queries.get_destruction)
def destruction_record(destruction: Destruction) -> ResponseReturnValue:
    """The record of one destruction, whole, for the archive."""
    document = {
        "format": "paritrana-destruction/1", "record": destruction.ref, "request": destruction.request_ref,
        "kind": destruction.kind, "rule": destruction.rule_version, "days": destruction.days,
        "basis": destruction.basis, "destroyed_at": destruction.destroyed_at.isoformat(), "count": destruction.count,
        "bytes": destruction.bytes, "digest": destruction.digest, "items": destruction.items,
    }  # fmt: skip
    return _json(document, f"{destruction.ref}.json")


# Erasing, and the key of identity numbers -----------------------------------------------------------------------------


@bp.get("/system/privacy/erasure")
@allowed(Act.OPERATE)
def erasure_page() -> ResponseReturnValue:
    """Erase one person's data."""
    return _erasure_page(EraseForm(formdata=None))


@bp.post("/system/privacy/erasure")
@allowed(Act.ERASE_PERSON)
@once
def ask_to_erase() -> ResponseReturnValue:
    """Ask a second person that one person's data is erased."""
    form = EraseForm()
    if not form.validate():
        return _erasure_page(form), 422
    try:
        with everybody("whether somebody still has a seat anywhere"):
            account = _account_of(form)
            asked = erasing.ask_to_erase(account, reason=form.reason.data or "", actor=current_actor(), at=now())
    except ParitranaError as refusal:
        return _refused(form, refusal, _erasure_page)
    return _asked(asked, "privacy.erasure_page")


class UnknownAccount(BadInput):
    """There is no account with this reference."""

    code = "unknown_account"
    message = N_("There is no account with this reference.")


def _account_of(form: EraseForm) -> Account:
    try:
        return queries.get_account((form.account.data or "").strip().upper())
    except NotFound:
        raise UnknownAccount from None


@bp.get("/system/privacy/key")
@allowed(Act.OPERATE)
def key_page() -> ResponseReturnValue:
    """The key of identity numbers."""
    return _key_page(ReasonForm(formdata=None))


@bp.post("/system/privacy/key")
@allowed(Act.ROTATE_KEY)
@once
def ask_to_rotate() -> ResponseReturnValue:
    """Ask a second person for another key."""
    form = ReasonForm()
    if not form.validate():
        return _key_page(form), 422
    try:
        act = _staff_act(identities.ROTATE)
        asked = requests.ask(
            act, identities.PURPOSE, {}, reason=form.reason.data or "", actor=current_actor(), at=now()
        )
    except ParitranaError as refusal:
        return _refused(form, refusal, _key_page)
    return _asked(asked, "privacy.key_page")


# The second person ----------------------------------------------------------------------------------------------------


def get_request(privacy_request: str) -> StaffRequest:
    """A request about personal data. Raises `NotFound`."""
    found = requests.get_request(privacy_request)
    if found.kind not in OURS:
        raise NotFound(privacy_request)
    return found


@bp.get("/system/privacy/requests/<privacy_request>")
@allowed(Act.ERASE_PERSON, part=Part.SECOND, privacy_request=get_request)
def request_page(privacy_request: StaffRequest) -> ResponseReturnValue:
    """What the second person decides on."""
    return _request_page(privacy_request)


@bp.post("/system/privacy/requests/<privacy_request>")
@allowed(Act.ERASE_PERSON, part=Part.SECOND, privacy_request=get_request)
@once
def decide(privacy_request: StaffRequest) -> ResponseReturnValue:
    """Confirm or decline (`answer`)."""
    wish, ref = request.form.get("answer", ""), privacy_request.ref
    if wish not in {"confirm", "decline"}:
        raise BadInput
    try:
        with everybody("an act about a person or the house reaches every row that names them"):
            if wish == "confirm":
                requests.confirm(_staff_act(privacy_request.kind), privacy_request, actor=current_actor(), at=now())
            else:
                requests.decline(privacy_request, actor=current_actor(), at=now())
            db.session.commit()
    except ParitranaError as refusal:
        db.session.rollback()
        return _request_page(get_request(ref), [("", sentence(refusal))]), refusal.status
    flash(_("Confirmed.") if wish == "confirm" else _("Declined. Nothing was changed."), "ok")
    return redirect(url_for("privacy.request_page", privacy_request=ref), 303)


def _request_page(found: StaffRequest, problems: list[tuple[str, str]] | None = None) -> str:
    return render_template(
        "privacy/request.html",
        asked=found,
        act=_staff_act(found.kind),
        given=_given(found),
        waits=found.state == "waiting" and found.expires_at > now(),
        problems=problems or [],
        plain=Form(formdata=None),
    )


def _given(found: StaffRequest) -> list[tuple[str, Any]]:
    """What was asked for, in words."""
    if found.kind == service.DESTROY.name:
        return [
            (_(keeping.BY_NAME[name].title), _("%(count)s, kept for %(days)s days", count=said["count"],
                                                days=said["days"]))
            for name, said in found.given["kinds"].items()
        ]  # fmt: skip
    if found.kind == service.SET_RULE.name:
        said = found.given
        title = keeping.BY_NAME[said["kind"]].title
        return [
            (_("Data"), _(title)), (_("Days"), said["days"]),
            (_("Legal basis"), said["basis"]),
        ]  # fmt: skip
    return [(_("Account"), found.subject_ref)] if found.kind == erasing.ERASE.name else []


def _asked(asked: StaffRequest, page: str) -> ResponseReturnValue:
    ref = asked.ref
    db.session.commit()
    flash(_("Asked as %(ref)s. It happens once an auditor confirms it.", ref=ref), "ok")
    return redirect(url_for(page), 303)


def _refused(form: Any, refusal: ParitranaError, page: Any) -> ResponseReturnValue:
    db.session.rollback()
    form.refuse(refusal)
    return page(form), refusal.status


def _keeping_page(form: ReasonForm) -> str:
    with everybody(HOUSE):
        lines = service.report(_settings(), now())
    return render_template(
        "privacy/keeping.html", lines=lines, form=form, problems=form.problems, waiting=_waiting(service.DESTROY.name),
        destroyed=queries.destructions(), titles={kind.name: kind.title for kind in keeping.KINDS},
        due=sum(len(line.items) for line in lines), for_good=keeping.FOR_GOOD,
    )  # fmt: skip


def _rule_page(form: RuleForm) -> str:
    return render_template(
        "privacy/rules.html", form=form, problems=form.problems, rules=service.rules(),
        waiting=_waiting(service.SET_RULE.name),
    )  # fmt: skip


def _erasure_page(form: EraseForm) -> str:
    return render_template(
        "privacy/erasure.html", form=form, problems=form.problems, erased=queries.erasures(),
        waiting=_waiting(erasing.ERASE.name),
    )  # fmt: skip


def _key_page(form: ReasonForm) -> str:
    return render_template(
        "privacy/key.html", form=form, problems=form.problems, waiting=_waiting(identities.ROTATE),
        behind=identities.behind(_settings()), name=identities.current_id(_settings()),
    )  # fmt: skip


def _waiting(kind: str) -> list[StaffRequest]:
    return [one for one in queries.requests_of([kind], state="waiting") if one.expires_at > now()]


# Breaches -------------------------------------------------------------------------------------------------------------


@bp.get("/audit/<cycle>/breach")
@allowed(Act.BREACH_PACK, cycle=get_cycle)
def breach_page(cycle: Cycle) -> ResponseReturnValue:
    """The hours of a breach, and what is known of it."""
    return _breach_page(cycle, BreachForm(formdata=None, zone=cycle.timezone))


@bp.post("/audit/<cycle>/breach")
@allowed(Act.BREACH_PACK, cycle=get_cycle)
def breach_pack(cycle: Cycle) -> ResponseReturnValue:
    """The pack as a ZIP; its making is logged with the reason."""
    form = BreachForm(zone=cycle.timezone)
    if not form.validate():
        return _breach_page(cycle, form), 422
    since, until = form.period()
    asked = breach.Asked(
        since, until, account=(form.account.data or "").upper(), file=form.file.data or "",
        source=form.source.data or "",
    )  # fmt: skip
    try:
        pack = breach.gather(asked, _settings(), at=now(), cycle=cycle)
    except ParitranaError as refusal:
        form.refuse(refusal)
        return _breach_page(cycle, form), refusal.status
    log.warning(
        "breach_pack", act=Act.BREACH_PACK.value, object=cycle.code, result=200, reason=True, readers=len(pack.readers),
        nominations=len(pack.objects), files=len(pack.files), persons=len(pack.persons),
    )  # fmt: skip
    content = breach.archive(pack, _settings().operator_name)
    return _download(content, "application/zip", f"breach-{cycle.code}-{since:%Y%m%d%H%M}.zip")


def _breach_page(cycle: Cycle, form: BreachForm) -> str:
    return render_template("privacy/breach.html", cycle=cycle, form=form, problems=form.problems)


# One's own data -------------------------------------------------------------------------------------------------------


@bp.get("/profile/data")
@allowed(Act.PROFILE)
def own_data() -> ResponseReturnValue:
    """What is stored about whoever asks, and what they may ask for."""
    account = _own_account()
    return render_template(
        "privacy/own.html", account=account, form=IdentityForm(formdata=None), problems=[],
        stale=identities.stale(account.person, _settings()), rules=service.rules(), kept=keeping.FOR_GOOD,
    )  # fmt: skip


@bp.get("/profile/data.json")
@allowed(Act.PROFILE)
def own_package() -> ResponseReturnValue:
    """All of it, for whoever asks."""
    account = _own_account()
    with everybody("what is stored about the person who asks, and nothing else"):
        document = subject.package(account, _settings(), now())
    log.info("own_data", act=Act.PROFILE.value, object=account.ref, result=200)
    return _json(document, "my-data.json")


@bp.post("/profile/data/identity")
@allowed(Act.CHANGE_SIGN_IN)
@once
def bind_identity() -> ResponseReturnValue:
    """Take a person's identity number, keep its keyed hash and forget it."""
    form, account = IdentityForm(), _own_account()
    problem: ParitranaError | None = None
    if form.validate():
        try:
            audit.lock_stream(audit.SYSTEM)
            identities.bind(account.person, form.number.data or "", _settings())
            audit.record(audit.SYSTEM, "person.identified", current_actor(), at=now(), object_ref=account.ref)
            db.session.commit()
        except ParitranaError as refusal:
            db.session.rollback()
            form.refuse(refusal, form.number)
            problem = refusal
    if form.problems:
        account = _own_account()
        form.number.data = ""
        page = render_template(
            "privacy/own.html", account=account, form=form, problems=form.problems, stale=False, rules=service.rules(),
            kept=keeping.FOR_GOOD,
        )  # fmt: skip
        return page, 422 if problem is None else problem.status
    identities.forget_older(_settings())
    flash(_("Kept as a keyed hash. The number itself is forgotten."), "ok")
    return redirect(url_for("privacy.own_data"), 303)


def _own_account() -> Account:
    return db.session.get_one(Account, current_actor().account_id)


def _json(document: Any, name: str) -> Response:
    text = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return _download(text, "application/json", name)


def _download(content: bytes, kind: str, name: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
