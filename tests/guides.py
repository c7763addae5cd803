"""Walks through a page of the documentation as its reader does: every command, in order, in one folder.

What a fence says. `sh`: the commands run. `sh server`: they need a PostgreSQL server, and without one are
refused for that reason. `powershell`: the same as an `sh` block, for Windows. `toml`: a part of a plan.
BATCH, CCCID and the like stand for what an earlier command gave. What people do between two commands (fill
in a plan, decide a pair, type a secret, answer as OpenCCC does) stands below, as `MEANWHILE`
and `AFTERWARDS`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from accounts import lower_the_price
from plans import change_rows
from typer.main import get_command

from reconcile.cli import main
from reconcile.cli.app import app
from reconcile.sample import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plans import Row

ROOT: Final = Path(__file__).resolve().parents[1]
README: Final = ROOT / "README.md"
PAGES: Final = (README, *sorted((ROOT / "docs").glob("*.md")))
FIRST: Final = "getting-started"  # where it ends, the other guides begin

_FENCE: Final = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PRINTED: Final = {
    "BATCH": re.compile(r"reconcile batch (?!new )\w+ (\S+)"),
    "NUMBER": re.compile(r"^Access request (\d+)", re.MULTILINE),
}
_SMALL: Final = {"students": 200, "accounts": 600}  # as many a sample has here, whatever a page says
_COMMANDS: Final = get_command(app)
_PASSWORD: Final = "three words and a number 7"  # noqa: S105 - of nobody


@dataclass(frozen=True)
class Page:
    """A page of the documentation; of a notebook what it says between its cells of code."""

    path: Path

    @property
    def text(self) -> str:
        text = self.path.read_text(encoding="utf-8")
        if self.path.suffix != ".ipynb":
            return text
        cells = json.loads(text)["cells"]
        return "\n\n".join("".join(one["source"]) for one in cells if one["cell_type"] == "markdown")

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Every fenced block with what its fence says."""
        return _FENCE.findall(self.text)

    @property
    def prose(self) -> str:
        return _FENCE.sub("", self.text)

    def lines(self, kind: str) -> list[str]:
        return [line for given, block in self.blocks if given == kind for line in block.splitlines()]

    @property
    def indented(self) -> list[str]:
        """The commands of blocks that are only indented, a broken line put together."""
        return re.findall(r"^ {4}(reconcile .*)$", self.text.replace("\\\n", " "), re.MULTILINE)

    def commands(self, kind: str = "sh") -> list[str]:
        return [line for line in self.lines(kind) if line.startswith("reconcile ")]


def parameters(words: list[str]) -> list[str] | None:
    """Give the options of the command that these words begin with, None where there is no such command."""
    found = _COMMANDS
    names = iter(words)
    while hasattr(found, "commands"):
        name = next(names, "--help")
        if name.startswith("-"):
            break
        if name not in found.commands:
            return None
        found = found.commands[name]
    return ["--help", *(option for one in found.params for option in one.opts)]


