"""A draft that begins as a copy of an earlier year: what would be copied, the copy, and documents by choice."""

from dataclasses import dataclass

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.nominations import queries, service
from paritrana.nominations.models import Attachment, Nomination
from paritrana.nominations.queries import NominationFile
from paritrana.nominations.rows import kinds_asked
from paritrana.nominations.views import frame
from paritrana.nominations.views.frame import bp
from paritrana.web.access import allowed, current_actor, require
from paritrana.web.forms import Form
from paritrana.web.template_filters import sentence

SHOWN = "nominations.copy_page"


@dataclass(frozen=True)
class Offer:
    """An earlier nomination a draft can begin with, or began with."""

    source: Nomination
    copied: bool

    @property
    def year(self) -> int:
        """The assessment year of the earlier nomination."""
        return self.source.category.cycle.assessment_year


def copy_offer(file: NominationFile) -> Offer | None:
    """What a draft that may be filled was copied from, or may be copied from while it is empty (one statement)."""
    if not frame.editable(file.nomination):
        return None
    return _offer(file.nomination, empty=not file.items)


def _offer(nomination: Nomination, *, empty: bool) -> Offer | None:
    if nomination.copied_from_id is not None:
        source = service.copied_from(nomination)
        return Offer(source, True) if source is not None else None
    source = queries.find_earlier(nomination) if empty else None
    return Offer(source, False) if source is not None else None


@bp.get("/nominations/<ref>/copy")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def copy_page(nomination: Nomination) -> ResponseReturnValue:
    """What can be copied, or what was; the documents of the earlier year, each to be chosen."""
    return _page(nomination)


@bp.post("/nominations/<ref>/copy")
@allowed(Act.EDIT_NOMINATION, nomination=queries.get_nomination)
@once
def copy_nomination(nomination: Nomination) -> ResponseReturnValue:
    """Copy the figures; pressed again, the same copy answers."""
    try:
        _check_editable(nomination)
        made = service.copy_earlier(nomination, actor=current_actor(), at=frame.moment_of(nomination))
    except ParitranaError as refusal:
        db.session.rollback()
        return _page(queries.get_nomination(nomination.ref), refusal)
    db.session.commit()
    flash(_("The figures are copied. Check each of them.") if made else _("This draft is a copy already."), "ok")
    return redirect(url_for(SHOWN, ref=nomination.ref), 303)


@bp.post("/nominations/<ref>/copy/documents")
@allowed(Act.EDIT_NOMINATION, nomination=queries.get_nomination)
@once
def copy_documents(nomination: Nomination) -> ResponseReturnValue:
    """Attach chosen documents of the earlier year again, once it is said that they fit this period, too."""
    chosen = {int(one) for one in request.form.getlist("document") if one.isascii() and one.isdecimal()}
    if not chosen or request.form.get("fits") != "1":
        return _page(nomination, NotChosen(), chosen)
    try:
        _check_editable(nomination)
        attached = service.attach_again(
            nomination, chosen, actor=current_actor(), at=frame.moment_of(nomination)
        )  # fmt: skip
    except NotFound:
        raise
    except ParitranaError as refusal:
        db.session.rollback()
        return _page(queries.get_nomination(nomination.ref), refusal, chosen)
    db.session.commit()
    flash(_("Documents taken over: %(n)s. The verifier sees that they are of an earlier year.", n=len(attached)), "ok")
    return redirect(url_for(SHOWN, ref=nomination.ref), 303)


def _check_editable(nomination: Nomination) -> None:
    require(Act.EDIT_NOMINATION, nomination)
    if not frame.editable(nomination):
        raise service.NominationSent


class NotChosen(ParitranaError):
    """No document was chosen, or it was not said that the chosen ones fit the period."""

    code = "documents_not_chosen"
    status = 422
    message = N_("Choose at least one document, and confirm that the chosen ones fit this period, too.")


def _page(
    nomination: Nomination, refusal: ParitranaError | None = None, chosen: frozenset[int] | set[int] = frozenset()
) -> ResponseReturnValue:
    file = queries.file_of(nomination)
    offer = _offer(nomination, empty=not file.items)
    copies = service.copies_of(offer.source, nomination, file.rubric) if offer is not None else {}
    return frame.show(
        "nominations/copy.html",
        nomination,
        _("Copy from an earlier year"),
        200 if refusal is None else refusal.status,
        offer=offer,
        kinds=[(frame.kind_title(kind), kind, _left(file, kind)) for kind in copies],
        documents=_documents(offer, file) if offer is not None and offer.copied else [],
        chosen=chosen,
        taken=bool(file.items),
        can_fill=frame.editable(nomination),
        lock=frame.lock_of(file),
        problems=[("", sentence(frame.in_zone(refusal, nomination)))] if refusal is not None else [],
        form=Form(formdata=None),
    )


def _left(file: NominationFile, kind: str) -> int:
    """How many entries of a kind still stand as copied."""
    item = file.items.get(kind)
    return len(item.copied["figures"]) if item is not None and item.copied else 0


def _documents(offer: Offer, file: NominationFile) -> list[tuple[Attachment, str, bool]]:
    """The earlier documents that have a place here: the document, the kind in words, and whether it is here already."""
    asked = kinds_asked(file.rubric)
    there = {(one.kind, one.blob_id) for one in file.attachments}
    return [
        (one, frame.kind_title(one.kind), (one.kind, one.blob_id) in there)
        for one in queries.attachments_of(offer.source)
        if one.kind in asked
    ]
