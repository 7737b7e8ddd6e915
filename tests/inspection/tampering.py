"""Ways to tamper with a history, as somebody who may write everything in the database file: triggers are gone for them.

Each takes the opened database and a source of chance, changes something, and gives the name of what it did. Those that
recompute leave a chain that holds in itself: only a checkpoint that somebody kept tells that it is another one.
"""

import json
import random
import sqlite3
from collections.abc import Callable
from typing import Any

from paritrana.core import chain
from tests.inspection.history import CYCLE, STREAMS

HEADER = ("stream", "seq", "kind", "at_utc", "object_ref", "commitment", "prev", "leaf")
Row = dict[str, Any]
Tampering = Callable[[sqlite3.Connection, random.Random], None]


def events(db: sqlite3.Connection, stream: str) -> list[Row]:
    """The events of a stream with their bodies."""
    rows = db.execute(
        f"SELECT {', '.join(f'e.{name}' for name in HEADER)}, b.salt, b.body FROM event e "
        "JOIN event_body b ON b.stream = e.stream AND b.seq = e.seq WHERE e.stream = ? ORDER BY e.seq", [stream],
    )  # fmt: skip
    return [dict(row) for row in rows]


def rewrite(db: sqlite3.Connection, stream: str, rows: list[Row]) -> None:
    """Write a stream anew, every number, commitment, leaf and the head recomputed."""
    db.execute("DELETE FROM event_body WHERE stream = ?", [stream])
    db.execute("DELETE FROM event WHERE stream = ?", [stream])
    prev, last = chain.START, ""
    for seq, row in enumerate(rows, 1):
        last = max(last, row["at_utc"])
        commitment = chain.commitment(row["salt"], row["body"])
        header = {**{name: row[name] for name in ("kind", "object_ref")}, "stream": stream, "seq": seq,
                  "at_utc": last, "commitment": commitment, "prev": prev}  # fmt: skip
        prev = chain.leaf(**header)
        values = [*(header[name] for name in HEADER[:-1]), prev]
        db.execute(f"INSERT INTO event ({', '.join(HEADER)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        db.execute(
            "INSERT INTO event_body (stream, seq, salt, body) VALUES (?, ?, ?, ?)",
            [stream, seq, row["salt"], row["body"]],
        )
    db.execute("UPDATE stream_head SET seq = ?, leaf = ?, at_utc = ? WHERE stream = ?", [len(rows), prev, last, stream])


def _stream(chance: random.Random) -> str:
    return chance.choice(STREAMS)


def _signed(db: sqlite3.Connection, stream: str) -> int:
    return int(db.execute("SELECT max(size) FROM checkpoint WHERE stream = ?", [stream]).fetchone()[0])


def _place(db: sqlite3.Connection, stream: str, chance: random.Random) -> int:
    """The place of an event that a checkpoint signs, counted from 0."""
    return chance.randrange(_signed(db, stream) - 1)


def _changed_body(body: bytes, chance: random.Random) -> bytes:
    document = json.loads(body)
    document["values"]["note" + str(chance.randrange(1000))] = "x"
    return chain.canon(document)


def body(db: sqlite3.Connection, chance: random.Random) -> None:
    """The text of an event is another one."""
    stream = _stream(chance)
    row = events(db, stream)[_place(db, stream, chance)]
    changed = _changed_body(row["body"], chance)
    db.execute("UPDATE event_body SET body = ? WHERE stream = ? AND seq = ?", [changed, stream, row["seq"]])


def salt(db: sqlite3.Connection, chance: random.Random) -> None:
    """The salt of an event is another one."""
    stream = _stream(chance)
    values = [chance.randbytes(32), stream, _place(db, stream, chance) + 1]
    db.execute("UPDATE event_body SET salt = ? WHERE stream = ? AND seq = ?", values)


def commitment(db: sqlite3.Connection, chance: random.Random) -> None:
    """Text and commitment fit each other again, the leaf does not."""
    stream = _stream(chance)
    row = events(db, stream)[_place(db, stream, chance)]
    changed = _changed_body(row["body"], chance)
    where = [stream, row["seq"]]
    db.execute("UPDATE event_body SET body = ? WHERE stream = ? AND seq = ?", [changed, *where])
    sealed = chain.commitment(row["salt"], changed)
    db.execute("UPDATE event SET commitment = ? WHERE stream = ? AND seq = ?", [sealed, *where])


