"""PostgreSQL goes away in the middle of the work and comes back: refused meanwhile, and then it simply works again.

The server of the tests confirms a commit before it writes it (`synchronous_commit = off`) and is stopped without a
word: what was acknowledged is there afterwards only because the application asks for more.
"""

import time
from collections.abc import Iterator

import pytest

from tests.conftest import Workshop, release
from tests.engines import PostgresServer
from tests.faults.ground import SizeLimit
from tests.faults.scene import ASSESSOR, NOMINEE, Scene, build
from tests.faults.server import Server, Visitor


@pytest.fixture
def database(workshop: Workshop, engine_name: str) -> Iterator[tuple[PostgresServer, str, Scene]]:
    """A PostgreSQL server that only this test uses, its database and the scene in it."""
    server = PostgresServer(workshop._migrate)
    try:
        address = server.fresh("scene")
        app = workshop.build(address, workshop.folder / "lost")
        with app.app_context():
            scene = build()
        release(app)
        yield server, address, scene
    finally:
        server.stop()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_database_that_goes_away_is_waited_for_and_nothing_is_called_saved(database, figures_of):
    postgres, address, scene = database
    ground = SizeLimit()
    server = Server(ground, database_url=address).start()
    try:
        assessor = Visitor(server.port).sign_in(ASSESSOR)
        nominee = Visitor(server.port, language="id").sign_in(NOMINEE)
        sheet, form = scene.sheets[ASSESSOR], f"/nominations/{scene.draft}/evidence/{scene.kind}"
        assert assessor.save(sheet, "A1", "7", version=0).status == 200

        postgres._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        refused = assessor.save(sheet, "A1", "8", version=1, key="key-of-this-save")
        assert (refused.status, refused.json["code"]) == (503, "unavailable")
        fields = {"version": "0", "note": "Catatan yang diketik", "completed": "later"}
        by_form = nominee.post(form, fields)
        pages = [assessor.get("/assessments"), nominee.get(form), Visitor(server.port).get("/sign-in")]
        for answer in (refused, by_form, pages[0], pages[1]):
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert "psycopg" not in answer.text
        assert "<li>Catatan yang diketik</li>" in by_form.text
        assert "Belum disimpan" in by_form.text
        assert "masih ada di halaman ini" in by_form.text
        assert pages[2].status in {200, 503}
        assert Visitor(server.port).get("/healthz").status == 503
        assert Visitor(server.port).get("/static/paritrana.css").status == 200
        assert "Traceback" not in "".join(server.lines)

        postgres._run("pg_ctl", "-D", "data", "-w", "-l", str(postgres.folder / "server.log"), "start")
        begun = time.perf_counter()
        while assessor.get("/assessments").status != 200 and time.perf_counter() - begun < 60:
            time.sleep(0.1)
        recovered = time.perf_counter() - begun
        assert recovered < 60
        saved = assessor.save(sheet, "A1", "8", version=1, key="key-of-this-save")
        assert (saved.status, saved.json.get("version")) == (200, 2), (saved.text, server.lines)
        assert nominee.post(form, fields).status == 303
        # The control: the same acts are told as saved once the database is there, so `false_saved` could be seen.
        figures_of(
            "faults", promises=["P12"], fault="database", acts=5, false_saved=0, unscanned_served=0,
            recovery_s=round(recovered, 1), control=saved.status == 200,
        )  # fmt: skip
    finally:
        server.stop()
        ground.close()
