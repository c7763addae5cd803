"""Files are private, and a run that is killed leaves the old outputs or the new ones, nothing in between."""

from __future__ import annotations

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from reconcile.files import permissions_are_enforced
from reconcile.flow import practice as practice_module
from reconcile.flow.demo import demo
from reconcile.flow.lab import copy_notebooks
from reconcile.flow.run import run
from reconcile.plan import Plan
from reconcile.registry import Registry
from reconcile.sample import generate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUTPUTS = {"audit.html", "crosswalk.csv", "duplicates.csv", "plan.toml", "run.json", "students.csv"}
ATTESTED = (
    '[mint]\nattested_by = "registrar"\nattested_authority = "board policy"\nattested_on = 2026-11-16\n'
)

# Does the plan again and again, each time in a fresh process that has everything imported already:
# a fork where the system has one. Says each step before it is done.
WORKER = """
import os, sys
import reconcile.flow.run as flow
import reconcile.flow.outputs, reconcile.flow.submit, reconcile.registry, reconcile.validate.gx
import altair, vl_convert

def say(step):
    print(step, flush=True)

for line in sys.stdin:
    pid = os.fork() if hasattr(os, "fork") else 0
    if pid == 0:
        print("pid", os.getpid(), flush=True)
        flow.run(line.strip(), progress=say)
        print("done", flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
    print("ended", flush=True)
"""


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def too_open(folder: Path) -> list[str]:
    """Name what somebody else could read: files other than 0600, folders other than 0700."""
    wrong = []
    for path in sorted([folder, *folder.rglob("*")]):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode != (0o700 if path.is_dir() else 0o600):
            wrong.append(f"{path.relative_to(folder)} {mode:o}")
    return wrong


posix = pytest.mark.skipif(not permissions_are_enforced(), reason="another operating system")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample, written with no umask to help."""
    folder = tmp_path_factory.mktemp("files") / "colleague"
    with umask(0):
        generate(out=folder, students=60, accounts=150, sis="colleague", seed=5)
    plan = folder / "plan.toml"
    text = plan.read_text(encoding="utf-8")
    if "attested_by" not in text:
        plan.write_text(text.replace("[mint]\n", ATTESTED), encoding="utf-8")
    return folder


@posix
def test_everything_that_is_made_is_private(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporary folders, the key, the registry and its journals are looked at while it works, too."""
    home = tmp_path / "all"
    home.mkdir(mode=0o700)
    shutil.copytree(files, home / files.name)
    monkeypatch.setenv("RECONCILE_KEY_FILE", str(home / "keys" / "ssn.key"))
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    seen = set()
    monkeypatch.setattr(practice_module, "sample", lambda: files.parent)
    with umask(0o022):
        run(home / files.name / "plan.toml", progress=lambda _: seen.update(too_open(home)))
        copy_notebooks(home / "lab 1")
    with umask(0o000):
        demo(out=home / "demo", sis=files.name, progress=lambda _: seen.update(too_open(home)))
        copy_notebooks(home / "lab 2")
    assert seen == set()
    assert too_open(home) == []
    assert (home / "keys" / "ssn.key").is_file()


@posix
def test_the_look_sees_what_is_open(tmp_path: Path) -> None:
    """The counter-proof."""
    tmp_path.chmod(0o700)
    with umask(0):
        (tmp_path / "a").mkdir(mode=0o755)
        (tmp_path / "a" / "b").touch()
    assert too_open(tmp_path) == ["a 755", "a/b 666"]


@pytest.fixture(scope="module")
def worker() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        bufsize=1,
    ) as started:
        yield started
        started.stdin.close()
        started.wait(30)


def kill_at(worker: subprocess.Popen[str], plan: Path, step: str, seconds: float) -> bool:
    """Start a run, kill it some time after a step began; say whether it was killed before its end."""
    print(plan, file=worker.stdin, flush=True)
    pid, lines = 0, []
    for line in worker.stdout:
        lines.append(line.strip())
        if line.startswith("pid "):
            pid = int(line.split()[1])
        if line.strip() == step:
            time.sleep(seconds)
            os.kill(pid, signal.SIGKILL)
        if line.strip() == "ended":
            break
    assert step in lines
    return "done" not in lines


def whole_runs(workspace: Path) -> list[str]:
    """Names of the finished runs, after a look at each; drafts are hidden folders and not among them."""
    names = []
    for folder in sorted((workspace / "runs").glob("*")) if (workspace / "runs").is_dir() else []:
        if folder.name.startswith("."):
            continue
        assert {path.name for path in folder.iterdir()} >= OUTPUTS, folder.name
        assert all(path.stat().st_size for path in folder.iterdir())
        assert (folder / "audit.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
        names.append(folder.name)
    return names


def latest(workspace: Path) -> str | None:
    path = workspace / "latest"
    return path.read_text(encoding="utf-8").strip().removeprefix("runs/") if path.is_file() else None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="another operating system")
def test_killed_at_any_moment(files: Path, tmp_path: Path, worker: subprocess.Popen[str]) -> None:
    home = shutil.copytree(files, tmp_path / "home")
    workspace = home / "workspace"
    plan = Plan.read(home / "plan.toml")
    draw = random.Random(20261121)  # noqa: S311 - moments of a test
    moments = [
        ("Check the data dictionary", draw.uniform(0, 0.5)),
        ("Submit the batch", draw.uniform(0, 0.6)),
        *(("Write the reports", draw.uniform(0, 0.6)) for _ in range(3)),
    ]
    killed = 0
    for step, seconds in moments:
        before = (whole_runs(workspace), latest(workspace))
        killed += kill_at(worker, plan.path, step, seconds)
        after = whole_runs(workspace)
        assert set(before[0]) <= set(after), "an old run was lost"
        assert latest(workspace) in (before[1], *after)
        if latest(workspace) is not None:
            assert latest(workspace) in after
        if (home / "registry.sqlite").is_file() and (home / "registry.sqlite").stat().st_size:
            with Registry.open(home / "registry.sqlite", demo=True) as registry:
                assert registry.verify().ok
    assert killed >= 3, "too few of the kills came before the end of the run"
    done = run(plan)
    assert latest(workspace) == done.folder.name
    assert whole_runs(workspace)[-1] == done.folder.name
    assert [path.name for path in (workspace / "runs").iterdir() if path.name.startswith(".")] == []
    assert [path.name for path in workspace.rglob("*.tmp")] == []
    assert done.batch.state == "submitted"
    with Registry.open(home / "registry.sqlite", demo=True) as registry:
        assert registry.verify().ok
        assert registry.issued().is_empty()
