"""How fast files come in and pages are drawn, beside plain code that does the same to the same bytes.

Run it as `python -m benchmarks.files`. It serves a small world with the real server process and worker process, signs
one person in for each client, and prints JSON lines; every floor is measured in the same run:

* `plain files`: one program writes each file block by block, takes its SHA-256 and calls fsync, one after the other;
* `upload`: the clients announce, send in parts and complete the same files over HTTP at the same time, which ends with
  each file looked at in a process of its own, kept and receipted. `ratio` is its time beside the plain one. The memory
  is that of the web process before, at most while, and after the files come in, once every kind of request has been
  made once;
* `plain pages`: pypdfium2 renders the pages of a document to pixels, in a process that does nothing else;
* `previews`: the worker's job that draws the same pages and keeps them as files, from its start to its end.
"""

import argparse
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import create_engine, text

from paritrana.clock import SystemClock
from paritrana.files.store import BLOCK
from tests.conftest import Workshop, release
from tests.factories import PASSWORD, world
from tests.faults.server import free_port
from tests.nominations.pages import draft

MEGABYTE = 1_000_000
CLIENTS = (  # person, organisation, category, kind of evidence under which the documents stand
    ("nominee-1", "regency-1", "kabkota", "coverage"),
    ("nominee-2", "regency-2", "kabkota", "coverage"),
    ("nominee-3", "regency-3", "kabkota", "coverage"),
    ("employer", "employer", "badan-usaha", "compliance"),
)
MARK = b"BENCHMARK-000000"
PATIENCE = 60  # seconds for the server to answer and for the worker to draw
BUSY, AGAIN = 503, 0.1  # status and seconds
RENDER = """
import sys, time, pypdfium2
from paritrana.files.previews.render import ENLARGED, HEIGHT, WIDTH
start = time.perf_counter()
document = pypdfium2.PdfDocument(sys.argv[1])
for page in document:
    wide, high = page.get_size()
    page.render(scale=min(WIDTH / wide, HEIGHT / high, ENLARGED)).to_pil()
print(time.perf_counter() - start)
"""


def scan(size: int) -> bytes:
    """A document of about `size` bytes as a scanner makes it: pages that are photographs which do not shrink."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(595, 842), invariant=1, pageCompression=0)
    canvas.setTitle(MARK.decode())
    left = size
    while left > 4000:
        side = max(8, min(600, int((left / 2) ** 0.5)))  # two bytes for each pixel of noise, at most
        picture = io.BytesIO()
        Image.frombytes("RGB", (side, side), os.urandom(3 * side * side)).save(picture, "JPEG", quality=60)
        canvas.drawImage(ImageReader(picture), 0, 0, 595, 842)
        canvas.showPage()
        left -= len(picture.getvalue()) * 5 // 4  # it stands there as text, five characters for four bytes
    if left == size:
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def pages_of_text(count: int) -> bytes:
    """A document of `count` full pages of figures, as budget documents are."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(595, 842), invariant=1)
    for page in range(1, count + 1):
        canvas.setFont("Helvetica", 9)
        for row in range(60):
            canvas.drawString(40, 800 - 12.5 * row, f"{page}.{row:02d}  Iuran pekerja rentan, kecamatan contoh {row}")
            canvas.drawRightString(555, 800 - 12.5 * row, f"{(page * 7919 + row * 104729) % 10**9:,}")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


