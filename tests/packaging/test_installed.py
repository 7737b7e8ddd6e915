"""The wheel, installed as an operator installs it, shows the demonstration from an empty folder."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, Request, build_opener

import pytest
from uv import find_uv_bin

from tests.packaging.contents import ROOT, build_wheel, copy_to

SUPPORTED = ("3.11", "3.12", "3.13")
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
ASK = "import ensurepip, sqlite3, ssl, sys, venv; print('%d.%d' % sys.version_info[:2])"


def interpreters() -> dict[str, str]:
    """Every supported Python that really runs here, by version, and the one that runs this test in any case."""
    home = Path.home()
    found = {RUNNING: sys.executable}
    for version in SUPPORTED:
        kept = [
            *sorted(home.glob(f".pyenv/versions/{version}.*/bin")),
            *sorted(home.glob(f".local/share/uv/python/cpython-{version}.*/bin")),
        ]
        for place in (*kept, *map(Path, os.get_exec_path())):
            program = place / f"python{version}"
            if version not in found and program.is_file() and _answers(program, version):
                found[version] = str(program)
    return dict(sorted(found.items()))


def _answers(program: Path, version: str) -> bool:
    """Whether the program is that Python, whole enough for an environment; a shim may lead nowhere."""
    try:
        asked = subprocess.run([program, "-c", ASK], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0 and asked.stdout.strip() == version


@dataclass
class Installation:
    """An environment with the wheel and the locked packages, and nothing of the checkout."""

    folder: Path

    def environment(self) -> dict[str, str]:
        """What a process of it sees of this machine: nothing that leads to the checkout or names a setting."""
        return {"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8"}

    def run(self, place: Path, *words: str) -> str:
        """What a command says that is run in a folder."""
        done = subprocess.run(
            [self.folder / "bin" / words[0], *words[1:]],
            env=self.environment(),
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _install(program: str, wheel: Path, folder: Path) -> Installation:
    """An empty environment, the locked packages by their hashes, then the wheel, which must find there all it needs."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    into = ["--quiet", "--python", str(folder / "bin" / "python")]
    locked = [*into, "--no-build-isolation", "--require-hashes", "--requirements"]
    for words in (
        ["venv", "--quiet", "--no-project", "--python", program, str(folder)],
        ["pip", "install", *locked, str(ROOT / "requirements" / "build.txt")],
        ["pip", "install", *locked, str(ROOT / "requirements" / "runtime.txt")],
        ["pip", "install", *into, "--no-index", str(wheel)],
        ["pip", "check", *into],
    ):
        done = subprocess.run(
            [find_uv_bin(), *words], env=environment, cwd=folder.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"uv {' '.join(words)}\n{done.stdout}{done.stderr}"
    return Installation(folder)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return build_wheel(copy_to(folder / "tree"), folder / "dist")


EACH = [pytest.param((version, program), id=version) for version, program in interpreters().items()]


@pytest.fixture(params=EACH)
def installation(request: pytest.FixtureRequest, wheel: Path, tmp_path: Path) -> Iterator[Installation]:
    """The wheel in an environment of its own, removed afterwards: each takes much room."""
    version, program = request.param
    made = _install(program, wheel, tmp_path / "environment")
    assert made.run(tmp_path, "python", "-c", ASK).strip() == version
    yield made
    shutil.rmtree(made.folder)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty folder to start in."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def _processes_in(folder: Path) -> list[str]:
    """The command lines of the processes that work in a folder; what the demonstration starts inherits its folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve(strict=True) == folder:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demonstration_runs_from_the_wheel_in_an_empty_folder(installation: Installation, place: Path) -> None:
    port = _free_port()
    with (place.parent / "errors").open("wb") as errors:
        demo = subprocess.Popen(
            [installation.folder / "bin" / "paritrana", "demo", "--port", str(port)],
            env=installation.environment(),
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        _look_around(demo, port, place)
        assert "Everything" in installation.run(place, "paritrana", "check")
        assert len(_processes_in(place)) >= 3, "the command, the server and its worker"
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)
    assert demo.returncode == 0
    assert _processes_in(place) == []
    assert [one.name for one in place.iterdir()] == ["instance"]
    _reads_its_own_files(installation, place)


def _look_around(demo: "subprocess.Popen[str]", port: int, place: Path) -> None:
    """Wait for the words of the command, then open pages in both languages, with their style, and sign in."""
    assert demo.stdout is not None
    first = demo.stdout.readline()
    assert first.startswith("Paritrana is ready at "), (place.parent / "errors").read_text(encoding="utf-8")
    address, password = re.fullmatch(r" +Ketua panel +(\S+) +(\S+)\n", _line_of(demo, "Ketua panel")).groups()  # type: ignore[union-attr]
    site = Site(port)

    assert site.text("/healthz") == "ok\n"
    landing = site.text("/")
    assert '<html lang="id"' in landing
    assert "Verifikasi piagam" in landing
    english = site.text("/?lang=en")
    assert '<html lang="en"' in english
    assert "Verify a certificate" in english
    named = set(re.findall(r'(?:href|src)="(/(?:static|bootstrap/static)/[^"#]+)', landing))
    assert len(named) >= 4
    for file in named:
        assert site.text(file)

    assert "51,51" in site.text("/cycles/ntb-2024/results/kabkota")
    assert "51.51" in site.text("/cycles/ntb-2024/results/kabkota?lang=en")

    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', site.text("/sign-in"))
    assert token is not None
    home = site.text("/sign-in", {"csrf_token": token[1], "email": address, "password": password})
    assert "/sign-out" in home
    assert "/sign-out" in site.text("/home")


def _line_of(demo: "subprocess.Popen[str]", start: str) -> str:
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.strip().startswith(start):
            return line
    raise AssertionError(f"no line begins with {start}")


class Site:
    """A visitor with cookies who sends forms as a browser does."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.opener: OpenerDirector = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))

    def text(self, path: str, form: dict[str, str] | None = None) -> str:
        """The page at a path, or the one that a form leads to; anything but success raises."""
        data = urlencode(form).encode() if form is not None else None
        request = Request(self.address + path, data, {"Sec-Fetch-Site": "same-origin"})
        with self.opener.open(request, timeout=30) as answer:
            body: str = answer.read().decode("utf-8", "replace")
        return body


def _reads_its_own_files(installation: Installation, place: Path) -> None:
    """Migrations and seed files come from inside the installed package, not from wherever the checkout stands."""
    told = installation.run(
        place,
        "python",
        "-c",
        "from paritrana.config import data_folder; print(data_folder('migrations'), data_folder('seed'))",
    ).split()
    assert [Path(one).name for one in told] == ["_migrations", "_seed"]
    assert all(Path(one).is_relative_to(installation.folder) for one in told)
