"""The breach pack of chosen hours: who saw what of whom, from the security log, with drafts of the notices."""

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from paritrana import securitylog
from paritrana.privacy import breach
from paritrana.privacy.cli import breach_pack
from tests.factories import World, sign_in
from tests.factories_results import contest, nominations
from tests.nominations.pages import fields_of, send
from tests.privacy.scenes import file_of

Scoped = "scoped_session[Session]"


@pytest.fixture
def here(app: Flask, db_session: Scoped) -> World:
    """Two candidates with files, and a day of the log in which several people looked at them."""
    made = contest()
    settings = app.extensions["settings"]
    for _day, path in securitylog.days(settings.security_log):
        path.unlink()
    one, two, _three = nominations(made)
    nominee = made.accounts["nominee-1"]
    nominee.name = "=HYPERLINK(1)"
    blob = file_of(one, 3, nominee, made.now)
    blob.identity_numbers = 7
    db_session.commit()
    looks = [
        ("02:10", "viewed", "thief", "see_nomination", f"{one.ref}/coverage", 200, "203.0.113.9"),
        ("02:11", "evidence_viewed", "thief", "download_evidence", f"{one.ref}/3", 206, "203.0.113.9"),
        ("02:12", "evidence_viewed", "thief", "download_evidence", f"{one.ref}/3", 304, "203.0.113.9"),
        ("02:13", "denied", "thief", "download_evidence", f"{two.ref}/1", "hidden", "203.0.113.9"),
        ("02:14", "viewed", "honest", "see_nomination", two.ref, 200, "192.0.2.1"),
        ("09:00", "viewed", "thief", "see_nomination", two.ref, 200, "203.0.113.9"),
        ("02:15", "viewed", "thief", "operate", None, 200, "203.0.113.9"),
    ]
    refs = {"thief": made.accounts["organiser-1"].ref, "honest": made.accounts["chair"].ref}
    for clock, event, who, act, what, result, source in looks:
        line = {
            "time": f"2026-03-02T{clock}:00.000000Z", "event": event, "account": refs[who], "person": 1, "act": act,
            "object": what, "result": result, "source": source, "request": "r",
        }  # fmt: skip
        securitylog.append(settings.security_log, json.dumps(line), "2026-03-02")
    return made


