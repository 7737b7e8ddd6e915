"""Open data: the page that lists every file, the files, their schemas, and the feed of publications."""

from typing import Any

from flask import Blueprint, Response, current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from paritrana.config import Settings, data_folder
from paritrana.core.errors import NotFound
from paritrana.core.policy import Act
from paritrana.cycles.models import Category
from paritrana.cycles.queries import get_category
from paritrana.database import canonical
from paritrana.publication.models import Publication
from paritrana.publication.queries import publication_in_force
from paritrana.publication.site import queries
from paritrana.publication.site.datasets import DATASETS, Dataset, get_dataset, result_table
from paritrana.publication.site.feed import atom
from paritrana.publication.site.schemas import BUNDLE, NAMES, TABLE, schema
from paritrana.publication.site.writing import as_csv, as_json, as_xlsx
from paritrana.web.access import allowed, now
from paritrana.web.formats import iso
from paritrana.web.standalone import standalone

bp = Blueprint("open_data", __name__, template_folder="../templates")


@bp.get("/data")
@allowed(Act.READ_PUBLIC_PAGE)
def page() -> ResponseReturnValue:
    """Every file that can be downloaded, with its rows and, of a result, the digest of its bundle."""
    return render_template(
        "site/data.html",
        publications=queries.all_in_force(now()),
        datasets=[(one, len(one.rows())) for one in DATASETS.values()],
        schemas=NAMES,
        bundle_schema=BUNDLE,
        table_schema=TABLE,
    )


@bp.get("/data/<dataset>.csv")
@allowed(Act.READ_PUBLIC_PAGE)
def dataset_csv(dataset: str) -> ResponseReturnValue:
    """Published figures as CSV."""
    return as_csv(get_dataset(dataset), dataset)


@bp.get("/data/<dataset>.xlsx")
@allowed(Act.READ_PUBLIC_PAGE)
def dataset_xlsx(dataset: str) -> ResponseReturnValue:
    """Published figures as a workbook."""
    return as_xlsx(get_dataset(dataset), dataset)


@bp.get("/data/<dataset>.json")
@allowed(Act.READ_PUBLIC_PAGE)
def dataset_json(dataset: str) -> ResponseReturnValue:
    """Published figures as JSON, by the schema of the same name."""
    return as_json(get_dataset(dataset), dataset, {"dataset": dataset}, _schema_address(dataset))


@bp.get("/data/schemas/<schema_name>.json")
@allowed(Act.READ_PUBLIC_PAGE)
def json_schema(schema_name: str) -> ResponseReturnValue:
    """What a JSON file holds, described for programs."""
    return Response(canonical(schema(schema_name)), mimetype="application/schema+json")


@bp.get("/data/method.md")
@allowed(Act.READ_PUBLIC_PAGE)
def method_text() -> ResponseReturnValue:
    """The method in words and formulas, as it stands in the documentation."""
    return Response((data_folder("docs") / "method.md").read_bytes(), mimetype="text/plain")


@bp.get("/data/regions-licence.txt")
@allowed(Act.READ_PUBLIC_PAGE)
def regions_licence() -> ResponseReturnValue:
    """The notice that stays beside every copy of the codes and names of regions."""
    return Response((data_folder("seed") / "LICENSE-regions.txt").read_bytes(), mimetype="text/plain")


@bp.get("/data/publications.atom")
@allowed(Act.READ_PUBLIC_PAGE)
def feed() -> ResponseReturnValue:
    """The publications in force as an Atom feed."""
    settings: Settings = current_app.extensions["settings"]
    site = "" if standalone() else settings.base_url  # a copy in a folder leads to its own pages

    def address(one: Publication) -> str:
        return site + url_for("publication.result", cycle=one.category.cycle.code, cat=one.category.slug)

    whole = atom(
        queries.all_in_force(now()),
        site=settings.base_url,
        own=site + url_for("open_data.feed"),
        operator=settings.operator_name,
        address=address,
    )
    return Response(whole, mimetype="application/atom+xml")


@bp.get("/cycles/<cycle>/results/<cat>.csv")
@allowed(Act.READ_PUBLIC_RESULT, category=get_category)
def result_csv(category: Category) -> ResponseReturnValue:
    """The published table as CSV."""
    _publication, dataset = _result(category)
    return as_csv(dataset, _file_name(category))


@bp.get("/cycles/<cycle>/results/<cat>.xlsx")
@allowed(Act.READ_PUBLIC_RESULT, category=get_category)
def result_xlsx(category: Category) -> ResponseReturnValue:
    """The published table as a workbook."""
    publication, dataset = _result(category)
    about = _about(category, publication)
    more = {"version": publication.version_no, "bundle_sha256": publication.digest}
    flat = {name: value for name, value in about.items() if name not in {"publication"}} | more
    return as_xlsx(dataset, _file_name(category), list(flat.items()))


@bp.get("/api/v1/results/<cycle>/<cat>")
@allowed(Act.READ_PUBLIC_RESULT, category=get_category)
def result_json(category: Category) -> ResponseReturnValue:
    """The published table as JSON."""
    publication, dataset = _result(category)
    return as_json(dataset, _file_name(category), _about(category, publication), _schema_address(TABLE))


def _result(category: Category) -> tuple[Publication, Dataset]:
    publication = publication_in_force(category, now())
    if publication is None:
        raise NotFound
    return publication, result_table(publication)


def _about(category: Category, publication: Publication) -> dict[str, Any]:
    cycle = category.cycle
    return {
        "cycle": cycle.code,
        "category": category.slug,
        "title_id": category.title_id,
        "title_en": category.title_en,
        "assessment_year": cycle.assessment_year,
        "edition_label": cycle.edition_label,
        "simulated": cycle.simulated,
        "shown": publication.table["policy"],
        "total": publication.table["rubric"]["total"],
        "publication": {
            "version": publication.version_no,
            "published_at": iso(publication.published_at),
            "bundle_sha256": publication.digest,
        },
    }


def _file_name(category: Category) -> str:
    return f"{category.cycle.code}-{category.slug}"


def _schema_address(name: str) -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url + url_for("open_data.json_schema", schema_name=name)
