"""Watches work from every side: what it prints, logs, raises and leaves on disk, even for a moment."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
import threading
import traceback
from typing import TYPE_CHECKING, Self

from canaries import SSN_ONLY, search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

_POLL_SECONDS = 0.02


class FolderWatch:
    """Scans every file below a folder as often as it changes, while work goes on.

    Args:
        root: what is watched.
        allowed: whether a file is meant to carry names and birthdates; SSNs are meant nowhere.
        spare: a folder that is not looked at, the inputs.
    """

    def __init__(self, root: Path, /, *, allowed: Callable[[Path], bool], spare: Path) -> None:
        self.found: set[str] = set()
        self.seen: set[Path] = set()
        self._root, self._allowed, self._spare = root, allowed, spare
        self._states: dict[Path, tuple[int, int]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread()

    def __enter__(self) -> Self:
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.look()

    def look(self) -> None:
        """Scan what is new."""
        for folder, folders, names in os.walk(self._root):
            here = type(self._root)(folder)
            folders[:] = [name for name in folders if here / name != self._spare]
            for name in names:
                self._scan(here / name)

    def _watch(self) -> None:
        while not self._stop.wait(_POLL_SECONDS):
            self.look()

    def _scan(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            stat = path.stat()
            state = (stat.st_mtime_ns, stat.st_size)
            if self._states.get(path) == state:
                return
            self._states[path] = state
            self.seen.add(path)
            where = path.relative_to(self._root)
            kinds = {"kinds": SSN_ONLY} if self._allowed(path) else {}
            self.found |= {f"{what} in file {where}" for what in search(path.read_bytes(), **kinds)}
            self.found |= {
                f"{what} in the name of file {where.parent}" for what in search(path.name.encode())
            }


class Recorder:
    """Runs work with private places for temporary files and home, and keeps everything that it says.

    Args:
        root: a folder; `tmp` and `home` are made in it, and all of it is watched but `spare`.
        allowed: see FolderWatch.
        spare: the folder of inputs.
    """

    def __init__(self, root: Path, /, *, allowed: Callable[[Path], bool], spare: Path) -> None:
        self.watch = FolderWatch(root, allowed=allowed, spare=spare)
        self.said = io.StringIO()
        self.error: BaseException | None = None
        self._root = root
        self._printed = root / "printed.txt"

    @contextlib.contextmanager
    def __call__(self) -> Iterator[Self]:
        """Record the block; an exception ends here and is kept as `error`, that of the last block as text."""
        self.said.write("\n".join(chain(self.error)))
        self.error = None
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._places())
            stack.enter_context(_logged(self.said))
            stack.enter_context(_printed(self._printed))
            stack.enter_context(self.watch)
            try:
                yield self
            except Exception as error:  # noqa: BLE001 - whatever is raised is what the test looks at
                self.error = error

    @property
    def found(self) -> set[str]:
        """Every canary that was seen where it must not be, and where."""
        told = self._printed.read_bytes() + self.said.getvalue().encode("utf-8", errors="surrogatepass")
        raised = "\n".join(chain(self.error)).encode("utf-8", errors="surrogatepass")
        return (
            self.watch.found
            | {f"{what} in output or log" for what in search(told)}
            | {f"{what} in the exception" for what in search(raised)}
        )

    @contextlib.contextmanager
    def _places(self) -> Iterator[None]:
        places = {name: self._root / name for name in ("tmp", "home")}
        for place in places.values():
            place.mkdir(exist_ok=True)
        given = {
            "TMPDIR": places["tmp"], "TEMP": places["tmp"], "TMP": places["tmp"],
            "HOME": places["home"], "USERPROFILE": places["home"], "XDG_DATA_HOME": places["home"] / "data",
        }  # fmt: skip
        before, tempdir = dict(os.environ), tempfile.tempdir
        os.environ.update({name: str(place) for name, place in given.items()})
        tempfile.tempdir = str(places["tmp"])
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            tempfile.tempdir = tempdir


def chain(error: BaseException | None) -> Iterator[str]:
    """Texts of an error and of everything behind it, the contexts that `from None` hides among them."""
    todo, known = [error], set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in known:
            continue
        known.add(id(one))
        yield "".join(traceback.format_exception(type(one), one, one.__traceback__, chain=False))
        yield repr(one)
        yield repr(one.args)
        yield from getattr(one, "__notes__", ())
        todo += [one.__cause__, one.__context__]


@contextlib.contextmanager
def _logged(into: io.StringIO) -> Iterator[None]:
    """Collect the records of all loggers at every level, also of those that keep to themselves."""
    handler = logging.StreamHandler(into)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    known = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    before = [(one, one.level, one.disabled) for one in (logging.root, *known)]
    lonely = [one for one in known if not one.propagate]
    for one in (logging.root, *known):
        one.setLevel(1)
        one.disabled = False
    for one in (logging.root, *lonely):
        one.addHandler(handler)
    try:
        yield
    finally:
        for one in (logging.root, *lonely):
            one.removeHandler(handler)
        for one, level, disabled in before:
            one.setLevel(level)
            one.disabled = disabled


@contextlib.contextmanager
def _printed(into: Path) -> Iterator[None]:
    """Collect what Python prints, and what libraries below Python write to the descriptors."""
    sys.stdout.flush()
    sys.stderr.flush()
    with into.open("ab", buffering=0) as file, contextlib.ExitStack() as stack:
        for number in (1, 2):
            kept = os.dup(number)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, number)
            os.dup2(file.fileno(), number)
        text = stack.enter_context(io.TextIOWrapper(into.open("ab", 0), "utf-8", write_through=True))
        stack.enter_context(contextlib.redirect_stdout(text))
        stack.enter_context(contextlib.redirect_stderr(text))
        yield
