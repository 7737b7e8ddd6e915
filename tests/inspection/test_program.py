"""The program for strangers: whatever it is given, it answers 0, 1 or 2, and says in one line why it cannot read."""

import json
import zipfile
from pathlib import Path

import pytest

from paritrana.inspection.verify_audit import FORMAT, START, main

NOTE = "host/c/judging\n1\n" + "A" * 43 + "=\n\n— host " + "A" * 91 + "=\n"
MANIFEST = {"format": FORMAT, "host": "host", "cycle": "c", "bodies": "all", "tables": [], "files": {},
            "streams": {"c/judging": {"size": 0, "leaf": START}}}  # fmt: skip
WHOLE = {
    "manifest.json": json.dumps(MANIFEST),
    "events.jsonl": "",
    "checkpoints.jsonl": "",
    "keys.json": '{"keys": []}',
}
HEADER = ("stream", "kind", "at_utc", "object_ref", "commit", "prev", "leaf")


def key(public: str) -> str:
    """A list with one key."""
    return json.dumps({"keys": [{"name": "h", "public": public}]})


def bundle(folder: Path, **changes: str | None) -> str:
    """A bundle with other contents of some of its files; none leaves one out."""
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (WHOLE | {one.replace("__", "."): text for one, text in changes.items()}).items():
            if content is not None:
                archive.writestr(name, content)
    return str(path)


def test_an_empty_history_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([bundle(tmp_path)]) == 0
    assert "c/judging: 0 events, whole." in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes",
    [
        {"manifest__json": None}, {"manifest__json": "["}, {"manifest__json": "[]"}, {"manifest__json": "{}"},
        {"manifest__json": json.dumps({"format": FORMAT})}, {"events__jsonl": "x\n"}, {"events__jsonl": "{}\n"},
        {"events__jsonl": json.dumps(dict.fromkeys(HEADER, ""))},
        {"checkpoints__jsonl": "{}\n"}, {"checkpoints__jsonl": '{"note": "x"}\n'}, {"keys__json": "{}"},
        {"keys__json": key("?")}, {"keys__json": key("")},
        {"keys__json": '{"keys": [1]}'}, {"tables/mark__jsonl": "{}\n"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str | None]
) -> None:
    assert main([bundle(tmp_path, **changes)]) == 2
    answer = capsys.readouterr()
    assert (answer.out, len(answer.err.splitlines())) == ("", 1)


def test_files_that_are_none_are_told(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_bytes(b"\xff no bundle")
    assert main([str(text)]) == main([str(tmp_path / "missing")]) == 2
    whole = bundle(tmp_path)
    assert main([whole, "--checkpoint", str(text)]) == main([whole, "--keys", str(text)]) == 2
    assert main(["--proof", str(text)]) == main(["--compare", str(text), str(text)]) == 2
    text.write_text("{}")
    assert main(["--proof", str(text)]) == 2
    with pytest.raises(SystemExit):
        main([])


@pytest.mark.parametrize(
    "changes",
    [
        {"manifest__json": json.dumps(MANIFEST | {"files": {"events.jsonl": "0" * 64}})},
        {"manifest__json": json.dumps(MANIFEST | {"streams": {"c/judging": {"size": 1, "leaf": START}}})},
        {"manifest__json": json.dumps(MANIFEST | {"tables": ["mark"]})},
        {"tables/unheard__jsonl": ""}, {"published/x__json": "{}"},
        {"checkpoints__jsonl": json.dumps({"note": NOTE}) + "\n"},
        {"tables/mark__jsonl": '{"ref": "L-1", "part": ["A1", 1], "values": {}}\n'},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_tampered_with(tmp_path: Path, changes: dict[str, str | None]) -> None:
    assert main([bundle(tmp_path, **changes)]) == 1


def test_a_checkpoint_of_another_cycle_or_of_a_stream_that_is_gone(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text(NOTE.replace("host/c/", "host/d/"), encoding="utf-8")
    assert main([bundle(tmp_path), "--checkpoint", str(note)]) == 2
    note.write_text(NOTE.replace("c/judging", "c/intake"), encoding="utf-8")
    assert main([bundle(tmp_path), "--checkpoint", str(note)]) == 1
