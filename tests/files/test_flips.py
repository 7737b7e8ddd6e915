"""A bit that flips in the store is found by the look at the whole store, and the file is not opened any more."""

import io
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from paritrana.database import db
from paritrana.files.invariants import check_of
from paritrana.files.models import Blob
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore, DamagedFile
from tests.nominations.pages import paper

SEED = 20261122


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("flips", [40, pytest.param(2_000, marks=pytest.mark.slow)])
def test_every_flipped_bit_is_found_and_no_damaged_file_is_opened(
    app: Flask,
    organisations: list[Any],
    clock: Any,
    flips: int,
    engine_name: str,
    figures_of: Callable[..., None],
) -> None:
    begun, chance = time.perf_counter(), random.Random(SEED)
    store = BlobStore(app.extensions["settings"].blob_path)
    blobs: list[Blob] = []
    for no in range(flips):
        content = io.BytesIO(paper(b"%d " % no + chance.randbytes(chance.randrange(10, 3000)).hex().encode()))
        blob, _name = store_upload(content, filename="a.pdf", organisation_id=organisations[no % 2].id, at=clock.now(),
                                   store=store, max_bytes=10**6, ours=True)  # fmt: skip
        blobs.append(blob)
    db.session.commit()
    whole = list(check_of(store, clock.now()).look())
    db.session.rollback()  # what finds a damaged file writes it down in a transaction of its own
    opened = 0
    for blob in blobs:
        path = store.root / "objects" / f"{blob.organisation_id:d}" / blob.sha256[:2] / blob.sha256
        content_now = bytearray(path.read_bytes())
        place = chance.randrange(len(content_now))
        content_now[place] ^= 1 << chance.randrange(8)
        path.chmod(0o600)
        path.write_bytes(content_now)
        try:
            store.open(blob.organisation_id, blob.sha256).close()
            opened += 1
        except DamagedFile:
            pass
    found = {broken.where for broken in check_of(store, clock.now()).look() if broken.rule == "blob.damaged"}
    figures_of(
        "upload order", promises=["P09"], flips=flips, flips_found=len(found), opened=opened, seed=SEED,
        seconds=round(time.perf_counter() - begun, 1), control=whole == [],
    )  # fmt: skip
    assert whole == []
    assert (len(found), opened) == (flips, 0)
