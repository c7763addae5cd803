"""Opens JupyterLab on a workspace with the shipped notebooks and guides; what a user changed stays."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.errors import OutputError
from reconcile.files import WINDOWS, private_folder, write_private
from reconcile.flow.shipped import shipped_notebooks, start_here
from reconcile.resources import guides, notebooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What JupyterLab keeps for itself goes here, apart from the user's other labs: in a hidden folder of
# the workspace, since its history of typed commands may hold a student's name.
_OWN: Final = ".jupyter"
_START: Final = "START_HERE.md"  # what a person meets first
_DOCS: Final = "docs"  # beside the notebooks, whose text names guides as they are named here
_SHIPPED: Final = ".shipped.json"  # notebook -> hash of the version that was last copied here

_QUIET: Final = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/extensionmanager-extension/plugin.jupyterlab-settings": {"enabled": False},
    "@jupyterlab/docmanager-extension/plugin.jupyterlab-settings": {
        "defaultViewers": {"markdown": "Markdown Preview"},  # the first page is to be read, not edited
    },
}


class Copy(StrEnum):
    """What becomes of one shipped notebook."""

    NEW = "copied"
    UPDATED = "updated, you had not changed it"
    BESIDE = "is newer than your copy, which stays; the new one is laid beside it"
    KEPT = "your copy stays"
    SAME = "is up to date"


@dataclass(frozen=True, kw_only=True)
class Lab:
    """What was copied and how JupyterLab ended.

    Attributes:
        workspace: the folder JupyterLab shows.
        copies: shipped notebook -> what became of it.
        command: what was started, or would have been.
        exit_code: of JupyterLab; 0 after a dry run.
    """

    workspace: Path
    copies: dict[str, Copy] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    exit_code: int = 0


def lab(
    workspace: Path,
    /,
    *,
    open_browser: bool = True,
    dry_run: bool = False,
    say: Callable[[str], object] = lambda _: None,
) -> Lab:
    """Copy the notebooks to a workspace and run JupyterLab there until the user ends it.

    JupyterLab listens on this machine only, behind a token, and fetches no news, updates or extensions.

    Args:
        workspace: the folder; made when it is not there.
        open_browser: False leaves opening the printed address to the user.
        dry_run: say what would be done, and do nothing.
        say: is told each step in words.

    Raises:
        OutputError: the workspace cannot be written to.
    """
    workspace = workspace.expanduser().resolve()
    if workspace.exists() and not workspace.is_dir():
        raise OutputError(f"{workspace} is a file; a folder is needed there. Name another folder.")
    copies = copy_notebooks(workspace, dry_run=dry_run)
    for name, copy in copies.items():
        say(f"{name}: {copy}")
    command = _command(workspace, open_browser=open_browser)
    if dry_run:
        say("Would run: " + " ".join(command))
        return Lab(workspace=workspace, copies=copies, command=command)
    say("JupyterLab starts; end it with Ctrl-C here, or with File > Shut Down there.")
    return Lab(workspace=workspace, copies=copies, command=command, exit_code=_start(command, workspace))


def copy_notebooks(workspace: Path, /, *, dry_run: bool = False) -> dict[str, Copy]:
    """Bring the shipped notebooks and guides into `workspace`/notebooks and say what became of each."""
    source, target = notebooks(), workspace / "notebooks"
    record = target / _SHIPPED
    before: dict[str, str] = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    now, copies = {}, {}
    for name, content in _shipped(source):
        now[name] = hashlib.sha256(content).hexdigest()
        mine = target / name
        copies[name] = _verdict(mine, shipped=now[name], last=before.get(name))
        if dry_run:
            continue
        if copies[name] in {Copy.NEW, Copy.UPDATED}:
            write_private(mine, content)
        elif copies[name] is Copy.BESIDE:
            write_private(mine.with_name(f"{mine.stem}.new-{now[name][:8]}{mine.suffix}"), content)
    if not dry_run:
        _claim(workspace)
        write_private(record, json.dumps(before | now, indent=1, sort_keys=True) + "\n")
    return copies


def _shipped(source: Path) -> Iterator[tuple[str, bytes]]:
    yield _START, start_here(shipped_notebooks(source)).encode("utf-8")
    for path in sorted(source.rglob("*")):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(source).parts)
        if path.is_file() and not hidden:
            yield path.relative_to(source).as_posix(), path.read_bytes()
    for path in sorted(guides().glob("*.md")):
        yield f"{_DOCS}/{path.name}", path.read_bytes()


def _verdict(mine: Path, *, shipped: str, last: str | None) -> Copy:
    if not mine.exists():
        return Copy.NEW
    found = hashlib.sha256(mine.read_bytes()).hexdigest()
    if found == shipped:
        return Copy.SAME
    if shipped == last:
        return Copy.KEPT
    return Copy.UPDATED if found == last else Copy.BESIDE


def _claim(workspace: Path) -> None:
    """Mark a workspace that was empty as ours, so that runs may write to it."""
    from reconcile.flow.run import MARK  # noqa: PLC0415 - all stages stand behind it

    private_folder(workspace)
    if all(path.name == "notebooks" for path in workspace.iterdir()):
        write_private(workspace / MARK, "")


def _command(workspace: Path, *, open_browser: bool) -> tuple[str, ...]:
    # Whoever is root already, in a container for instance, gains nothing by JupyterLab's refusal.
    root = ("--allow-root",) if not WINDOWS and os.geteuid() == 0 else ()
    return (
        sys.executable,
        "-m",
        "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.allow_remote_access=False",
        f"--ServerApp.open_browser={open_browser}",
        f"--ServerApp.root_dir={workspace}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        f"--LabApp.default_url=/lab/tree/notebooks/{_START}",
        *root,
    )


def _start(command: tuple[str, ...], workspace: Path) -> int:
    own = private_folder(workspace / _OWN)
    for name, values in _QUIET.items():
        setting = own / "settings" / name
        if not setting.exists():
            write_private(setting, json.dumps(values, indent=1) + "\n")
    # A configuration of its own: one that switches the token off elsewhere does not count here.
    places = {
        "JUPYTER_CONFIG_DIR": own / "config",
        "JUPYTERLAB_SETTINGS_DIR": own / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": own / "workspaces",
        "IPYTHONDIR": own / "ipython",
    }
    environment = os.environ | {name: str(private_folder(place)) for name, place in places.items()}
    # A terminal in JupyterLab knows the command `reconcile`, although nobody activated the environment.
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    environment.pop("JUPYTER_TOKEN", None)  # JupyterLab draws one, and hands it to the browser by a file
    started = subprocess.Popen(command, env=environment, umask=-1 if WINDOWS else 0o077)  # noqa: S603 - our own interpreter
    while True:
        try:
            return started.wait()
        except KeyboardInterrupt:  # JupyterLab gets it as well, asks, and decides
            continue
