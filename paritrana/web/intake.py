"""Files of a form on their way in. A full folder for temporary files must not cost the texts of the same form.

The parser keeps small files in memory and puts larger ones into a temporary file. Where that fails it would stop in the
middle of the form; so the fault is kept until somebody reads the file, and the rest of the form arrives.
"""

from collections.abc import Callable
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from flask import Request, current_app

from paritrana.web.access import current_actor
from paritrana.web.fields import Sent

IN_MEMORY: Final = 500 * 1024  # bytes of one file


class Spool:
    """The bytes of one uploaded file; `read` raises what went wrong while they came in."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self._file: IO[bytes] = file or SpooledTemporaryFile(max_size=IN_MEMORY, mode="w+b")  # noqa: SIM115
        self._fault: OSError | None = None

    def write(self, data: bytes) -> int:
        """Take in some bytes; after a fault they are thrown away."""
        if self._fault is None:
            try:
                self._file.write(data)
            except OSError as fault:
                self._give_up(fault)
        return len(data)

    def seek(self, place: int, whence: int = 0) -> int:
        """Go to a place; writing what is left in a buffer belongs to it."""
        if self._fault is None:
            try:
                return self._file.seek(place, whence)
            except OSError as fault:
                self._give_up(fault)
        return 0

    def tell(self) -> int:
        """The place in the file, 0 after a fault."""
        return 0 if self._fault is not None else self._file.tell()

    def read(self, size: int = -1) -> bytes:
        """Some bytes. Raises the `OSError` of the fault."""
        if self._fault is not None:
            raise self._fault
        return self._file.read(size)

    def readline(self, size: int = -1) -> bytes:
        """One line. Raises the `OSError` of the fault."""
        if self._fault is not None:
            raise self._fault
        return self._file.readline(size)

    def seekable(self) -> bool:
        """Whether the whole size can be asked for."""
        return self._fault is None

    def close(self) -> None:
        """Let go of the bytes."""
        with suppress(OSError):  # what could not be written while they came in cannot be written now
            self._file.close()

    def _give_up(self, fault: OSError) -> None:
        self._fault = fault
        self.close()


def takes(size: int) -> Callable[[Any], Any]:
    """Let signed-in people send a view requests of up to `size` bytes; it stands above `@allowed`."""

    def mark(view: Any) -> Any:
        view.__takes__ = size
        return view

    return mark


class PatientRequest(Request):
    """A request whose files may fail to arrive without taking the texts with them; it knows which fields were read."""

    def _load_form_data(self) -> None:
        if "form" not in self.__dict__:
            super()._load_form_data()
            self.__dict__ |= {name: Sent(self.__dict__[name]) for name in ("form", "files")}

    @property
    def max_content_length(self) -> int | None:
        """The limit of the view that answers, else the one of the application, and for strangers always that."""
        size: int | None = getattr(current_app.view_functions.get(self.endpoint or ""), "__takes__", None)
        return size if size is not None and current_actor().signed_in else super().max_content_length

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        Request.max_content_length.fset(self, value)  # type: ignore[attr-defined]

    def _get_file_stream(self, *_sizes: Any, **_more: Any) -> IO[bytes]:
        spool = Spool()
        self.__dict__.setdefault("spools", []).append(spool)
        return spool  # type: ignore[return-value]

    def close(self) -> None:
        """Let go of the files, also of those of a form that broke off before it was whole."""
        super().close()
        for spool in self.__dict__.pop("spools", ()):
            spool.close()