def contents(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as whole:
        assert whole.testzip() is None
        return {name: whole.read(name) for name in whole.namelist()}


def test_the_pack_names_readers_objects_files_and_people_of_the_chosen_hour(
    app: Flask, here: World, figures_of: Callable[..., None]
) -> None:
    settings, thief = app.extensions["settings"], here.accounts["organiser-1"].ref
    began = time.monotonic()
    hour = (here.now - timedelta(hours=1), here.now)
    pack = breach.gather(breach.Asked(*hour, account=thief), settings, at=here.now, cycle=here.cycle)
    one, two, _three = nominations(here)
    assert [look["result"] for look in pack.lines] == [200, 206, 304]
    assert [(row["account"], row["looks"]) for row in pack.readers] == [(thief, 3)]
    assert [row["nomination"] for row in pack.objects] == [one.ref]
    assert [(row["file"], row["identity_numbers"]) for row in pack.files] == [(f"{one.ref}/3", 7)]
    assert here.accounts["nominee-1"].ref in {row["account"] for row in pack.persons}
    parts = contents(breach.archive(pack, "Panitia {x}"))
    incident = json.loads(parts["incident.json"])
    assert incident["notify_by"] == (here.now + timedelta(hours=72)).isoformat()
    rows = list(csv.reader(io.StringIO(parts["persons.csv"].decode("utf-8-sig")), delimiter=";"))
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert b"Pasal 46" in parts["pemberitahuan-lembaga.txt"]
    assert "bilangan menyerupai NIK di dalamnya: 7" in parts["pemberitahuan-lembaga.txt"].decode()
    assert b"{" not in parts["notice-to-persons.txt"].replace(b"{x}", b"")
    everybody = breach.gather(breach.Asked(*hour), settings, at=here.now)
    assert [row["nomination"] for row in everybody.objects] == sorted([one.ref, two.ref])
    for asked, looks in (
        (breach.Asked(*hour, file=f"{one.ref}/3"), 2), (breach.Asked(*hour, file=two.ref), 1),
        (breach.Asked(*hour, source="192.0.2.1"), 1), (breach.Asked(*hour, file="N-0000"), 0),
        (breach.Asked(here.now, here.now + timedelta(hours=12)), 1),
    ):  # fmt: skip
        assert len(breach.gather(asked, settings, at=here.now).lines) == looks
    empty = contents(breach.archive(breach.gather(breach.Asked(*hour, file="N-0000"), settings, at=here.now), "P"))
    assert json.loads(empty["incident.json"])["readers"] == []
    for wrong in (timedelta(0), timedelta(days=-1), timedelta(days=93)):
        with pytest.raises(breach.PeriodWrong):
            breach.gather(breach.Asked(here.now, here.now + wrong), settings, at=here.now)
    figures_of("breach pack", promises=["P31", "P30"], looks=3, found=len(pack.lines), foreign=0,
               seconds=round(time.monotonic() - began, 2), control=len(everybody.lines) > len(pack.lines))  # fmt: skip


def test_the_auditor_gets_it_with_a_reason_and_nobody_else(
    app: Flask, here: World, door: Callable[[str], FlaskClient]
) -> None:
    auditor, address = door("auditor"), f"/audit/{here.cycle.code}/breach"
    page = auditor.get(address)
    assert page.status_code == 200
    fields = fields_of(auditor, address, address)
    ends = here.now.astimezone(ZoneInfo(here.cycle.timezone))
    when = {
        "since-day": "2", "since-month": "3", "since-year": "2026", "since_time": f"{ends.hour - 1}.00",
        "until-day": "2", "until-month": "3", "until-year": "2026", "until_time": f"{ends.hour}.00",
    }  # fmt: skip
    assert send(auditor, address, fields, **when).status_code == 422
    assert send(auditor, address, fields, **(when | {"since_time": "9"}), reason="x").status_code == 422
    backwards = when | {"until_time": "05.00"}
    assert send(auditor, address, fields, **backwards, reason="x").status_code == 422
    answer = send(auditor, address, fields, **when, reason="Laporan 5/2026")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert len(json.loads(contents(answer.data)["incident.json"])["looks"]) == 4
    lines = [json.loads(line) for _day, path in securitylog.days(app.extensions["settings"].security_log)
             for line in path.read_text().splitlines()]  # fmt: skip
    assert [line["object"] for line in lines if line["event"] == "breach_pack"] == [here.cycle.code]
    assert not any("Laporan" in json.dumps(line) for line in lines)
    for name in ("organiser-1", "administrator", "chair", "nominee-1"):
        client = app.test_client()
        sign_in(client, name)
        assert client.get(address).status_code == 404


def test_the_command_writes_the_same_pack(app: Flask, here: World, db_session: Scoped, tmp_path: Path) -> None:
    code, out = here.cycle.code, tmp_path / "pack.zip"
    db_session.rollback()  # the command closes every connection of the pool
    arguments = ["--from", "2026-03-02T09:00+07:00", "--to", "2026-03-02T10:00+07:00", "--out", str(out)]
    environ = {"PARITRANA_INSTANCE": str(tmp_path / "instance")}

    def call(*more: str) -> Any:
        return CliRunner().invoke(breach_pack, [*arguments, *more], obj=lambda _settings: app, env=environ)

    told = call("--cycle", code)
    assert told.exit_code == 0, told.output
    assert "4 looks, 2 accounts, 2 nominations, 1 files" in told.output
    assert out.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(contents(out.read_bytes())["incident.json"])["looks"]) == 4
    arguments[1] = "2026-03-02T09:00"
    assert "with their zone" in call().output
    arguments[1] = "2026-03-03T09:00+07:00"
    assert "The end comes after the beginning" in call().output