class Client:
    """A signed-in browser that keeps its connection to the server during an upload."""

    def __init__(self, port: int, name: str) -> None:
        self.line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.cookies: dict[str, str] = {}
        self.token = self._token("/sign-in")
        said = {"csrf_token": self.token, "email": f"{name}@contoh.test", "password": PASSWORD}
        kind = "application/x-www-form-urlencoded"
        self.ask("POST", "/sign-in", urlencode(said).encode(), 303, Content_Type=kind)
        self.token = self._token("/home")
        self.line.close()

    def ask(self, method: str, path: str, body: bytes, wanted: int, **headers: str) -> bytes:
        """One request whose answer must have the status `wanted`; gives the body of the answer."""
        status, content = self.send(method, path, body, **headers)
        assert status == wanted, (method, path, status, content[:300])
        return content

    def send(self, method: str, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        """One request; status and body of the answer."""
        sent = {"Sec-Fetch-Site": "same-origin", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        self.line.request(method, path, body, sent | {key.replace("_", "-"): one for key, one in headers.items()})
        answer = self.line.getresponse()
        content = answer.read()
        for key, value in answer.getheaders():
            if key.lower() == "set-cookie":
                name, _, rest = value.partition("=")
                self.cookies[name] = rest.partition(";")[0]
        return answer.status, content

    def upload(self, nomination: str, kind: str, name: str, content: bytes, sha256: str) -> None:
        """Announce a file, send it in parts, complete it."""
        headers = {"X_CSRFToken": self.token, "Accept": "application/json"}
        said = {"name": name, "size": len(content), "sha256": sha256, "kind": kind, "requirement": ""}
        body = json.dumps(said).encode()
        base = f"/nominations/{nomination}/uploads"
        found = json.loads(self.ask("POST", base, body, 201, Content_Type="application/json", **headers))
        for offset in range(found["offset"], len(content), found["chunk"]):
            part = content[offset : offset + found["chunk"]]
            self.ask("PUT", f"{found['upload']}?offset={offset}", part, 200, **headers)
        # Where others wait for the look at their files the server asks to come again, and the page does.
        while (answer := self.send("POST", f"{found['upload']}/complete", b"", **headers))[0] == BUSY:
            time.sleep(AGAIN)
        assert answer[0] == 201, answer
        self.line.close()  # the server would end it soon after the last answer

    def _token(self, page: str) -> str:
        found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', self.ask("GET", page, b"", 200))
        assert found is not None, page
        return found[1].decode()


def tell(measure: str, **figures: Any) -> None:
    """Print one line."""
    print(json.dumps({"measure": measure, **figures}), flush=True)


def write_plainly(files: Sequence[bytes], folder: Path) -> float:
    """Write, hash and sync one file after the other; gives seconds."""
    folder.mkdir()
    start = time.perf_counter()
    for no, content in enumerate(files):
        digest, view = hashlib.sha256(), memoryview(content)
        with (folder / str(no)).open("xb", buffering=0) as file:
            for place in range(0, len(content), BLOCK):
                file.write(view[place : place + BLOCK])
                digest.update(view[place : place + BLOCK])
            os.fsync(file.fileno())
        digest.hexdigest()
    return time.perf_counter() - start


def wait_for(said: Callable[[], Any]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE
    while not said():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.05)


def answers(port: int) -> bool:
    """Whether the server does."""
    line = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/static/favicon.svg")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


class Memory:
    """What a process holds in memory, in kilobytes; only Linux tells."""

    def __init__(self, pid: int) -> None:
        self.folder = Path(f"/proc/{pid}")

    def now(self) -> int | None:
        """At this moment."""
        return self._figure("VmRSS")

    def peak(self) -> int | None:
        """The most since `forget`."""
        return self._figure("VmHWM")

    def forget(self) -> None:
        """Let the most be what it is now."""
        with suppress(OSError):
            (self.folder / "clear_refs").write_text("5", encoding="ascii")

    def _figure(self, name: str) -> int | None:
        try:
            found = re.search(rf"^{name}:\s+(\d+)", (self.folder / "status").read_text(encoding="ascii"), re.MULTILINE)
        except OSError:
            return None
        return int(found[1]) if found else None


def web_process(pid: int) -> int:
    """The process that answers, which the one that watches over it has forked."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        children = (task / "children").read_text(encoding="ascii").split()
        if children:
            return int(children[0])
    return pid


def measure_previews(client: Client, nomination: str, kind: str, pages: int, here: "Place") -> None:
    """Upload one document and have the worker draw it."""
    content = pages_of_text(pages)
    path = here.folder / "pages.pdf"
    path.write_bytes(content)
    floor = min(here.python(RENDER, str(path)) for _round in range(3))
    tell("plain pages", pages=pages, bytes=len(content), seconds=round(floor, 3))
    with here.running("worker"):
        wait_for(here.rests)  # a worker begins with the regular jobs that are due
        client.upload(nomination, kind, "halaman.pdf", content, hashlib.sha256(content).hexdigest())
        wait_for(lambda: here.drawn(pages))
    seconds = here.drawn(pages)[-1]
    tell("previews", pages=pages, bytes=len(content), seconds=round(seconds, 3), ratio=round(seconds / floor, 2))


def measure_uploads(
    clients: Sequence[Client], places: Sequence[tuple[str, str]], files: Sequence[bytes], here: "Place"
) -> None:
    """Every client sends its share of the files, one after the other, all clients at the same time."""
    total = sum(map(len, files))
    about = {"files": len(files), "bytes": total}
    floor = write_plainly(files, here.folder / "plain")
    tell("plain files", **about, seconds=round(floor, 3), mb_per_second=round(total / floor / MEGABYTE, 1))
    hashed = [hashlib.sha256(one).hexdigest() for one in files]

    def send(no: int) -> None:
        nomination, kind = places[no]
        for which in range(no, len(files), len(clients)):
            clients[no].upload(nomination, kind, f"bukti-{which}.pdf", files[which], hashed[which])

    memory = Memory(here.web)
    memory.forget()
    before = memory.now()
    start = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(send, range(len(clients))))
    seconds = time.perf_counter() - start
    tell(
        "upload", **about, clients=len(clients), seconds=round(seconds, 3), ratio=round(seconds / floor, 2),
        mb_per_second=round(total / seconds / MEGABYTE, 1), before_kb=before, peak_kb=memory.peak(),
        after_kb=memory.now(),
    )  # fmt: skip


class Place:
    """The folder, the database and the server of one run."""

    def __init__(self, folder: Path, database: str, port: int) -> None:
        self.folder, self.database, self.web = folder, database, 0
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PARITRANA_")}
        self.environment = kept | {
            "PARITRANA_INSTANCE": str(folder / "instance"),
            "PARITRANA_DATABASE_URL": database,
            "PARITRANA_BASE_URL": f"http://127.0.0.1:{port}",
            "PARITRANA_SECOND_FACTOR": "off",
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
            "TMPDIR": str(folder),
        }

    @contextmanager
    def running(self, *arguments: str) -> Iterator[int]:
        """`paritrana ARGUMENTS` while the block runs; gives the number of its process."""
        command = [sys.executable, "-m", "paritrana", *arguments]
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=log)
        try:
            yield process.pid
        except BaseException:
            print((self.folder / "log.txt").read_text(encoding="utf-8"), file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait()

    def python(self, program: str, *arguments: str) -> float:
        """The number that a small program prints."""
        command = [sys.executable, "-c", program, *arguments]
        return float(subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout)

    def rests(self) -> bool:
        """Whether jobs were carried out and none is left."""
        return {state for (state,) in self._rows("SELECT DISTINCT state FROM job")} == {"done"}

    def drawn(self, pages: int) -> list[float]:
        """How many seconds the last job worked that draws pages, once a document of so many is drawn; else nothing."""
        rows = self._rows(
            "SELECT started_at, ended_at FROM job WHERE kind = 'make_previews' AND state = 'done' "
            "AND EXISTS (SELECT 1 FROM rendering WHERE shown = :pages) ORDER BY id",
            pages=pages,
        )
        return [_seconds(end) - _seconds(start) for start, end in rows]

    def _rows(self, statement: str, **values: Any) -> Sequence[Any]:
        engine = create_engine(self.database)
        with engine.connect() as connection:
            rows = connection.execute(text(statement), values).all()
        engine.dispose()
        return rows


def _seconds(moment: Any) -> float:
    return (moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)).timestamp()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--files", type=int, default=100)
    options.add_argument("--megabytes", type=float, default=5.0, help="of each file")
    options.add_argument("--clients", type=int, default=4, choices=range(1, len(CLIENTS) + 1))
    options.add_argument("--pages", type=int, default=50, help="of the document that is drawn")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        shop = Workshop(folder / "workshop")
        try:
            (folder / "instance").mkdir()
            address = shop.engine(chosen.engine).fresh("files")
            app = shop.build(address, folder / "instance")
            cast = CLIENTS[: chosen.clients]
            with app.app_context():
                here = world(categories=("kabkota", "badan-usaha"), now=SystemClock().now())
                places = [(draft(here, who, which, slug).ref, kind) for who, which, slug, kind in cast]
            release(app)
            place = Place(folder, address, port)
            with place.running("serve", "--no-worker", "--port", str(port)) as server:
                wait_for(lambda: answers(port))
                place.web = web_process(server)
                clients = [Client(port, who) for who, *_rest in cast]
                measure_previews(clients[0], *places[0], chosen.pages, place)
                one = scan(int(chosen.megabytes * MEGABYTE))
                assert one.count(MARK) == 1
                files = [one.replace(MARK, b"BENCHMARK-%06d" % no) for no in range(1, chosen.files + 1)]
                measure_uploads(clients, places, files, place)
        finally:
            shop.stop()


if __name__ == "__main__":
    main()