def one_leaf(db: sqlite3.Connection, chance: random.Random) -> None:
    """Text, commitment and leaf of one event fit each other, the next event does not follow."""
    commitment(db, chance)
    for stream in STREAMS:
        for row in events(db, stream):
            header = {name: row[name] for name in HEADER[:-1]}
            if chain.leaf(**header) != row["leaf"]:
                where = [chain.leaf(**header), stream, row["seq"]]
                db.execute("UPDATE event SET leaf = ? WHERE stream = ? AND seq = ?", where)


def header(db: sqlite3.Connection, chance: random.Random) -> None:
    """The kind, the moment or the object of an event is another one."""
    stream = _stream(chance)
    name = chance.choice(("kind", "at_utc", "object_ref"))
    seq = _place(db, stream, chance) + 1
    db.execute(f"UPDATE event SET {name} = {name} || 'x' WHERE stream = ? AND seq = ?", [stream, seq])


def recomputed(db: sqlite3.Connection, chance: random.Random) -> None:
    """The text of an event is another one, and the whole chain after it was computed anew."""
    stream = _stream(chance)
    rows = events(db, stream)
    row = rows[_place(db, stream, chance)]
    row["body"] = _changed_body(row["body"], chance)
    rewrite(db, stream, rows)


def header_recomputed(db: sqlite3.Connection, chance: random.Random) -> None:
    """The object of an event is another one, and the whole chain after it was computed anew."""
    stream = _stream(chance)
    rows = events(db, stream)
    rows[_place(db, stream, chance)]["object_ref"] += "x"
    rewrite(db, stream, rows)


def deleted(db: sqlite3.Connection, chance: random.Random) -> None:
    """An event is gone."""
    stream = _stream(chance)
    seq = _place(db, stream, chance) + 1
    db.execute("DELETE FROM event_body WHERE stream = ? AND seq = ?", [stream, seq])
    db.execute("DELETE FROM event WHERE stream = ? AND seq = ?", [stream, seq])


def deleted_recomputed(db: sqlite3.Connection, chance: random.Random) -> None:
    """An event is gone, and the whole chain after it was computed anew."""
    stream = _stream(chance)
    rows = events(db, stream)
    del rows[_place(db, stream, chance)]
    rewrite(db, stream, rows)


def inserted_recomputed(db: sqlite3.Connection, chance: random.Random) -> None:
    """An event was added in the middle, and the whole chain after it was computed anew."""
    stream = _stream(chance)
    rows = events(db, stream)
    place = _place(db, stream, chance)
    rows.insert(place, {**rows[place], "salt": chance.randbytes(32), "object_ref": "X-0000-0000"})
    rewrite(db, stream, rows)


def swapped_recomputed(db: sqlite3.Connection, chance: random.Random) -> None:
    """Two neighbours have changed places, and the whole chain after them was computed anew."""
    stream = _stream(chance)
    rows = events(db, stream)
    place = _place(db, stream, chance)
    rows[place], rows[place + 1] = rows[place + 1], rows[place]
    rewrite(db, stream, rows)


def cut(db: sqlite3.Connection, chance: random.Random) -> None:
    """The last events are gone, and the head says so."""
    stream = _stream(chance)
    rows = events(db, stream)
    rewrite(db, stream, rows[: chance.randrange(1, _signed(db, stream))])


def cut_and_grown(db: sqlite3.Connection, chance: random.Random) -> None:
    """The last events are gone, and others stand in their place, as many as before: a fork."""
    stream = _stream(chance)
    rows = events(db, stream)
    place = chance.randrange(1, _signed(db, stream))
    rows[place:] = [{**row, "salt": chance.randbytes(32)} for row in rows[place:]]
    rewrite(db, stream, rows)


def stream_gone(db: sqlite3.Connection, chance: random.Random) -> None:
    """A stream is gone, with its head and its checkpoints."""
    stream = _stream(chance)
    for table in ("event_body", "event", "stream_head", "checkpoint"):
        db.execute(f"DELETE FROM {table} WHERE stream = ?", [stream])


def erased(db: sqlite3.Connection, chance: random.Random) -> None:
    """A text is gone without being marked as erased."""
    stream = _stream(chance)
    values = [stream, _place(db, stream, chance) + 1]
    db.execute("UPDATE event_body SET salt = NULL, body = NULL WHERE stream = ? AND seq = ?", values)


def checkpoint_row(db: sqlite3.Connection, chance: random.Random) -> None:
    """A checkpoint signs another root."""
    stream = _stream(chance)
    sizes = [row[0] for row in db.execute("SELECT size FROM checkpoint WHERE stream = ?", [stream])]
    size = chance.choice(sizes)
    note = db.execute("SELECT note FROM checkpoint WHERE stream = ? AND size = ?", [stream, size]).fetchone()[0]
    lines = note.split("\n")
    lines[2] = lines[2][::-1].lstrip("=")[:43] + "="
    db.execute("UPDATE checkpoint SET note = ? WHERE stream = ? AND size = ?", ["\n".join(lines), stream, size])


