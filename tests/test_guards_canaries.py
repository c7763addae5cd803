"""Marked persons go in and must come out nowhere: no log, message, exception, temporary file or report.

An SSN is kept nowhere at all. Names and birthdates are kept by the registry alone, whose requests are
made of them. Good runs and failing ones are watched in the same way.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import sqlite3
import tempfile
import time
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import pytest
from canaries import CANARIES, SSN_ONLY, edit_csv, put_into, search, tables_of, write_date, write_ssn
from recorder import Recorder, chain

from reconcile import files as files_module
from reconcile.cli import main
from reconcile.cli.failures import explain
from reconcile.engine import Engine
from reconcile.errors import InputError, OutputError, PlanError, RegistryError
from reconcile.flow import practice as practice_module
from reconcile.flow.demo import demo
from reconcile.flow.run import run
from reconcile.read import read
from reconcile.registry import Registry
from reconcile.sample import generate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from canaries import Rows

    from reconcile.flow.run import Run

ATTESTED = (
    '[mint]\nattested_by = "registrar"\nattested_authority = "board policy"\nattested_on = 2026-11-16\n'
)


@pytest.fixture(scope="session")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample folder with the canaries in it; copy it, do not change it."""
    folder = tmp_path_factory.mktemp("marked") / "colleague"
    generate(out=folder, students=120, accounts=300, sis="colleague", seed=3)
    put_into(folder)
    plan = folder / "plan.toml"
    text = plan.read_text(encoding="utf-8")
    if "attested_by" not in text:
        plan.write_text(text.replace("[mint]\n", ATTESTED), encoding="utf-8")
    return folder


@pytest.fixture
def files(marked: Path, tmp_path: Path) -> Path:
    """The marked files at the place where a test may change them."""
    return shutil.copytree(marked, tmp_path / "colleague")


@pytest.fixture
def recorder(files: Path) -> Recorder:
    return Recorder(files.parent, allowed=is_registry, spare=files)


def is_registry(path: Path) -> bool:
    return path.name.startswith("registry.sqlite")


def set_plan(files: Path, **values: str) -> Path:
    """Set keys of the plan: `section__key="TOML value"`."""
    plan = files / "plan.toml"
    text = plan.read_text(encoding="utf-8")
    for name, value in values.items():
        section, key = name.split("__")
        text = re.sub(rf"(?s)(\n\[{section}\](?:(?!\n\[).)*?)\n{key} = [^\n]*", r"\1", text)
        text = text.replace(f"[{section}]\n", f"[{section}]\n{key} = {value}\n")
    plan.write_text(text, encoding="utf-8")
    return plan


def outside(files: Path, **more: str) -> Path:
    """Have the plan keep its workspace and its registry beside the inputs, where they are watched."""
    places = {"reconciliation__workspace": '"../workspace"', "registry__url": '"../registry.sqlite"'}
    return set_plan(files, **(places | more))


def told(plan: Path) -> None:
    """Run a plan; after a failure say it as the command line would, everything that it would say."""
    try:
        run(plan)
    except Exception as error:
        explain(error, debug=True)
        raise


# The harness itself -------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_the_search_finds_each_writing(encoding: str) -> None:
    for canary in CANARIES:
        written = [write_ssn(canary.ssn, way) for way in range(3)]
        written += [write_date(canary.born, way) for way in range(5)]
        written += [canary.first.upper(), canary.last.lower(), canary.last.casefold(), canary.email]
        for text in written:
            assert search(f"a {text} b".encode(encoding)), encoding
    assert search("Ñuñezcanaro".encode("latin-1"))
    assert search(rb"\u017b\u00f3\u0142\u0107kanarek")
    assert not search("•••-••-5678, last four 5678, Q•••, 1931-••-••".encode(encoding))


