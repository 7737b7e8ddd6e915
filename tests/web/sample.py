"""A small application made of the web layer only: no room, no database, no person."""

from decimal import Decimal

from flask import Flask, abort, flash, redirect, render_template_string, request, session
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect

from paritrana.core.errors import NotFound, ParitranaError, StaleVersion
from paritrana.core.words import N_
from paritrana.web import errors, headers, language, template_filters
from paritrana.web.access import Access
from paritrana.web.forms import (
    ChoiceField,
    DayField,
    Form,
    LongTextField,
    MarkField,
    MoneyField,
    MonthsField,
    RadioChoiceField,
    TextField,
    WholeNumberField,
    optional,
    required,
)

PAGE = """{% extends "base.html" %}{% block page %}Sample{% endblock %}
{% block content %}<h1>Sample</h1>{% endblock %}"""
FORM_PAGE = """{% extends "base.html" %}{% import "macros/forms.html" as forms %}
{% block page %}Evidence{% endblock %}{% block object %}Kab. A{% endblock %}
{% block content %}{{ forms.error_summary(form.problems) }}<h1>Evidence</h1>
{% call forms.form_open(form, "/form") %}
{{ forms.field(form.people, hint="In the period", width=10, suffix="people") }}
{{ forms.field(form.amount, prefix="Rp") }}
{{ forms.mark_field(form.mark) }}{{ forms.field(form.months) }}{{ forms.day_field(form.on) }}
{{ forms.field(form.reason) }}
{{ forms.radios(form.done) }}{{ forms.field(form.name) }}{{ forms.field(form.note) }}
{% call forms.actions() %}<button class="btn btn-primary">Save</button>{% endcall %}{% endcall %}{% endblock %}"""


class SampleForm(Form):
    """One field of every kind."""

    people = WholeNumberField(_l("People"), [required()])
    amount = MoneyField(_l("Budget"), [optional()])
    mark = MarkField(_l("Mark"), [optional()], high=Decimal(8))
    months = MonthsField(_l("Months"), [optional()])
    on = DayField(_l("Date of the decree"))
    reason = ChoiceField(_l("Reason"), [optional()], choices=[("", ""), ("rate", "Rate"), ("typing", "Typing")])
    done = RadioChoiceField(_l("Finished?"), [required()], choices=[("yes", "Yes"), ("later", "Later")])
    name = TextField(_l("Name"), max_length=10)
    note = LongTextField(_l("Note"), max_length=20)


class Refused(ParitranaError):
    """A refusal with a value in its sentence."""

    code = "too_few_people"
    status = 409
    message = N_("Only %(count)s people.")


def make_web_app() -> Flask:
    """The application; its views stand for the kinds of answers there are."""
    app = Flask("paritrana")
    app.config.update(SECRET_KEY="k" * 40, WTF_CSRF_ENABLED=False, BOOTSTRAP_SERVE_LOCAL=True)
    app.extensions["access"] = Access()
    CSRFProtect(app)
    Bootstrap5(app)
    language.init_app(app)
    template_filters.init_app(app)
    headers.init_app(app)
    errors.init_app(app)

    @app.get("/")
    def first() -> str:
        return render_template_string(PAGE)

    @app.get("/moved")
    def moved() -> ResponseReturnValue:
        return redirect("/")

    @app.get("/signed")
    def signed() -> str:
        session["person"] = "p1"
        flash("kept", "ok")
        return "signed"

    @app.route("/form", methods=["GET", "POST"])
    def form() -> ResponseReturnValue:
        sample = SampleForm()
        status = 200
        if request.method == "POST" and not sample.validate():
            status = 422
        return render_template_string(FORM_PAGE, form=sample), status

    @app.get("/refused")
    def refused() -> str:
        raise Refused(count=3)

    @app.get("/stale")
    def stale() -> str:
        raise StaleVersion(who="<b>Sari</b>", time="14.05")

    @app.get("/hidden")
    @app.get("/api/v1/hidden")
    def hidden() -> str:
        raise NotFound("secret-organisation")

    @app.get("/status/<int:code>")
    @app.get("/api/v1/status/<int:code>")
    def with_status(code: int) -> str:
        abort(code, "internal description")

    @app.get("/fault")
    @app.get("/api/v1/fault")
    def fault() -> str:
        raise RuntimeError("password=hunter2 in /srv/secret.py")

    return app
