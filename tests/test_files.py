"""Files are private, whole or not there at all, and held by one process at a time."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reconcile import files
from reconcile.errors import OutputError
from reconcile.files import (
    lock,
    make_private,
    owned_by_user,
    permissions_are_enforced,
    private_folder,
    replace,
    require_place,
    scratch,
    sha256,
    touch_private,
    unused,
    whole_folder,
    write_private,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

posix = pytest.mark.skipif(not permissions_are_enforced(), reason="another operating system")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Let the system help nobody."""
    before = os.umask(0)
    yield
    os.umask(before)


@posix
@pytest.mark.usefixtures("open_umask")
def test_what_is_made_is_private_and_what_was_there_is_left_alone(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    deep = private_folder(shared / "a" / "b")
    assert [mode(shared), mode(deep.parent), mode(deep)] == [0o755, 0o700, 0o700]
    assert private_folder(deep) == deep
    assert mode(write_private(deep / "c" / "text.csv", "x")) == 0o600
    assert mode(deep / "c") == 0o700
    assert mode(touch_private(deep / "empty")) == 0o600
    theirs = deep / "theirs"
    theirs.touch(mode=0o644)
    assert mode(make_private(theirs)) == 0o600
    with whole_folder(deep / "run") as draft:
        assert mode(draft) == 0o700
    with lock(deep / "lock", what="x"):
        assert mode(deep / "lock") == 0o600


@posix
def test_a_file_is_the_users_own_when_nobody_else_may_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_private(tmp_path / "t", "x")
    for bits, own in ((0o600, True), (0o644, True), (0o620, False), (0o602, False), (0o666, False)):
        path.chmod(bits)
        assert owned_by_user(path) == own
    path.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to(path)
    assert owned_by_user(link)  # what it points to is what is read
    assert not owned_by_user(tmp_path / "missing")
    uid = path.stat().st_uid
    monkeypatch.setattr(files.os, "geteuid", lambda: uid + 1)
    assert not owned_by_user(path)


def test_on_windows_a_file_is_the_users_own_in_the_own_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = write_private(tmp_path / "home" / "t", "x"), write_private(tmp_path / "t", "x")
    monkeypatch.setattr(files, "WINDOWS", True)
    monkeypatch.setattr(files.Path, "home", lambda: tmp_path / "home")
    assert owned_by_user(inside)
    assert not owned_by_user(outside)
    assert not owned_by_user(tmp_path / "home" / ".." / "t")


def test_a_folder_where_a_file_stands_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"):
        private_folder(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be created"):
        private_folder(tmp_path / "file" / "below")


def test_text_is_utf_8_with_line_feeds_on_every_system(tmp_path: Path) -> None:
    write_private(tmp_path / "t", "Nuñez\n\n")
    assert (tmp_path / "t").read_bytes() == b"Nu\xc3\xb1ez\n\n"
    write_private(tmp_path / "t", b"\r\n\x00")
    assert (tmp_path / "t").read_bytes() == b"\r\n\x00"


def test_a_file_keeps_its_old_content_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_private(tmp_path / "t", "old")

    def fail(_descriptor: int) -> None:
        assert path.read_bytes() == b"old"
        assert [draft.read_bytes() for draft in tmp_path.glob(".t.*.tmp")] == [b"new"]
        raise OSError("disk")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError, match="disk"):
        write_private(path, "new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["t"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_second_one_stands_beside_the_first(tmp_path: Path) -> None:
    assert unused(tmp_path / "audit") == tmp_path / "audit"
    for made in ("audit", "audit-2"):
        (tmp_path / made).mkdir()
    assert unused(tmp_path / "audit") == tmp_path / "audit-3"


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "runs" / "one"
    with whole_folder(target) as draft:
        write_private(draft / "a", "x")
        assert draft.parent == target.parent
        assert draft.name.startswith(".")
        assert not target.exists()
    assert (target / "a").read_bytes() == b"x"
    assert names(target.parent) == ["one"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_folder_that_fails_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "runs" / "one"
    with pytest.raises(error), whole_folder(target) as draft:  # noqa: PT012 - the block is the subject
        write_private(draft / "deep" / "a", "x")
        raise error
    assert names(target.parent) == []


def test_a_folder_is_never_overwritten(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="exists already"), whole_folder(tmp_path):
        pytest.fail("the block must not run")
    taken = tmp_path / "taken"
    with pytest.raises(OSError), whole_folder(taken):  # noqa: PT011 - as the system words it
        write_private(taken / "a", "somebody was quicker")
    assert names(tmp_path) == ["taken"]


def test_windows_waits_for_a_virus_scanner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []

    class Scanned:
        def replace(self, target: Path) -> None:
            calls.append(target)
            if len(calls) < 3:
                raise PermissionError

    monkeypatch.setattr(files, "WINDOWS", True)
    monkeypatch.setattr(files.time, "sleep", lambda _: None)
    replace(Scanned(), tmp_path / "t")  # type: ignore[arg-type]
    assert len(calls) == 3
    monkeypatch.setattr(Scanned, "replace", lambda self, target: (_ for _ in ()).throw(PermissionError))
    with pytest.raises(PermissionError):
        replace(Scanned(), tmp_path / "t")  # type: ignore[arg-type]


HOLD = """
import sys
from pathlib import Path
from reconcile.errors import OutputError
from reconcile.files import lock
try:
    with lock(Path(sys.argv[1]), what="The workspace"):
        print("held", flush=True)
        sys.stdin.read(1)
except OutputError as error:
    print(error, flush=True)
"""


def holder(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


def test_a_lock_is_for_one_process_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as first, holder(path) as second:
        said = {process.stdout.readline() for process in (first, second)}  # type: ignore[union-attr]
        (refused,) = said - {"held\n"}
        assert refused.startswith("The workspace is in use by another reconcile process. Wait until")
        with pytest.raises(OutputError, match="in use"), lock(path, what="The workspace"):
            pytest.fail("the block must not run")
        first.kill()
        second.kill()
    with lock(path, what="The workspace"), pytest.raises(OutputError), lock(path, what="It"):
        pytest.fail("the block must not run")
    with pytest.raises(KeyError), lock(path, what="It"):
        raise KeyError
    with lock(path, what="It"):  # it was let go in spite of the error
        assert path.exists()


def test_a_hash_is_of_the_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    assert sha256(write_private(tmp_path / "t", data)) == hashlib.sha256(data).hexdigest()


def test_scratch_is_private_goes_with_its_block_and_takes_along_what_a_killed_process_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    orphan, young = tmp_path / "reconcile-orphan", tmp_path / "reconcile-young"
    for folder in (orphan, young):
        folder.mkdir()
        (folder / ".owned").touch()
    os.utime(orphan / ".owned", (1, 1))
    with scratch() as first:
        os.utime(first / ".owned", (1, 1))
        with scratch() as second:
            assert first.is_dir()  # in use, however old
            assert second != first
        assert not second.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reconcile-young"]


def test_a_place_to_write_to_is_checked_and_not_made(tmp_path: Path) -> None:
    require_place(tmp_path / "a.toml")
    for place, said in ((tmp_path, "is a folder"), (tmp_path / "nodir" / "a.toml", "There is no folder")):
        with pytest.raises(OutputError, match=said):
            require_place(place)
    assert [*tmp_path.iterdir()] == []