def test_the_recorder_sees_every_way_out(files: Path, recorder: Recorder) -> None:
    """The counter-proof: a leak on each way is found, a temporary file that is gone again among them."""
    with recorder():
        print(CANARIES[0].last)  # noqa: T201
        os.write(2, CANARIES[1].email.encode())
        logging.getLogger("somebody.else").debug("read %s", CANARIES[2].first)
        with tempfile.NamedTemporaryFile() as file:
            file.write(CANARIES[3].ssn.encode("utf-16-le"))
            file.flush()
            time.sleep(0.3)
        try:
            int(CANARIES[4].last)
        except ValueError:
            raise PlanError("The plan cannot be used.") from None
    found = recorder.found
    assert isinstance(recorder.error, PlanError)
    assert {
        "name of canary 0 (utf-8) in output or log",
        "email of canary 1 (utf-8) in output or log",
    } <= found
    assert any(one.startswith("name of canary 2") and one.endswith("in output or log") for one in found)
    assert any(one.startswith("ssn of canary 3 (utf-16-le) in file tmp") for one in found)
    assert "name of canary 4 (utf-8) in the exception" in found


# Good runs ----------------------------------------------------------------------------------------


def test_demo_with_approval_and_minting(
    files: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(practice_module, "sample", lambda: files.parent)
    with recorder():
        done = demo(out=files.parent / "demo", sis="colleague")
        shown = shows_of(done)
    assert recorder.error is None, "".join(chain(recorder.error))
    assert done.batch is not None
    assert done.batch.state == "minted"
    assert done.batch.mints
    assert recorder.found == set()
    assert search(shown.encode()) == set()
    no_ssn_in_registry(files.parent / "demo" / "registry.sqlite")


def test_run_and_the_second_persons_commands(files: Path, recorder: Recorder) -> None:
    """The students' file is UTF-16 here; the run is done twice, the batch approved and minted in between."""
    edit_csv(files / "students.csv", lambda rows: None, encoding="utf-16")
    plan = outside(files)
    with recorder():
        done = run(plan)
        assert done.batch is not None
        for words in (
            ["batch", "show", done.batch.id],
            ["batch", "approve", done.batch.id, "--approver", "registrar"],
            ["batch", "mint", done.batch.id],
        ):
            assert main([*words, "--plan", str(plan)]) == 0
        again = run(plan)
        shown = shows_of(again)
    assert recorder.error is None, "".join(chain(recorder.error))
    assert recorder.found == set()
    assert search(shown.encode()) == set()
    # The canaries took part: they were to be created, were recovered, or wait for a person.
    by_id = dict(done.resolution.frame.select("sis_id", "status").iter_rows())
    marked_ids = done.students.filter(pl.col("email").str.contains("kanari"))["sis_id"]
    assert len(marked_ids) == len(CANARIES)
    assert {"mintable", "recoverable"} <= {by_id[one] for one in marked_ids}
    no_ssn_in_registry(files.parent / "registry.sqlite")


def test_a_warehouse_file_holds_no_ssn(files: Path, tmp_path: Path) -> None:
    """Tables of the engine in a file on disk, not in memory."""
    warehouse = tmp_path / "warehouse" / "w.duckdb"
    with Engine(warehouse) as engine:
        engine.load("students", read(files / "students.csv", layout="colleague").frame)
        engine.load("accounts", read(files / "accounts.csv", layout="openccc").frame)
        engine.load("raw_accounts", read(files / "accounts.csv").frame)
    data = b"".join(path.read_bytes() for path in warehouse.parent.iterdir())
    assert search(data)  # names are there, uncompressed: the search can see into the file
    assert search(data, kinds=SSN_ONLY) == set()


def shows_of(done: Run) -> str:
    """What a notebook shows of a run and of everything in it."""
    shown = [
        done,
        done.plan,
        done.resolution,
        done.joined,
        done.links,
        done.inputs,
        *done.validations.values(),
    ]
    texts = [repr(one) for one in shown]
    texts += [one._repr_html_() for one in shown if hasattr(one, "_repr_html_")]
    return "\n".join(texts)


def no_ssn_in_registry(path: Path) -> None:
    cells = b"\n".join(cell for _, cell in tables_of(path))
    assert search(cells, kinds=SSN_ONLY) == set()
    assert search(cells)  # names are there, so the cells could be seen


# Failing runs -------------------------------------------------------------------------------------


def drop_fields(rows: Rows) -> None:
    """Lines of too few and too many fields, SSNs and names among them."""
    for number in (1, 2, 3):
        del rows[number][2:6]
    rows[4] += [CANARIES[4].ssn, CANARIES[4].last]
    for number in range(20, 26):
        rows[number] = [write_ssn(CANARIES[0].ssn, number), CANARIES[0].last]


def drop_most_fields(rows: Rows) -> None:
    for number in range(1, len(rows)):
        rows[number] = rows[number][: 3 + number % 7]


def swap_ids(rows: Rows) -> None:
    """Two persons with one id, the id an SSN; and ids that are missing."""
    rows[1][0] = rows[2][0] = write_ssn(CANARIES[1].ssn, 0)
    rows[3][0] = ""


def break_dates(rows: Rows) -> None:
    place = rows[0].index("BIRTH.DATE")
    for number, canary in enumerate(CANARIES, start=1):
        rows[number][place] = (f"{canary.born:%m/32/%Y}", f"{canary.last}", write_ssn(canary.ssn, 0))[
            number % 3
        ]


def rename(column: str, rows: Rows) -> None:
    rows[0][rows[0].index(column)] = "FAMILIENAME"


def drop_header(rows: Rows) -> None:
    del rows[0]


def name_columns_after_people(rows: Rows) -> None:
    """Unlucky title lines: a name and a number where column names should be, two of them alike."""
    rows[0][3] = rows[0][4] = CANARIES[0].last
    rows[0][5] = write_ssn(CANARIES[0].ssn, 0)


def break_quotes(rows: Rows) -> None:
    rows[1][1] = f'{CANARIES[0].last}", "{CANARIES[0].first}\n"'


SPOILED: dict[str, Callable[[Rows], None]] = {
    "mostly ragged rows": drop_most_fields,
    "an unmapped column": partial(rename, "LAST.NAME"),
    "no header": drop_header,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
@pytest.mark.parametrize("table", ["students", "accounts"])
def test_files_that_cannot_be_used(
    files: Path, recorder: Recorder, spoil: Callable[[Rows], None], table: str
) -> None:
    edit_csv(files / f"{table}.csv", spoil if table == "students" else partial(as_accounts, spoil))
    with recorder():
        told(outside(files))
    assert isinstance(recorder.error, InputError)
    assert recorder.found == set()


@pytest.mark.parametrize("table", ["students", "accounts"])
def test_people_for_column_names(files: Path, recorder: Recorder, table: str) -> None:
    """Columns that nothing needs may have any name; it is told nowhere."""
    spoil = name_columns_after_people
    edit_csv(files / f"{table}.csv", spoil if table == "students" else partial(as_accounts, spoil))
    with recorder():
        told(outside(files))
    assert recorder.found == set()


def test_spoiled_rows(files: Path, recorder: Recorder) -> None:
    """Ragged rows, stray quotes, ids that are not unique, impossible dates in both files: still a run."""
    for spoil in (swap_ids, break_dates, break_quotes, drop_fields):
        edit_csv(files / "students.csv", spoil)
        edit_csv(files / "accounts.csv", partial(as_accounts, spoil))
    with recorder():
        done = run(outside(files))
    assert recorder.error is None, "".join(chain(recorder.error))
    assert min(record.quarantined for record in done.inputs.records[:2]) >= 6
    assert recorder.found == set()


def as_accounts(spoil: Callable[[Rows], None], rows: Rows) -> None:
    """Spoil the accounts' file as if it had the students' column names."""
    names = {"birthdate": "BIRTH.DATE", "lastname": "LAST.NAME"}
    rows[0][:] = [names.get(name, name) for name in rows[0]]
    spoil(rows)
    back = {ours: theirs for theirs, ours in names.items()}
    rows[0][:] = [back.get(name, name) for name in rows[0]]


@pytest.mark.parametrize(
    ("given", "declared"), [("latin-1", "utf-8"), ("cp1252", "utf-16"), ("utf-8", "ascii")]
)
def test_another_encoding_than_declared(files: Path, recorder: Recorder, given: str, declared: str) -> None:
    edit_csv(files / "students.csv", lambda rows: None, encoding=given)
    with recorder():
        told(outside(files, students__encoding=f'"{declared}"'))
    assert isinstance(recorder.error, InputError)
    assert recorder.found == set()


def test_closed_gate(files: Path, recorder: Recorder) -> None:
    plan = outside(files, mint__attested_by='""', mint__attested_authority='""', mint__attested_on='""')
    with recorder():
        assert main(["run", str(plan)]) == 1
    assert recorder.error is None
    assert recorder.found == set()


def test_engine_error(files: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB quotes the value that it cannot convert."""
    load = Engine.load

    def fail(engine: Engine, name: str, table: object, /):
        made = load(engine, name, table)
        engine.value("SELECT sum(CAST(v AS INTEGER)) FROM (SELECT ? AS v)", CANARIES[0].last)
        return made

    monkeypatch.setattr(Engine, "load", fail)
    with recorder():
        told(outside(files))
    assert recorder.error is not None
    assert recorder.found == set()


def test_engine_error_in_a_stream(recorder: Recorder) -> None:
    with recorder(), Engine() as engine:
        engine.load("t", pl.DataFrame({"v": [CANARIES[0].last]}))
        for _ in engine.batches("SELECT CAST(v AS INTEGER) AS v FROM t"):
            pass
    assert recorder.error is not None
    assert recorder.found == set()


def test_a_rule_that_cannot_be_evaluated(
    files: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reconcile.validate import (  # noqa: PLC0415 - Great Expectations is slow to import
        findings,
        gx,
        predicates,
    )

    sound = predicates.failing

    def unsound(rule: str, kwargs: dict[str, object], **more: str) -> str:
        text = sound(rule, kwargs, **more)
        return f"CAST(last_name AS INTEGER) > 0 OR {text}" if kwargs.get("column") == "last_name" else text

    monkeypatch.setattr(gx, "failing", unsound)
    monkeypatch.setattr(findings, "failing", unsound)
    with recorder():
        assert main(["--debug", "run", str(outside(files))]) == 1
    assert recorder.found == set()


def test_refused_registries(files: Path, recorder: Recorder) -> None:
    """Stamped otherwise, another program's database, no database at all, one that refuses a row."""
    places = {name: files.parent / f"{name}.sqlite" for name in ("real", "foreign", "text", "quoting")}
    Registry.open(places["real"], demo=False).close()
    with sqlite3.connect(places["foreign"]) as foreign:
        foreign.execute("CREATE TABLE meta (person TEXT)")
    foreign.close()
    places["text"].write_text("no database\n" * 100, encoding="utf-8")
    Registry.open(places["quoting"], demo=True).close()
    with sqlite3.connect(places["quoting"]) as quoting:
        for (name,) in quoting.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [row[1] for row in quoting.execute(f"PRAGMA table_info({name})")]
            if "payload" in columns:
                quoting.execute(
                    f'CREATE TRIGGER stop_{name} BEFORE INSERT ON "{name}" BEGIN '
                    "SELECT CASE WHEN 1 THEN RAISE(ABORT, 'refused') END; END"
                )
    quoting.close()
    for place in places.values():
        plan = outside(files, registry__url=f'"{place.as_posix()}"')
        with recorder():
            told(plan)
        assert isinstance(recorder.error, RegistryError)
    assert recorder.found == set()


def test_a_malformed_plan(files: Path, recorder: Recorder) -> None:
    """A password stands in a registry's URL, so that a plan is not quoted either."""
    secret = CANARIES[0].last
    plan = set_plan(files, registry__url=f'"mysql://user:{secret}@server/db"', issuer__kidn='"demo"')
    with recorder():
        told(plan)
    assert isinstance(recorder.error, PlanError)
    plan.write_text(
        plan.read_text(encoding="utf-8") + f'\nurl = "postgresql://u:{secret}@h/db\n', encoding="utf-8"
    )
    with recorder():
        told(plan)
    assert isinstance(recorder.error, PlanError)
    assert recorder.found == set()


def test_outputs_that_cannot_be_written(
    files: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = files_module.replace

    def full(source: Path, target: Path) -> None:
        if target.name == "audit.html":
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(files_module, "replace", full)
    with recorder():
        told(outside(files))
    assert isinstance(recorder.error, OSError | OutputError)
    assert recorder.found == set()


def test_a_defect_of_ours(files: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign exception that quotes a value is told by its type and place."""
    from reconcile.flow import run as module  # noqa: PLC0415

    def stumble(*_, **__):
        raise KeyError(CANARIES[0].last)

    monkeypatch.setattr(module, "look_up", stumble)
    with recorder():
        assert main(["--debug", "run", str(outside(files))]) == 3
    assert recorder.found == set()
