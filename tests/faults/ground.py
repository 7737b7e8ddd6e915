"""Where a server under test keeps its files, so that they can run full or become read-only, and be whole again.

`SmallDisks` are three file systems of a few megabytes in a user and mount namespace of their own, which an ordinary
account may make where the machine allows it. `SizeLimit` works everywhere: the kernel refuses the server's processes
every write to a file (`RLIMIT_FSIZE`), for all three places at once.
"""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

MEGABYTE = 1024 * 1024
SIZES = {"instance": 12, "blobs": 4, "temp": 3}  # megabytes
_MOUNT = """
set -e
for name in instance blobs temp; do
  size=$1; shift
  mkdir -p "$root/$name"
  mount -t tmpfs -o "size=${size}m,mode=0700" tmpfs "$root/$name"
done
echo ready
exec cat
"""


class Ground(Protocol):
    """The folders `instance`, `blobs` and `temp` of one server."""

    separate: bool  # whether one place can fail alone

    def path(self, name: str) -> Path:
        """A folder as the server sees it."""
        ...

    def seen(self, name: str) -> Path:
        """The same folder as the test sees it."""
        ...

    def start(self, command: Sequence[str], environment: Mapping[str, str], **more: Any) -> "subprocess.Popen[str]":
        """Start a process on this ground."""
        ...

    def fill(self, name: str) -> None:
        """Leave no room in one folder."""
        ...

    def free(self, name: str) -> None:
        """Give the room back."""
        ...

    def forbid_writing(self, name: str) -> None:
        """Make one folder read-only; no file in it may be open for writing."""
        ...

    def allow_writing(self, name: str) -> None:
        """Make it writable again."""
        ...

    def close(self) -> None:
        """Take everything away."""
        ...


class SmallDisks:
    """Three small file systems in memory, which only the server and its holder see."""

    separate = True

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="paritrana-disks-"))
        self.holder = subprocess.Popen(
            ["unshare", "-Umr", "sh", "-c", _MOUNT, "sh", *(str(size) for size in SIZES.values())],
            env={"PATH": os.environ.get("PATH", ""), "root": str(self.root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.holder.stdout is not None
        if self.holder.stdout.readline() != "ready\n":
            self.close()
            raise OSError("no file system can be mounted here")

    def path(self, name: str) -> Path:
        """The mount point."""
        return self.root / name

    def seen(self, name: str) -> Path:
        """The mount point through the holder's own view."""
        return Path(f"/proc/{self.holder.pid}/root{self.root}") / name

    def start(self, command: Sequence[str], environment: Mapping[str, str], **more: Any) -> "subprocess.Popen[str]":
        """Start a process inside the namespaces."""
        return subprocess.Popen([*self._inside(), *command], env=environment, text=True, **more)

    def fill(self, name: str) -> None:
        """Write until the kernel says that nothing fits, in blocks that become smaller."""
        with (self.seen(name) / "filler").open("ab", buffering=0) as file:
            for block in (MEGABYTE // 4, 4096, 1):
                with suppress(OSError):
                    while file.write(b"\0" * block) == block:
                        pass

    def free(self, name: str) -> None:
        """Remove what fills the folder."""
        (self.seen(name) / "filler").unlink()

    def forbid_writing(self, name: str) -> None:
        """Mount it again, read-only."""
        self._mount(name, "remount,ro")

    def allow_writing(self, name: str) -> None:
        """Mount it again, writable."""
        self._mount(name, "remount,rw")

    def close(self) -> None:
        """End the holder; the file systems go with the last process inside."""
        if self.holder.stdin is not None:
            self.holder.stdin.close()
        if self.holder.stdout is not None:
            self.holder.stdout.close()
        self.holder.wait(timeout=30)
        shutil.rmtree(self.root, ignore_errors=True)

    def _inside(self) -> list[str]:
        return ["nsenter", "-t", str(self.holder.pid), "-U", "-m", "--preserve-credentials", "--"]

    def _mount(self, name: str, options: str) -> None:
        subprocess.run([*self._inside(), "mount", "-o", options, str(self.root / name)], check=True)


class SizeLimit:
    """One ordinary folder, and a limit of nothing on what the server's processes may write into files."""

    separate = False

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="paritrana-limit-"))
        for name in SIZES:
            (self.root / name).mkdir(mode=0o700)
        self.started: list[subprocess.Popen[str]] = []

    def path(self, name: str) -> Path:
        """The folder."""
        return self.root / name

    seen = path

    def start(self, command: Sequence[str], environment: Mapping[str, str], **more: Any) -> "subprocess.Popen[str]":
        """Start a process and remember whom the limit is for."""
        self.started.append(subprocess.Popen(command, env=environment, text=True, **more))
        return self.started[-1]

    def fill(self, name: str) -> None:
        """Refuse every write to a file."""
        self._limit(0)

    def free(self, name: str) -> None:
        """Let them write again."""
        self._limit(resource.RLIM_INFINITY)

    forbid_writing, allow_writing = fill, free

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _limit(self, size: int) -> None:
        for process in self.started:
            if process.poll() is None:
                for pid in (process.pid, *children_of(process.pid)):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(one) for one in (task / "children").read_text().split()]
    return found


def namespaces_allowed() -> bool:
    """Whether this account may mount a file system in namespaces of its own here; tried, not guessed."""
    try:
        SmallDisks().close()
    except OSError:
        return False
    return True


GROUNDS: dict[str, type[SmallDisks] | type[SizeLimit]] = {"size limit": SizeLimit}
if namespaces_allowed():
    GROUNDS["small disks"] = SmallDisks
