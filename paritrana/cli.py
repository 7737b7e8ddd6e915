"""The console command `paritrana`: gathers the rooms' commands and loads each only when it is called.

`rank` and the commands that verify a document need no database, no settings and no network, so they stand here and
import the core alone, or the core and the signatures.
"""

import gc
import os
import sys
from errno import EBADF
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

import click

if TYPE_CHECKING:
    from flask import Flask

    from paritrana.config import Settings
    from paritrana.core.bundle import Bundle

LAZY: Final = {
    "authz": ("paritrana.home.cli:authz", "Print the table of who may do what."),
    "backup": ("paritrana.operations.cli:backup", "Copy the database and every file into a folder."),
    "check": ("paritrana.operations.cli:check", "Check the settings, the database, the chain and the file store."),
    "clear-second-factors": ("paritrana.accounts.cli:clear_second_factors", "Remove the second factors of an account."),
    "create-admin": ("paritrana.accounts.cli:create_admin", "Create an administrator's account."),
    "demo": ("paritrana.operations.cli:demo", "Fill a fresh database with the simulated cycles and serve it."),
    "export-site": (
        "paritrana.publication.static_site.cli:export_site",
        "Write the public pages into a folder that anything can serve.",
    ),
    "breach-pack": ("paritrana.privacy.cli:breach_pack", "Write what was seen in chosen hours, for the notices."),
    "retention": ("paritrana.privacy.cli:retention", "List what has reached the end of its time, or destroy it."),
    "restore": ("paritrana.operations.cli:restore", "Put a copy back on an empty place and check it."),
    "seed": ("paritrana.seeding.cli:seed", "Load the project's own data files."),
    "serve": ("paritrana.operations.cli:serve", "Serve the pages."),
    "set-password": ("paritrana.accounts.cli:set_password", "Set a new password for an account and lift its lock."),
    "upgrade": ("paritrana.operations.cli:upgrade", "Bring the database to the newest form."),
    "worker": ("paritrana.operations.cli:worker", "Carry out jobs."),
    "verify-audit": ("paritrana.inspection.cli:verify_audit", "Check the record of events, here or in a bundle."),
    "adopt-restore": ("paritrana.inspection.cli:adopt_restore", "Accept that a restored database lacks events."),
    "compare-checkpoints": ("paritrana.inspection.cli:compare_checkpoints", "Compare two checkpoints of one record."),
}
"""Command -> where it lives and what the help says of it."""

DIFFERENCES_SHOWN: Final = 20
LONGEST_NAME: Final = 120  # characters; signed texts of codes are longer than names of files usually are


class LazyGroup(click.Group):
    """A group that knows the names of its commands without loading Flask."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *LAZY])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in LAZY:
            return super().get_command(ctx, cmd_name)
        module, _, name = LAZY[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shorts = {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        shorts.update((name, short) for name, (_, short) in LAZY.items())
        with formatter.section("Commands"):
            formatter.write_dl(sorted(shorts.items()))


def make_app(settings: "Settings | None" = None) -> "Flask":
    """The application, loaded when a command asks for it. Raises `BadSettings`."""
    from paritrana.app import create_app
    from paritrana.scopes import Scope, set_scope

    set_scope(Scope(reason="a command works for the whole house; pages that it serves have the scope of who asks"))
    return create_app(settings)


@click.group(cls=LazyGroup)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Paritrana: run a Paritrana Award so that anybody can recompute its ranking."""
    # The commands stand in rooms below the application, so they are handed what builds it: `@click.pass_obj`.
    ctx.obj = make_app
    if ctx.invoked_subcommand in LAZY:
        from paritrana.scopes import Scope, set_scope

        set_scope(Scope(reason="whoever may start commands on the host works for the whole house"))


@main.command("rank")
@click.argument("bundle")
def rank_bundle(bundle: str) -> None:
    """Print the result of the open BUNDLE (a file, or - for standard input) as JSON. Exit 0, or 2 for a bad bundle."""
    from paritrana.core.bundle import dump_rows, result_rows
    from paritrana.core.ranking import rank

    _answer(dump_rows(result_rows(rank(_read(bundle).contest))))


@main.command("verify-ranking")
@click.argument("bundle")
def verify_ranking(bundle: str) -> None:
    """Recompute the open BUNDLE (a file, or - for standard input) and compare. Exit 0 same, 1 differs, 2 bad bundle."""
    from paritrana.core.bundle import compare

    differences = compare(_read(bundle))
    if not differences:
        _answer(b"The computation gives the same result.\n")
    lines = differences[:DIFFERENCES_SHOWN]
    if len(differences) > len(lines):
        lines.append(f"There are {len(differences) - len(lines)} more differences.")
    _answer("".join(f"{line}\n" for line in lines).encode(), status=1)


