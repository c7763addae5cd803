"""The README and the guides say what is true: commands run, links lead somewhere, keys and names exist."""

from __future__ import annotations

import contextlib
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from guides import FIRST, PAGES, README, Page, Walk, begin, go_on, parameters, typing
from plans import BRIEF, change_plan

from reconcile.cli.app import app
from reconcile.columns import UseCase
from reconcile.errors import PlanError
from reconcile.plan import Plan
from reconcile.plan.reader import Reader
from reconcile.resources import notebooks

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_NAME = {path.stem: Page(path) for path in PAGES}
GUIDES = [
    name for name, page in BY_NAME.items() if page.commands() and name not in {"README", FIRST, "accounts"}
]  # test_guide_accounts
SERVER = [(name, command) for name, page in BY_NAME.items() for command in page.commands("sh server")]
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)]+)\)")
FENCES = {"sh", "sh server", "powershell", "toml", "yaml", "python", "json"}
NOTEBOOKS = {path.stem: Page(path) for path in sorted(notebooks().glob("*.ipynb"))}
ALL = BY_NAME | NOTEBOOKS
named = pytest.mark.parametrize("name", ALL)


# The commands ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Take the commands of the first guide; the others go on from there."""
    with contextlib.contextmanager(begin)(tmp_path_factory.mktemp("first")) as walk:
        for command in BY_NAME[FIRST].commands():
            walk.take(command)
    return walk


def test_a_newcomer_who_follows_the_readme_gets_to_the_end(tmp_path: Path) -> None:
    """And finds in the run's folder the files that it lists."""
    with contextlib.contextmanager(begin)(tmp_path) as walk:
        for command in BY_NAME["README"].commands():
            walk.take(command)
        (run,) = Path("workspace/runs").iterdir()
        listed = re.findall(r"^\| `([\w.]+\.\w+)` \|", BY_NAME["README"].text, re.MULTILINE)
        assert {path.name for path in run.iterdir()} == {one for one in listed if not one.endswith(".ipynb")}


def test_the_first_day_ends_with_numbers_from_openccc(first_day: Walk) -> None:
    assert first_day.printed.keys() >= {"BATCH", "CCCID"}


@pytest.mark.parametrize("name", GUIDES)
def test_whoever_follows_a_guide_gets_to_its_end(name: str, first_day: Walk, tmp_path: Path) -> None:
    with contextlib.contextmanager(go_on)(first_day, tmp_path) as walk:
        for command in BY_NAME[name].commands():
            walk.take(command)


@pytest.mark.parametrize(("name", "command"), SERVER)
def test_what_needs_a_server_says_so_without_one(
    name: str, command: str, first_day: Walk, tmp_path: Path
) -> None:
    with contextlib.contextmanager(go_on)(first_day, tmp_path):
        code, _, said = typing(shlex.split(command)[1:])
    assert code == 2, name
    assert "PostgreSQL" in said


@named
def test_every_command_and_option_exists(name: str) -> None:
    """Those within sentences too, as far as they are written out."""
    page = ALL[name]
    spoken = [code for code in CODE.findall(page.prose) if code.startswith("reconcile ")]
    for command in (*page.commands(), *page.commands("sh server"), *page.indented, *spoken):
        words = shlex.split(command, comments=True)[1:]
        known = parameters(words)
        assert known is not None, command
        assert {word for word in words if word.startswith("--")} <= {*known}, command


@pytest.mark.parametrize("name", BY_NAME)
def test_every_block_says_what_it_is(name: str) -> None:
    page = BY_NAME[name]
    assert {kind for kind, _ in page.blocks} <= FENCES
    assert all(line.startswith(("reconcile ", "python3 ")) for line in page.lines("sh"))


def test_every_command_is_spoken_of() -> None:
    names = {command.callback.__name__ for command in app.registered_commands if command.callback}
    names |= {group.name for group in app.registered_groups}
    spoken = {command.split()[1] for page in BY_NAME.values() for command in page.commands()} | {"demo"}
    assert names - spoken == set()


# The plan -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys() -> dict[str, set[str]]:
    """Every section of a plan with its keys: what the program asks for when all sections are there."""
    whole = re.sub(r"(?m)^# (\[[\w.]+\]|\"?\w+\"? = )", r"\1", Plan.template())
    readers: list[Reader] = []

    def remember(text: str, path: Path) -> Reader:
        readers.append(Reader(text, path))
        return readers[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconcile.plan.plan.Reader", remember)
        with pytest.raises(PlanError):  # what is to be filled in is empty
            Plan.parse(whole, path=Path("whole.toml").absolute(), files=False)
    return readers[0]._known


@named
def test_every_key_of_a_plan_exists(name: str, keys: dict[str, set[str]]) -> None:
    """`[section]`, `[section] key`, and `key` under `[section]`."""
    prose = " ".join(ALL[name].prose.split())
    for section, key in re.findall(r"`\[([\w.]+)\](?: (\w+))?", prose):
        outer, _, inner = section.partition(".")
        assert not inner or inner in keys[outer], section
        assert not key or key in keys[outer] or inner, (section, key)
    for key, section in re.findall(r"`(\w+)(?: = [^`]*)?` under `\[([\w.]+)\]`", prose):
        assert key in keys[section], (section, key)


@pytest.mark.parametrize(
    "block", [one for page in BY_NAME.values() for kind, one in page.blocks if kind == "toml"]
)
def test_every_part_of_a_plan_fits_into_one(block: str, tmp_path: Path) -> None:
    part = tomllib.loads(block)
    plan = change_plan(whole_plan(tmp_path), **part)
    Plan.read(plan, files=False)


def whole_plan(folder: Path) -> Path:
    """Write a short plan that parts can be put into."""
    path = folder / "plan.toml"
    path.write_text(BRIEF.format(issuer="openccc", layout="banner"), encoding="utf-8")
    return path


def test_every_use_case_has_its_request() -> None:
    parts = [tomllib.loads(block) for kind, block in BY_NAME["use-cases"].blocks if kind == "toml"]
    assert [part["request"]["use_case"] for part in parts] == [*UseCase]


# What leads where -----------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """Give the places of a page that a link can lead to, as GitHub names them."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles)
    return {*plain, *re.findall(r'<a id="([^"]+)">', text)}


@named
def test_every_link_leads_somewhere(name: str) -> None:
    page = ALL[name]
    for link in LINK.findall(page.prose):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = page.path.parent / place if place else page.path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
    for label in re.findall(r"\]\[(\w+)\]", page.prose):
        assert f"\n[{label}]: https://" in page.text, label


@named
def test_every_notebook_that_is_named_exists(name: str) -> None:
    assert {*re.findall(r"\b\d\d_[a-z_]+\b", ALL[name].text)} <= NOTEBOOKS.keys()


def test_every_guide_is_linked_from_the_readme() -> None:
    linked = {Path(link.partition("#")[0]).stem for link in LINK.findall(README.read_text(encoding="utf-8"))}
    assert {name for name in BY_NAME if name != "README"} - linked == set()
