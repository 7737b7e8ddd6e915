"""Keys and signatures: made once, kept from others, and no changed byte passes."""

import base64
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from paritrana.signing import (
    Key,
    KeyMissing,
    NotSigned,
    UnsafeKey,
    key_id,
    make_key,
    public_keys,
    read_document,
    read_keys,
    signing_key,
    verify,
    written_keys,
)

SAID = {"receipt": "document", "nomination": "N-0000-0001", "sequence": 7, "size": 12, "sha256": "0" * 64}


@pytest.fixture
def key(tmp_path: Path) -> Key:
    make_key(tmp_path / "keys", "receipt")
    return signing_key(tmp_path / "keys", "receipt")


def test_a_key_is_made_once_and_is_the_owners_alone(tmp_path, key):
    folder = tmp_path / "keys"
    assert stat.S_IMODE((folder / "receipt.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    make_key(folder, "receipt")
    assert signing_key(folder, "receipt") == key
    assert [path.name for path in folder.iterdir()] == ["receipt.key"]


def test_a_key_that_others_can_read_is_refused(tmp_path, key):
    os.chmod(tmp_path / "keys" / "receipt.key", 0o640)
    with pytest.raises(UnsafeKey, match=r"receipt\.key"):
        make_key(tmp_path / "keys", "receipt")


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe", base64.b64encode(bytes(31))])
def test_what_is_no_key_signs_nothing(tmp_path, key, content):
    (tmp_path / "keys" / "receipt.key").write_bytes(content)
    with pytest.raises(KeyMissing):
        signing_key(tmp_path / "keys", "receipt")
    with pytest.raises(KeyMissing):
        public_keys(tmp_path / "keys", "receipt")


def test_the_key_of_the_standard_gives_the_public_key_of_the_standard():
    """RFC 8032, section 7.1, test 1."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert Key(seed).public == public
    assert Key(seed).id == key_id(public)


def test_a_stranger_verifies_a_signature_without_this_program(key):
    signed = json.loads(json.dumps(key.sign(SAID)))
    signature = base64.b64decode(signed.pop("signature"))
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    public = Ed25519PublicKey.from_public_bytes(key.public)
    public.verify(signature, text)
    with pytest.raises(InvalidSignature):
        public.verify(signature, text.replace(b"12", b"13"))


def test_what_was_signed_verifies_and_every_changed_byte_is_refused(key):
    keys = {key.id: key.public}
    text = json.dumps(key.sign(SAID)).encode()
    assert verify(read_document(text), keys) == SAID | {"key": key.id}
    # Spaces outside of the texts of JSON say nothing; every other byte counts.
    for place in range(len(text)):
        changed = text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]
        with pytest.raises(NotSigned):
            verify(read_document(changed), keys)


@pytest.mark.parametrize(
    "change",
    [{"signature": ""}, {"signature": 5}, {"signature": "ü"}, {"key": 5}, {"key": "x"}, {"more": 1}, {"size": 12.0}],
)
def test_what_has_another_form_is_refused(key, change):
    with pytest.raises(NotSigned):
        verify(key.sign(SAID) | change, {key.id: key.public})


def test_an_unsigned_text_and_a_foreign_key_are_refused(key):
    with pytest.raises(NotSigned, match="not signed"):
        verify(SAID, {key.id: key.public})
    stranger = Key(bytes(32))
    with pytest.raises(NotSigned, match="does not name"):
        verify(stranger.sign(SAID), {key.id: key.public})
    # A key under the name of another one.
    with pytest.raises(NotSigned, match="another key"):
        verify(stranger.sign(SAID), {stranger.id: key.public})


def test_an_older_key_still_verifies_what_it_signed(tmp_path, key):
    folder, signed = tmp_path / "keys", key.sign(SAID)
    (folder / "receipt.key").rename(folder / "receipt-2026.key")
    make_key(folder, "receipt")
    keys = read_keys(json.dumps(written_keys(public_keys(folder, "receipt"))).encode())
    assert len(keys) == 2
    assert verify(signed, keys)["sequence"] == 7
    assert signing_key(folder, "receipt").sign(SAID)["key"] != key.id
    (folder / "receipt-broken.key").write_bytes(b"?")
    assert len(public_keys(folder, "receipt")) == 2


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": []}', b'{"keys": {"0123456789abcdef": "AAAA"}}',
        b'{"keys": {}, "keys": {}}', b"[" * 5000, b"\xff", b" " * 70_000,
        json.dumps({"keys": {"0" * 16: base64.b64encode(bytes(32)).decode()}}).encode(),
    ],
)  # fmt: skip
def test_what_is_no_list_of_keys_is_refused(text):
    with pytest.raises(NotSigned):
        read_keys(text)


def test_the_command_tells_signed_from_changed(tmp_path, key):
    keys, receipt = tmp_path / "keys.json", tmp_path / "receipt.json"
    keys.write_text(json.dumps(written_keys({key.id: key.public})))

    def run(text: str) -> subprocess.CompletedProcess[str]:
        receipt.write_text(text)
        command = [sys.executable, "-m", "paritrana", "verify-receipt", str(receipt), "--keys", str(keys)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    text = json.dumps(key.sign(SAID))
    answer = run(text)
    assert answer.returncode == 0, answer.stderr
    assert "nomination: N-0000-0001\n" in answer.stdout
    answer = run(text.replace("N-0000-0001", "N-0000-0002"))
    assert answer.returncode == 1
    assert "changed" in answer.stdout
    keys.unlink()
    answer = run(text)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "cannot be read" in answer.stderr
