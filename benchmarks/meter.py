"""Wall time, CPU time and peak memory of a process, on any system."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import subprocess

_POLL_SECONDS = 0.1
_STATUS = Path("/proc/self/status")


class Meter:
    """Measures a block, or what lies between `start` and `stop`.

    Attributes:
        wall: seconds that passed.
        cpu: seconds of all cores, of this process and of children that ended.
        peak: bytes that this process has held at most since it began, 0 where the system does not tell.
        rise: bytes that it held at most beyond what it held at the start; on Linux only, 0 elsewhere.
    """

    def __init__(self) -> None:
        """Begin at nothing."""
        self.wall = self.cpu = 0.0
        self.peak = self.rise = 0

    def start(self) -> Self:
        """Begin to measure."""
        self._held = _forget_peak()
        self._wall, self._cpu = time.perf_counter(), _cpu()
        return self

    def stop(self) -> None:
        """Keep what was measured."""
        self.wall, self.cpu = time.perf_counter() - self._wall, _cpu() - self._cpu
        self.peak = peak()
        self.rise = self.peak - self._held if self._held else 0

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


def peak() -> int:
    """Bytes that this process has held at most."""
    if _STATUS.is_file():  # unlike getrusage, it forgets what the parent held before this program began
        return _status("VmHWM")
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        import psutil  # type: ignore[import-untyped] # noqa: PLC0415 - of the group `bench`

        return int(psutil.Process().memory_info().peak_wset)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


def child_peak(child: subprocess.Popen[bytes], /) -> int:
    """Wait for a child and return the most that it and its own children held together.

    Needs psutil; without it only the child's own account counts, and 0 is returned here.
    """
    try:
        import psutil  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - of the group `bench`
    except ImportError:
        child.wait()
        return 0
    most, watched = 0, psutil.Process(child.pid)
    while child.poll() is None:
        try:
            family = [watched, *watched.children(recursive=True)]
            most = max(most, sum(one.memory_info().rss for one in family))
        except psutil.Error:
            pass  # one of them ended meanwhile
        time.sleep(_POLL_SECONDS)
    return most


def _status(name: str) -> int:
    lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _forget_peak() -> int:
    """Let the system count the most that is held from now on, and return what is held now."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return 0
    return _status("VmRSS")


def _cpu() -> float:
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