@main.command("verify-receipt")
@click.argument("receipt")
@click.option("--keys", required=True, help="The published list of keys: receipt-keys.json of the installation.")
def verify_receipt(receipt: str, keys: str) -> None:
    """Check the signed RECEIPT (a file, or - for standard input). Exit 0 signed so, 1 not, 2 cannot be read."""
    from paritrana.signing import NotSigned, read_document, read_keys, verify

    try:
        document, known = _bytes_of(receipt), _bytes_of(keys)
    except (OSError, ValueError) as fault:
        _complain(f"A file cannot be read: {getattr(fault, 'strerror', None) or fault}.")
        raise SystemExit(2) from None
    try:
        said = verify(read_document(document), read_keys(known))
    except NotSigned as refusal:
        _answer(f"{refusal}\n".encode(), status=1)
    _answer("".join(f"{name}: {value}\n" for name, value in sorted(said.items())).encode())


@main.command("verify-certificate")
@click.argument("certificate", metavar="FILE|PAYLOAD|-")
@click.option("--keys", required=True, help="The published list of keys: certificate-keys.json of the installation.")
def verify_certificate(certificate: str, keys: str) -> None:
    """Check a certificate without network: a PDF, the text of its QR code in a file or as an argument, or - for input.

    Exit 0 genuine, 1 not, 2 cannot be read. Whether it was revoked or replaced stands at the address in its QR code.
    """
    from paritrana.signing import NotSigned
    from paritrana.signing.faults import Unreadable
    from paritrana.signing.offline import facts_of
    from paritrana.signing.signed_pdf import read_certificate_keys

    try:
        known = read_certificate_keys(_bytes_of(keys))
        content = certificate.encode() if _is_code(certificate) else _bytes_of(certificate)
    except NotSigned as refusal:
        _complain(str(refusal))
        raise SystemExit(2) from None
    except (OSError, ValueError) as fault:
        _complain(f"A file cannot be read: {getattr(fault, 'strerror', None) or fault}.")
        raise SystemExit(2) from None
    try:
        facts = facts_of(content, known)
    except Unreadable as refusal:
        _complain(str(refusal))
        raise SystemExit(2) from None
    except NotSigned as refusal:
        _answer(f"{refusal}\n".encode(), status=1)
    _answer("".join(f"{name}: {value}\n" for name, value in facts.items()).encode())


def _is_code(argument: str) -> bool:
    """Whether an argument is the text of a QR code and no name of a file."""
    return argument != "-" and not os.path.exists(argument) and len(argument.rsplit("/", 1)[-1]) > LONGEST_NAME


def _read(path: str) -> "Bundle":
    """Read the bundle, or leave with one line on standard error and exit code 2."""
    from paritrana.core.bundle import WHOLE_FILE, BadBundle, parse

    # Until the command ends nothing is thrown away, and looking for rubbish in between costs a third of the time.
    gc.disable()
    click.get_current_context().call_on_close(gc.enable)
    try:
        return parse(_bytes_of(path))
    except BadBundle as refusal:
        sentence = str(refusal)
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        sentence = f"{WHOLE_FILE}: The file cannot be read: {reason}."
    _complain(sentence)
    raise SystemExit(2)


def _bytes_of(path: str) -> bytes:
    if path != "-":
        with open(path, "rb") as file:
            return file.read()
    if sys.stdin is None:
        raise OSError(EBADF, "Standard input is closed")
    return sys.stdin.buffer.read()


def _answer(text: bytes, status: int = 0) -> NoReturn:
    """Write the answer on standard output, in UTF-8 whatever the locale, and leave."""
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        # The reader has seen enough (`| head`), which says nothing about the bundle.
        _discard(sys.stdout)
    except OSError as fault:
        _discard(sys.stdout)
        _complain(f"The answer cannot be written: {fault.strerror}.")
        status = 2
    raise SystemExit(status)


def _complain(sentence: str) -> None:
    try:
        _write(sys.stderr, f"{sentence}\n".encode())
    except OSError:  # Nobody listens; the exit code still tells.
        _discard(sys.stderr)


def _write(stream: TextIO | None, text: bytes) -> None:
    if stream is not None:  # A process may be started with this stream closed.
        stream.flush()
        stream.buffer.write(text)
        stream.buffer.flush()


def _discard(stream: TextIO) -> None:
    """Send what is left in the buffer nowhere, so that the interpreter does not try again when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
