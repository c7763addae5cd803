"""The command line: what it prints where, and what its exit codes mean."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from types import ModuleType, SimpleNamespace

import polars as pl
import pytest

import reconcile
from reconcile.cli import main
from reconcile.cli.app import app
from reconcile.cli.failures import explain
from reconcile.cli.progress import Steps
from reconcile.cli.tables import show_table
from reconcile.errors import ConservationError, GateClosed, InputError, OutputError
from reconcile.plan import Plan
from reconcile.results import BatchSummary

CLEAR = "123-45-6789"


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch):
    """Put a function in the place of a use case, without importing the stages behind it."""

    def put(module: str, name: str, function) -> None:
        stand_in = ModuleType(module)
        setattr(stand_in, name, function)
        monkeypatch.setitem(sys.modules, module, stand_in)

    return put


def raising(error: BaseException):
    def function(*_, **__):
        raise error

    return function


def a_run(folder: Path, *, command: str = "reconcile batch approve B1", gate_open: bool = True):
    return SimpleNamespace(
        summary=pl.DataFrame(
            {"status": ["confirmed", "mintable"], "students": [1234, 1], "next_step": ["none", "create"]}
        ),
        audit=folder / "audit.html",
        gate_open=gate_open,
        notes=("The snapshot is 12 days old.",),
        batch=BatchSummary(
            id="B1",
            state="submitted",
            mints=1,
            recoveries=0,
            proposer="analyst",
            approver=None,
            command=command,
        ),
    )


@pytest.mark.parametrize(
    "words",
    [
        [],
        *([name] for name in ("demo", "run", "sample", "quality", "inspect", "lab", "plan", "batch")),
        *([name] for name in ("validate", "compare", "dictionary", "account")),
    ],
)
def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main([*words, "--help"]) == 0
    said = capsys.readouterr().out
    assert "Usage: reconcile" in said
    if words and words[0] not in {"plan", "batch", "account"}:
        assert "Example: `reconcile " in said


def test_help_is_quick() -> None:
    """Under a second of CPU, and none of the slow packages; the best of three, for other work goes on."""
    script = (
        "import sys, time; from reconcile.cli import main; main(['--help']); slow = {'duckdb', 'altair',"
        "'great_expectations', 'sqlalchemy', 'rapidfuzz', 'jupyterlab', 'pandas', 'pyarrow', 'rich'};"
        "print(sorted(slow & set(sys.modules)), time.process_time())"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, encoding="utf-8"
        )
        assert "Usage: reconcile" in done.stdout
        loaded, taken = done.stdout.splitlines()[-1].rsplit(" ", 1)
        assert loaded == "[]"
        seconds.append(float(taken))
    assert min(seconds) < 1.0


def test_the_list_of_commands_is_not_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["plan"], ["batch"], ["account"]):
        main([*words, "--help"])
        assert "..." not in capsys.readouterr().out.replace("COMMAND [ARGS]...", "")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert capsys.readouterr().out == f"reconcile {project['project']['version']}\n"
    assert reconcile.__version__ == project["project"]["version"]


def test_nothing_asked_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    said = capsys.readouterr()
    assert "Usage: reconcile" in said.out + said.err
    assert "reconcile: " not in said.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["dmeo"], 'Did you mean "demo"?'),
        (
            ["frobnicate"],
            "Known: account, audit, batch, compare, create, decide, demo, dictionary, inspect, key",
        ),
        (["plan", "nwe"], 'Did you mean "new"?'),
        (["batch", "aprove"], 'Did you mean "approve"?'),
        (["demo", "--outt", "x"], 'Did you mean "--out"?'),
        (["sample", "--student", "5"], 'Did you mean "--students"?'),
        (["run", "--frobnicate", "x"], "Known: --for, --help, --scores, --work-list."),
        (["--verson"], 'Did you mean "--version"?'),
        (["run"], "PLAN.toml"),
        (["run", "a.toml", "b.toml"], "b.toml"),
        (["sample", "--out", "x", "--students", "0"], "--students"),
        (["sample", "--out", "x", "--students", "many"], "--students"),
        (["demo", "--sis", "bannr"], "'banner', 'colleague', 'peoplesoft'"),
    ],
)
def test_a_command_that_cannot_be_understood(
    capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("reconcile: ")
    assert expected in said.err
    assert "--help" in said.err.splitlines()[-1]


def test_run_prints_the_result_on_stdout_and_its_steps_on_stderr(
    capsys: pytest.CaptureFixture[str], flow, tmp_path: Path
) -> None:
    def run(plan, *, progress):
        assert plan == Path("fall.toml")
        progress("Read students")
        return a_run(tmp_path)

    flow("reconcile.flow.run", "run", run)
    assert main(["run", "fall.toml"]) == 0
    said = capsys.readouterr()
    assert "1,234" in said.out
    assert "next step" in said.out
    assert f"Audit  {tmp_path / 'audit.html'}" in said.out
    assert "The snapshot is 12 days old." in said.out
    assert "somebody else than analyst" in said.out
    assert said.out.endswith("  reconcile batch approve B1\n")
    assert said.err.startswith("Read students ...\nDone in ")


def test_a_work_list_that_exists_is_refused_before_anything_is_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "pairs.csv").write_text("decided", encoding="utf-8")
    assert main(["run", "no.toml", "--work-list", str(tmp_path / "pairs.csv")]) == OutputError.exit_code
    assert "pairs.csv exists already" in capsys.readouterr().err


def test_demo_and_sample_and_quality_pass_their_options_on(
    capsys: pytest.CaptureFixture[str], flow, tmp_path: Path
) -> None:
    given = {}

    def remember(name, answer):
        def function(*values, progress=None, **options):
            given[name] = (values, options)
            return answer

        return function

    measured = SimpleNamespace(frame=pl.DataFrame({"recall": [0.98765, None]}), wrong_links=1, recovered=7)
    flow("reconcile.flow.demo", "demo", remember("demo", a_run(tmp_path, command="")))
    made = SimpleNamespace(folder=Path("x"), plan=Path("x") / "plan.toml")
    flow("reconcile.sample", "generate", remember("sample", made))
    flow("reconcile.flow.quality", "quality", remember("quality", measured))
    assert main(["demo", "--sis", "peoplesoft", "--out", "x"]) == 0
    assert main(["sample", "--students", "5", "--accounts", "9", "--sis", "colleague", "--out", "x"]) == 0
    assert main(["quality", "x"]) == 0
    assert given["demo"] == ((), {"out": Path("x"), "sis": "peoplesoft"})
    assert given["sample"] == (
        (),
        {"out": Path("x"), "students": 5, "accounts": 9, "sis": "colleague", "seed": 1},
    )
    assert given["quality"] == ((Path("x"),), {})
    said = capsys.readouterr().out
    assert "0.988" in said
    assert "1 of 7 CCCIDs" in said
    assert f"reconcile run {Path('x') / 'plan.toml'}" in said
    assert "approves:" not in said


def test_a_closed_gate_is_an_exit_code_and_the_audit_is_shown_all_the_same(
    capsys: pytest.CaptureFixture[str], flow, tmp_path: Path
) -> None:
    flow("reconcile.flow.run", "run", lambda *_, **__: a_run(tmp_path, gate_open=False))
    assert main(["run", "fall.toml"]) == 1
    assert "Audit  " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("[students] path: no such file."), 2, "[students] path: no such file."),
        (GateClosed("3 rows break a critical rule."), 1, "3 rows"),
        (ConservationError("5 rows in, 4 out."), 3, "defect of reconcile"),
        (OSError(errno.ENOSPC, "No space left on device", "out.csv"), 2, "No space left on device (out.csv)"),
        (MemoryError(), 2, "memory"),
        (KeyError(CLEAR), 3, "KeyError at "),
        (ValueError(CLEAR), 3, "Do not send your files"),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
)
def test_a_failure_is_one_message_and_a_code(
    capsys: pytest.CaptureFixture[str], flow, error: BaseException, code: int, message: str
) -> None:
    flow("reconcile.flow.run", "run", raising(error))
    assert main(["run", "fall.toml"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert "Traceback" not in said.err
    assert CLEAR not in said.err


@pytest.mark.parametrize("words", [["--debug", "run", "x"], ["run", "x", "--debug"], ["run", "x"]])
def test_debug_shows_places_and_no_values(
    capsys: pytest.CaptureFixture[str], flow, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    def fail(*_, **__):
        try:
            int(CLEAR)
        except ValueError as error:
            raise KeyError(CLEAR) from error

    flow("reconcile.flow.run", "run", fail)
    if "--debug" not in words:
        monkeypatch.setenv("RECONCILE_DEBUG", "1")
    assert main(words) == 3
    said = capsys.readouterr().err
    assert "KeyError, raised through:" in said
    assert "ValueError, raised through:" in said
    assert "test_cli.py:" in said
    assert CLEAR not in said


def test_an_error_without_a_place_is_told_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(RuntimeError(CLEAR)) == 3
    assert "RuntimeError at an unknown place" in capsys.readouterr().err


def test_plan_new_writes_a_plan_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "fall.toml"
    assert main(["plan", "new", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == Plan.template()
    assert f"reconcile run {path}" in capsys.readouterr().out
    path.write_text("mine", encoding="utf-8")
    assert main(["plan", "new", str(path)]) == 2
    assert "is not overwritten" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "mine"


def test_plan_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(Plan.template(), encoding="utf-8")
    assert main(["plan", "check", str(path)]) == 2
    assert "[issuer] kind: is empty" in capsys.readouterr().err
    text = Plan.template()
    for name, value in (
        ("as_of", date(2026, 11, 30)),
        ("kind", '"openccc"'),
        ("layout", '"banner"'),
        ("scope", '"district"'),
        ("proposer", '"analyst"'),
        ("path", None),
    ):
        text = text.replace(f'\n{name} = ""', f"\n{name} = {value}") if value else text
    for name in ("students.csv", "accounts.csv"):
        (tmp_path / name).touch()
        text = text.replace('path = ""', f'path = "{name}"', 1)
    path.write_text(text, encoding="utf-8")
    assert main(["plan", "check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "can be used" in said
    assert "plus addresses" not in said
    text = text.replace('# mailbox = "accounts@college.edu"', 'mailbox = "accounts@college.edu"')
    path.write_text(text, encoding="utf-8")
    assert main(["plan", "check", str(path)]) == 0
    assert "Send a message to accounts+test@college.edu" in capsys.readouterr().out
    text = text.replace('# mailbox_verified_on = ""', "mailbox_verified_on = 2026-11-02")
    path.write_text(text, encoding="utf-8")
    assert main(["plan", "check", str(path)]) == 0
    assert "plus addresses" not in capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["--plan", "a.toml", "--registry", "r.sqlite"]])
def test_a_batch_has_one_registry(capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    assert main(["batch", "show", "B1", *options]) == 2
    assert "either --plan PLAN.toml or --registry URL" in capsys.readouterr().err


def test_a_registry_that_is_not_there_is_not_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = tmp_path / "r.sqlite"
    assert main(["batch", "show", "B1", "--registry", str(place)]) == 2
    assert str(place) in capsys.readouterr().err
    assert not place.exists()


def test_python_dash_m_and_a_console_that_lacks_letters(tmp_path: Path) -> None:
    """A Windows console of 1252 shows a ? and does not crash."""
    done = subprocess.run(
        [sys.executable, "-m", "reconcile", "plan", "check", "Łódź.toml"],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 2
    assert b"?\xf3d?.toml does not exist" in done.stderr


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_long_each_step_took(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with Steps() as steps:
        steps("Read [students]")
        steps("Link")
    said = screen.getvalue()
    assert " s  Read [students]" in said
    assert " s  Link" in said
    assert "Done in " in said


def test_a_failed_step_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(GateClosed), Steps() as steps:  # noqa: PT012 - the block is the subject
        steps("Link")
        raise GateClosed
    assert "Done" not in capsys.readouterr().err


def test_a_table_shows_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(pl.DataFrame({"status": ["[red]held"], "share": [0.5], "note": [None], "line": [12345]}))
    said = capsys.readouterr().out
    assert "[red]held" in said
    assert "12345" in said
    assert "0.500" in said


def test_commands_stand_in_the_order_in_which_they_are_needed() -> None:
    assert [command.callback.__name__ for command in app.registered_commands] == [
        "demo",
        "run",
        "decide",
        "audit",
        "create",
        "writeback",
        "purge",
        "sample",
        "quality",
        "inspect",
        "map",
        "validate",
        "compare",
        "dictionary",
        "notebook",
        "lab",
    ]
