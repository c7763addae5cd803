"""What a library says of a value that it stumbles over reaches nobody: each one is made to stumble here."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import polars as pl
import pytest
from canaries import CANARIES, search, write_date, write_ssn
from recorder import chain

from reconcile.engine import Engine
from reconcile.errors import ReconcileError
from reconcile.flow.link import link
from reconcile.read import Query, load_layout, read
from reconcile.score.model import Model
from reconcile.validate.entries import read_entries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE = CANARIES[0]
VALUES = [ONE.first, ONE.last, write_date(ONE.born, 0), write_ssn(ONE.ssn, 0), ONE.ssn, ONE.email]
FRAME = pl.DataFrame({"id": [str(n) for n in range(6)], "value": VALUES})


def cut(path: Path, part: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def spoiled(path: Path, value: str) -> Path:
    """Damage the bytes behind a value, where a parser has it in hand."""
    data = bytearray(path.read_bytes())
    at = data.find(value.encode())
    data[at - 4 : at] = b"\xff\xff\xff\x7f"
    path.write_bytes(data)
    return path


def of_parquet(folder: Path) -> object:
    FRAME.write_parquet(folder / "a.parquet", compression="uncompressed", use_pyarrow=True)
    return read(spoiled(folder / "a.parquet", ONE.first))


def of_arrow(folder: Path) -> object:
    FRAME.write_ipc_stream(folder / "a.arrow")
    return read(cut(folder / "a.arrow", 0.8))


def of_a_workbook(folder: Path) -> object:
    FRAME.write_excel(folder / "a.xlsx")
    return read(cut(folder / "a.xlsx", 0.7))


def of_the_encoding(folder: Path) -> object:
    (folder / "a.csv").write_text(f"id,né\n1,{ONE.last}\n", encoding="latin-1")
    return read(folder / "a.csv", encoding="ascii")


def of_a_query(folder: Path) -> object:
    with sqlite3.connect(folder / "a.sqlite") as connection:
        connection.execute("CREATE TABLE t (name)")
        connection.execute("INSERT INTO t VALUES (CAST(? AS TEXT))", [ONE.last.encode() + b"\xff"])
    connection.close()
    return read(Query(url=f"sqlite:///{folder / 'a.sqlite'}", sql="SELECT name FROM t"))


def of_a_statement(folder: Path) -> object:
    sqlite3.connect(folder / "a.sqlite").close()
    return read(Query(url=f"sqlite:///{folder / 'a.sqlite'}", sql=f"SELECT {ONE.last} FROM {ONE.first}"))


def of_a_parameter(folder: Path) -> object:
    sqlite3.connect(folder / "a.sqlite").close()
    url, given = f"sqlite:///{folder / 'a.sqlite'}", {"name": ONE.last}
    return read(Query(url=url, sql="SELECT * FROM nothing WHERE x = :name", parameters=given))


def of_a_layout(folder: Path) -> object:
    (folder / "own.toml").write_text(f'table = "students"\n{ONE.first} {ONE.last}\n', encoding="utf-8")
    return load_layout(folder / "own.toml")


def of_rules(folder: Path) -> object:
    (folder / "rules.yaml").write_text(f"rules:\n  - {{id: [{ONE.first}, {ONE.ssn}\n", encoding="utf-8")
    return read_entries(folder / "rules.yaml")


def of_a_model(folder: Path) -> object:
    return Model.from_json(f'{{"m": "{ONE.last}"')


def of_the_engine(folder: Path) -> object:
    with Engine() as engine:
        table = engine.load("t", FRAME)
        return engine.frame("SELECT CAST(value AS DATE) FROM {t}", t=table)


def of_the_engines_parquet(folder: Path) -> object:
    FRAME.write_parquet(folder / "a.parquet", compression="uncompressed", use_pyarrow=True)
    with Engine() as engine:
        return engine.scan("t", spoiled(folder / "a.parquet", ONE.first)).frame


def of_a_table_to_link(folder: Path) -> object:
    people = pl.DataFrame({"id": VALUES, "first_name": VALUES, "birthdate": [*VALUES[:5], None]})
    return link(pl.concat([people, people]), people, id="id")


@pytest.mark.parametrize(
    "stumble",
    [
        of_parquet, of_arrow, of_a_workbook, of_the_encoding, of_a_query, of_a_statement, of_a_parameter,
        of_a_layout, of_rules, of_a_model, of_the_engine, of_the_engines_parquet, of_a_table_to_link,
    ],
)  # fmt: skip
def test_an_error_quotes_no_value(stumble: Callable[[Path], object], tmp_path: Path):
    with pytest.raises(ReconcileError) as caught:
        stumble(tmp_path)
    assert search("\n".join(chain(caught.value)).encode()) == set()


def test_the_counter_proof_finds_what_a_library_says(tmp_path: Path):
    with pytest.raises(pl.exceptions.PolarsError) as caught:
        FRAME["value"].str.to_integer()
    assert search("\n".join(chain(caught.value)).encode()) != set()
