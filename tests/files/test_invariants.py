"""What `paritrana check` says of the folder of files, also while files come and go under its eyes."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from paritrana.database import db
from paritrana.files.invariants import SPARED, check_of
from paritrana.files.models import Blob

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
OLD = (NOW - SPARED - timedelta(hours=1)).timestamp()


@pytest.fixture
def objects(organisations, store):
    """Two rows whose files stand in one folder with other bytes than were received; gives the two files."""
    files = []
    for digit in "12":
        sha256 = "aa" + digit * 62
        organisation = organisations[0].id
        db.session.add(
            Blob(organisation_id=organisation, sha256=sha256, size=5, media_type="application/pdf", created_at=NOW)
        )
        file = store.root / "objects" / str(organisation) / "aa" / sha256
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"other")
        files.append(file)
    db.session.commit()
    return files


def test_a_file_that_cannot_be_read_is_not_the_one_that_was_received(objects, store):
    found = check_of(store, NOW).look()
    assert next(found).rule == "blob.damaged"
    objects[1].unlink()  # after the folder was listed
    assert [broken.rule for broken in found] == ["blob.damaged"]


@pytest.mark.usefixtures("app", "db_session")
def test_a_file_that_found_its_place_meanwhile_is_no_orphan(store):
    incoming = store.root / "incoming"
    incoming.mkdir(parents=True)
    for name in ("first", "second"):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (OLD, OLD))
    found = check_of(store, NOW).look()
    assert next(found).rule == "blob.orphan"
    (incoming / "second").unlink()
    assert list(found) == []