# What stands in the tables, past the events: a statement, which must change a row.
ROWS: dict[str, tuple[str, ...]] = {
    "mark": (
        "UPDATE mark SET value = '1.25' WHERE id = {id}",
        "UPDATE mark SET feedback = feedback || 'x' WHERE id = {id}",
        "UPDATE mark SET version = version + 1 WHERE id = {id}",
        "DELETE FROM mark WHERE id = {id}",
    ),
    "sheet": (
        "UPDATE sheet SET submitted_at = '2026-01-01 00:00:00.000000' WHERE id = {id}",
        "UPDATE sheet SET digest = 'x' WHERE id = {id}",
        "UPDATE sheet SET attempt = attempt + 1 WHERE id = {id}",
    ),
    "seat": (
        "UPDATE seat SET constituency = constituency || 'x' WHERE id = {id}",
        "UPDATE seat SET role = 'substitute' WHERE id = {id} AND role <> 'substitute'",
        "UPDATE seat SET decree_number = 'x' WHERE id = {id}",
        "DELETE FROM seat WHERE id = {id}",
    ),
    "category": (
        "UPDATE category SET closes_at = '2026-01-01 00:00:00.000000' WHERE id = {id}",
        "UPDATE category SET opens_at = '2025-01-01 00:00:00.000000' WHERE id = {id}",
        "UPDATE category SET state = 5 WHERE id = {id}",
    ),
    "publication": (
        "UPDATE publication SET digest = 'x' WHERE id = {id}",
        "UPDATE publication SET bundle = CAST(bundle || x'20' AS BLOB) WHERE id = {id}",
        "UPDATE publication SET reason = 'x' WHERE id = {id}",
        "DELETE FROM publication WHERE id = {id}",
    ),
}


def row_of(table: str) -> Tampering:
    """A tampering with one row of a table, past the events."""

    def change(db: sqlite3.Connection, chance: random.Random) -> None:
        numbers = [row[0] for row in db.execute(f"SELECT id FROM {table} ORDER BY id")]
        if table == "seat":  # those that a member of a panel has
            numbers = [row[0] for row in db.execute("SELECT id FROM seat WHERE role <> 'substitute' ORDER BY id")]
        if table == "category":
            query = "SELECT g.id FROM category g JOIN cycle c ON c.id = g.cycle_id WHERE c.code = ?"
            numbers = [row[0] for row in db.execute(query, [CYCLE])]
        statement = chance.choice(ROWS[table]).format(id=chance.choice(numbers))
        assert db.execute(statement).rowcount == 1, statement

    return change


def mark_and_chain(db: sqlite3.Connection, chance: random.Random) -> None:
    """A mark, its events and the whole chain after them say the same other value."""
    stream = STREAMS[1]
    rows = events(db, stream)
    signed = _signed(db, stream)
    saved = [row for row in rows[:signed] if row["kind"] == "mark.saved"]
    chosen = chance.choice(saved)
    document = json.loads(chosen["body"])
    document["values"]["value"] = "1.5"
    chosen["body"] = chain.canon(document)
    rewrite(db, stream, rows)
    values = document["values"]
    statement = (
        "UPDATE mark SET value = '1.5', reason = NULL WHERE indicator = ? AND round = ? "
        "AND sheet_id = (SELECT id FROM sheet WHERE ref = ?)"
    )
    assert db.execute(statement, [values["indicator"], values["round"], chosen["object_ref"]]).rowcount == 1


KINDS: dict[str, Tampering] = {
    "body": body,
    "salt": salt,
    "commitment": commitment,
    "one leaf": one_leaf,
    "header": header,
    "deleted": deleted,
    "erased": erased,
    "checkpoint row": checkpoint_row,
    "recomputed": recomputed,
    "header recomputed": header_recomputed,
    "deleted, recomputed": deleted_recomputed,
    "inserted, recomputed": inserted_recomputed,
    "swapped, recomputed": swapped_recomputed,
    "rolled back": cut,
    "forked": cut_and_grown,
    "stream gone": stream_gone,
    "mark and chain": mark_and_chain,
    **{f"row of {table}": row_of(table) for table in ROWS},
}
RECOMPUTED = frozenset(
    {"recomputed", "header recomputed", "deleted, recomputed", "inserted, recomputed", "swapped, recomputed",
     "rolled back", "forked", "mark and chain"}
)  # fmt: skip