class Walk:
    """A reader at the keyboard, in a folder of their own."""

    def __init__(self, folder: Path, sample: Path, *, printed: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.sample = sample
        self.printed = dict(printed or {})

    def take(self, command: str) -> str:
        """Type one command, which has to end well; give what it printed."""
        words = [self.printed.get(word, word) for word in shlex.split(command)[1:]]
        typed = ""
        for (*names,), person in MEANWHILE.items():
            if words[: len(names)] == names:
                typed = person(self, words) or ""
        code, said, err = typing(words, typed)
        assert code == 0, f"{command}\n{err}"
        self.printed |= {name: one[1] for name, text in _PRINTED.items() if (one := text.search(said))}
        if person := AFTERWARDS.get((*words[:2],)):
            person(self, words)
        return said


def typing(words: list[str], typed: str = "") -> tuple[int, str, str]:
    """Run a command in this process, with lines typed at its questions: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr("sys.stdin", io.StringIO(typed))
        code = main(words)
    return code, out.getvalue(), err.getvalue()


def begin(folder: Path) -> Iterator[Walk]:
    """Put extract and snapshot of a small made-up college into a folder, and stand in it."""
    sample, place = folder / "sample", folder / "college"
    generate(out=sample, **_SMALL, seed=4)
    place.mkdir()
    for name in ("students", "accounts", "earlier_accounts", "applications", "fraud", "submitted"):
        shutil.copy(sample / f"{name}.csv", place)
    yield from _at_work(Walk(place, sample))


def go_on(walk: Walk, folder: Path) -> Iterator[Walk]:
    """Stand where another walk ended."""
    shutil.copytree(walk.folder.parent, folder, dirs_exist_ok=True)
    yield from _at_work(Walk(folder / "college", folder / "sample", printed=walk.printed))


def _at_work(walk: Walk) -> Iterator[Walk]:
    """Stand in the folder, with a key of one's own beside it."""
    with contextlib.chdir(walk.folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECONCILE_KEY_FILE", str(walk.folder.parent / "ssn.key"))
        lower_the_price(patch)
        yield walk


# What people do meanwhile -----------------------------------------------------------------------------------


def fill_in(walk: Walk, words: list[str]) -> None:
    """Fill in the plan, for numbers that OpenCCC issues."""
    text = (walk.sample / "plan.toml").read_text(encoding="utf-8")
    kept = "\n[retention]\ncredentials = 30\nwork_lists = 180\nruns = 730\n"
    Path(words[2]).write_text(text.replace('kind = "demo"', 'kind = "openccc"') + kept, encoding="utf-8")


def look_only(_: Walk, words: list[str]) -> None:
    """Nobody is there to close JupyterLab."""
    words.append("--dry-run")


def decide(_: Walk, words: list[str]) -> None:
    """Decide the first pair of a work list."""

    def first(rows: list[Row]) -> None:
        rows[0]["decision"] = "unsure"

    change_rows(Path(words[1]), first)


def ask_for_an_account(_: Walk, words: list[str]) -> None:
    """Enter somebody who is in none of the files and has no home, which takes one column more."""
    asked = {
        "kind": "mint", "college": "ZZ1", "sis_id": "N1", "email": "z@example.net",
        "first_name": "Zythromanda", "last_name": "Qarvellonix", "birthdate": "1990-04-05",
        "no_perm_address_homeless": "true",
        "use_case": "unhoused", "cannot_self_serve": "no device", "identity_check": "seen in person",
        "attested_by": "dean", "attested_authority": "policy", "attested_on": "2026-11-16",
    }  # fmt: skip
    head = Path(words[2]).read_text(encoding="utf-8").strip().split(",")
    with Path(words[2]).open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, [*head, "no_perm_address_homeless"])
        rows.writeheader()
        rows.writerow(asked)


def answer(walk: Walk, words: list[str]) -> None:
    """Answer an upload as OpenCCC would: an account was made for each row."""
    (upload,) = walk.folder.glob("upload*.csv")
    with upload.open(encoding="utf-8", newline="") as file:
        asked = [(row["college"], row["sis_id"]) for row in csv.DictReader(file)]
    with Path(words[words.index("--file") + 1]).open("w", encoding="utf-8", newline="") as file:
        answers = csv.writer(file)
        answers.writerow(("college", "sis_id", "result", "cccid", "message"))
        answers.writerows((*who, "created", f"YYX{number:04}", "") for number, who in enumerate(asked, 1))


def load(_: Walk, words: list[str]) -> None:
    """Load the delivered numbers into the SIS, and take an extract of it."""
    with Path("numbers.csv").open(encoding="utf-8", newline="") as file:
        given = {row["sis_id"]: row["cccid"] for row in csv.DictReader(file)}

    def enter(rows: list[Row]) -> None:
        for row in rows:
            if number := given.get(row["SPRIDEN_ID"]):
                row |= {"GORADID_ADID_CODE": "CCCD", "GORADID_ADDITIONAL_ID": number}

    change_rows(
        Path(shutil.copy("students.csv", words[words.index("--extract") + 1])), enter, encoding="cp1252"
    )


def type_secret(walk: Walk, _: list[str]) -> str:
    """Be the student who was handed the secret."""
    return walk.printed["SECRET"] + "\n"


def type_code(walk: Walk, _: list[str]) -> str:
    """Be the student who got the message."""
    (message,) = (path for path in walk.folder.rglob("outbox/*") if path.is_file())
    code = re.search(r"Code: (.+)", message.read_text(encoding="utf-8"))
    assert code
    return f"{code[1]}\n{_PASSWORD}\n"


def look_into(walk: Walk, words: list[str]) -> None:
    """Speak from now on of the first number in the file, and of its secret."""
    file = Path(words[words.index("--file" if "--file" in words else "--out") + 1])
    with file.open(encoding="utf-8-sig", newline="") as rows:
        first = next(csv.DictReader(rows))
    walk.printed |= {"CCCID": first["cccid"], "SECRET": first.get("secret", "")}


def keep_small(_: Walk, words: list[str]) -> None:
    """Be content with a small college."""
    for name, most in _SMALL.items():
        at = words.index(f"--{name}") + 1
        words[at] = str(min(int(words[at]), most))


Person = Callable[[Walk, list[str]], str | None]
MEANWHILE: Final[dict[tuple[str, ...], Person]] = {
    ("lab",): look_only,
    ("sample",): keep_small,
    ("decide",): decide,
    ("batch", "result"): answer,
    ("batch", "loaded"): load,
    ("account", "reclaim"): type_secret,
    ("account", "confirm"): type_code,
}
AFTERWARDS: Final[dict[tuple[str, ...], Person]] = {
    ("plan", "new"): fill_in,
    ("account", "request-template"): ask_for_an_account,
    ("account", "credentials"): look_into,
    ("batch", "result"): look_into,
}
