"""Commands about personal data."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from flask import Flask

from paritrana.config import BadSettings, Settings, load_settings
from paritrana.core.errors import ParitranaError
from paritrana.cycles.queries import get_cycle
from paritrana.database import db, reading, set_writing
from paritrana.jobs.kinds import SYSTEM
from paritrana.privacy import breach, service
from paritrana.web.access import now

MakeApp = Callable[[Settings], Flask]


@contextmanager
def _inside(make_app: MakeApp) -> Iterator[Settings]:
    try:
        app = make_app(load_settings())
    except BadSettings as refusal:
        raise click.ClickException(str(refusal)) from None
    with app.app_context():
        try:
            yield app.extensions["settings"]
        except ParitranaError as refusal:
            raise click.ClickException(refusal.message % refusal.params) from None
        finally:
            db.session.remove()
            db.engine.dispose()
            app.extensions["security_log"].close()


@click.command("retention")
@click.option("--report", "mode", flag_value="report", default=True, help="List what is due; changes nothing.")
@click.option("--apply", "mode", flag_value="apply", help="Destroy what two people have agreed on.")
@click.pass_obj
def retention(make_app: MakeApp, mode: str) -> None:
    """List what has reached the end of its time, or destroy what two people confirmed on the pages."""
    with _inside(make_app) as settings:
        if mode == "report":
            with reading():
                for line in service.report(settings, now()):
                    rule = line.rule
                    click.echo(
                        f"{rule.kind.name:18} kept {rule.days:5} days (version {rule.version}, {rule.basis}): "
                        f"{len(line.items)} due, {line.bytes} bytes"
                    )
            return
        set_writing(True)
        waiting = service.unfinished()
        for request in waiting:
            for record in service.destroy(request, settings, actor=SYSTEM, at=now()):
                click.echo(f"{record.ref}: {record.kind}, {record.count} destroyed, as agreed in {record.request_ref}.")
        if not waiting:
            click.echo("No confirmed request waits. Ask on the page System, Personal data; an auditor confirms there.")


@click.command("breach-pack")
@click.option("--from", "since", required=True, type=datetime.fromisoformat, help="2026-03-02T09:30+07:00")
@click.option("--to", "until", required=True, type=datetime.fromisoformat, help="2026-03-02T17:00+07:00")
@click.option("--cycle", default="", help="Only nominations of this cycle.")
@click.option("--account", default="", help="Reference of the account that was misused: U-…")
@click.option("--file", "file", default="", help="A nomination or a document: N-…/3")
@click.option("--source", default="", help="Address of the network.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The ZIP file to write.")
@click.pass_obj
def breach_pack(
    make_app: MakeApp,
    since: datetime,
    until: datetime,
    cycle: str,
    account: str,
    file: str,
    source: str,
    out: Path,
) -> None:
    """Write what was seen in these hours, by whom, and whom it concerns, with drafts of the notices."""
    if since.tzinfo is None or until.tzinfo is None:
        raise click.ClickException("Write the moments with their zone, for example 2026-03-02T09:30+07:00.")
    with _inside(make_app) as settings, reading():
        asked = breach.Asked(since, until, account=account, file=file, source=source)
        chosen = get_cycle(cycle) if cycle else None
        pack = breach.gather(asked, settings, at=now(), cycle=chosen)
        out.touch(mode=0o600)
        out.write_bytes(breach.archive(pack, settings.operator_name))
        click.echo(
            f"{len(pack.lines)} looks, {len(pack.readers)} accounts, {len(pack.objects)} nominations, "
            f"{len(pack.files)} files, {len(pack.persons)} persons: {out}"
        )
