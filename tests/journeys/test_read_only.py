"""While nothing is stored, the first thing on every page says so, on every width and in both languages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from paritrana.audit import halt
from paritrana.database import db, set_writing
from tests.factories import world
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker

BAND = "Read only: nothing can be saved at the moment, reading goes on."


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_band_at_the_top_says_that_nothing_is_saved(site: Site, walker: Callable[..., Walker], language: str) -> None:
    with site.app.app_context():
        set_writing(True)
        halt.halt(halt.BY_HAND, at=world().now)
        db.session.commit()
        db.session.remove()
    for name, address in {None: "/", "nominee-1": "/home", "administrator": "/system/read-only"}.items():
        reader = walker(name, language=language).go(address)
        band = reader.page.get_by_role("region", name=reader.word("Read-only mode"))
        expect(band).to_have_text(reader.word(BAND))
        box = band.bounding_box()
        assert box is not None
        assert (box["x"], box["y"]) == (0, 0)
        reader.look(f"read-only-{name or 'public'}")
        reader.page.emulate_media(media="print")
        expect(band).to_be_hidden()
