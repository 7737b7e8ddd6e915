from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from paritrana.files.store import BlobStore

if TYPE_CHECKING:
    from flask import Flask

    from paritrana.reference.models import Organisation


@pytest.fixture
def store(app: "Flask") -> BlobStore:
    """The store of the application."""
    return BlobStore(app.extensions["settings"].blob_path)


@pytest.fixture
def organisations(app: "Flask") -> "Iterator[list[Organisation]]":
    """Two fictitious regencies, committed."""
    from paritrana.database import db
    from paritrana.reference.models import Organisation, Region

    with app.app_context():
        db.session.add(
            Region(
                code="99",
                name="Provinsi Contoh",
                short_name="Contoh",
                kind="province",
                timezone="Asia/Makassar",
                award_zone="jawa_bali",
                tile_row=99,
                tile_col=99,
                tile_label="99",
                source_key="PROJ",
            )
        )
        db.session.flush()
        made = [
            Organisation(ref=f"O-{name}", name=name, kind="local_government", region_code="99", fictitious=True)
            for name in ("Pemerintah Kabupaten Contoh", "Pemerintah Kota Contoh")
        ]
        db.session.add_all(made)
        db.session.commit()
        yield made
