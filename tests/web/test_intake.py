"""A file that cannot be put aside while a form comes in costs its own bytes and nothing else of the form."""

import errno
import io

import pytest
from flask import Flask, request

from paritrana.web.fields import know, refuse_unknown
from paritrana.web.intake import PatientRequest, Spool


class FullFile(io.BytesIO):
    """A file of a full disk: it takes `room` bytes, and a buffer may hide that until it is positioned."""

    def __init__(self, room, *, buffered=False):
        super().__init__()
        self.room, self.buffered, self.over = room, buffered, False

    def write(self, data):
        self.over = self.over or self.tell() + len(data) > self.room
        if self.over and not self.buffered:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)

    def seek(self, place, whence=0):
        if self.over:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().seek(place, whence)

    def close(self):
        if self.over:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().close()


def test_a_file_that_arrives_is_read_as_it_came():
    spool = Spool()
    assert spool.write(b"first\nsecond") == 12
    assert spool.seek(0) == 0
    assert spool.readline() == b"first\n"
    assert spool.tell() == 6
    assert spool.read(3) == b"sec"
    assert spool.read() == b"ond"
    assert spool.seekable()
    spool.close()


@pytest.mark.parametrize("buffered", [False, True], ids=["at once", "when it is positioned"])
def test_a_fault_is_kept_until_somebody_reads(buffered):
    spool = Spool(FullFile(10, buffered=buffered))
    assert [spool.write(b"12345678"), spool.write(b"12345678"), spool.write(b"1")] == [8, 8, 1]
    assert spool.seek(0, 2) == 0
    assert spool.tell() == 0
    assert not spool.seekable()
    for read in (spool.read, spool.readline):
        with pytest.raises(OSError, match="No space left"):
            read()
    spool.close()


def test_the_texts_of_a_form_arrive_when_its_file_does_not():
    class FullRequest(PatientRequest):
        def _get_file_stream(self, *_sizes, **_more):
            return Spool(FullFile(100))

    app = Flask(__name__)
    app.request_class = FullRequest
    form = {"before": "one", "file": (io.BytesIO(b"x" * 100_000), "SK.pdf"), "after": "two"}
    with app.test_request_context("/", method="POST", data=form):
        assert request.form.to_dict() == {"before": "one", "after": "two"}
        assert request.files["file"].filename == "SK.pdf"
        with pytest.raises(OSError, match="No space left"):
            request.files["file"].read()


def test_a_file_of_a_form_arrives_whole():
    app = Flask(__name__)
    app.request_class = PatientRequest
    content = bytes(range(256)) * 4000
    with app.test_request_context("/", method="POST", data={"file": (io.BytesIO(content), "SK.pdf")}):
        assert request.files["file"].read() == content
        request.files["file"].close()
        request.environ["wsgi.input"].close()


def test_a_form_that_was_read_is_not_read_again():
    app = Flask(__name__)
    app.request_class = PatientRequest
    with app.test_request_context("/", method="POST", data={"note": "one"}):
        first = request.form
        assert first["note"] == "one"
        assert request.get_data(parse_form_data=True) == b""
        assert request.form is first
        assert first.unknown == []
        know(["note", "more"])
        assert "more" in request.files.asked


def test_what_another_kind_of_request_sends_is_not_watched():
    app = Flask(__name__)
    with app.test_request_context("/", method="POST", data={"note": "one"}):
        know(["note"])
        refuse_unknown()
        assert request.form.to_dict() == {"note": "one"}
