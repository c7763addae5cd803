from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest
import registries

from reconcile.errors import InputError
from reconcile.read import Query, read

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "Quetzal-7"  # noqa: S105 - of nobody


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "sis.sqlite"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE person (id TEXT, n INTEGER, x REAL, note TEXT, code TEXT)")
        made.executemany(
            "INSERT INTO person VALUES (?, ?, ?, ?, ?)",
            [("007", 123456789012, 1e22, ":a 100%", "A  "), ("008", None, 0.1, "", "BB ")],
        )
    made.close()
    return path


def ask(place: Path, sql: str, **more):
    return read(Query(url=f"sqlite:///{place}", sql=sql, **more))


def test_a_query_answers_text(place: Path):
    made = ask(place, "SELECT id, n, x, note FROM person ORDER BY id -- all; of them\n;")
    assert made.frame.rows() == [
        ("007", "123456789012", "10000000000000000000000", ":a 100%"),
        ("008", None, "0.1", None),
    ]
    assert made.diagnostics.is_empty()
    source = made.source
    assert (source.kind, source.rows, source.columns) == ("query", 2, ("id", "n", "x", "note"))
    assert source.name == str(source.path) == "query on sis.sqlite"
    again = ask(place, "SELECT id, n, x, note FROM person ORDER BY id").source
    other = ask(place, "SELECT id, n, x, note FROM person ORDER BY id DESC").source
    assert again.sha256 == source.sha256 != other.sha256


def test_colons_percent_signs_and_parameters(place: Path):
    assert ask(place, "SELECT id FROM person WHERE note LIKE ':a %\\%' ESCAPE '\\'").frame.height == 1
    made = ask(place, "SELECT id FROM person WHERE id = :id", parameters={"id": "008"})
    assert made.frame.rows() == [("008",)]


def test_blanks_of_char_columns_are_kept_and_said(place: Path):
    made = ask(place, "SELECT code FROM person")
    assert made.frame["code"].to_list() == ["A  ", "BB "]
    assert made.diagnostics["kind"].to_list() == ["padding"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DELETE FROM person", "begins with SELECT or WITH"),
        ("-- SELECT\nDROP TABLE person", "begins with SELECT or WITH"),
        ("SELECT 1; DELETE FROM person", "holds several"),
        ("WITH x AS (SELECT 1) DELETE FROM person", "the word DELETE"),
        ("SELECT * INTO copy FROM person", "the word INTO"),
        ("", "begins with SELECT or WITH"),
    ],
)
def test_a_query_only_reads(sql: str, message: str, place: Path):
    with pytest.raises(InputError, match=message):
        ask(place, sql)
    assert ask(place, "SELECT 'drop; delete' AS \"update\" FROM person").frame.height == 2


def test_what_a_database_says_is_not_repeated(place: Path):
    with pytest.raises(InputError, match=r"OperationalError, SQLITE_ERROR") as caught:
        ask(place, f"SELECT {SECRET.replace('-', '_')} FROM person")
    assert "Quetzal" not in f"{caught.value} {caught.value.__context__} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"oracle+oracledb://me:{SECRET}@host/sis", "Install oracledb"),
        (f"mssql+pymssql://me:{SECRET}@host/sis", "pymssql"),
        (f"postgresql+nothing://me:{SECRET}@host/sis", "does not know"),
        (f"postgresql+psycopg://me:pa@{SECRET}/x@127.0.0.1:1/sis", "query on postgresql failed"),
        (SECRET, "no address of a database"),
        ("sqlite:///nowhere/at/all.sqlite", "There is no SQLite database"),
    ],
)
def test_an_address_that_leads_nowhere_is_not_shown(url: str, message: str):
    query = Query(url=url, sql="SELECT 1")
    with pytest.raises(InputError, match=message) as caught:
        read(query)
    for shown in (str(caught.value), repr(query), repr(caught.value.__context__)):
        assert "Quetzal" not in shown


def test_numbers_of_an_answer_are_kept_though_the_answer_is_not(place: Path):
    source = ask(place, "SELECT id, 'formerly abd1234, ABD0001.' AS note, 'XABD0002' AS x FROM person").source
    assert source.seen.to_list() == ["ABD0001", "ABD1234"]
    assert "ABD" not in repr(source)
    assert ask(place, "SELECT id FROM person WHERE id = 'x'").source.seen.is_empty()


def test_no_row_is_an_answer(place: Path):
    made = ask(place, "SELECT id FROM person WHERE id = 'x'")
    assert made.frame.columns == ["id"]
    assert made.diagnostics["kind"].to_list() == ["no_rows"]


@pytest.mark.skipif(sys.platform == "win32", reason=registries.NOT_ON_WINDOWS)
def test_postgresql_keeps_types_apart_and_itself_unchanged():
    url = registries.new_database().replace("postgresql://", "postgresql+psycopg://")
    sql = (
        "SELECT 1.50::numeric(10,2) AS price, 12345678901234567890::numeric AS id, "
        "date '2004-05-06' AS born, timestamp '2004-05-06' AS midnight, "
        "timestamp '2004-05-06 13:05:00.5' AS moment, true AS ok, "
        "ARRAY[1, 2] AS many, 'a%b:c' AS text, NULL AS nothing, 'x'::char(3) AS code"
    )
    made = read(Query(url=url, sql=sql))
    assert made.frame.rows() == [
        ("1.50", "12345678901234567890", "2004-05-06", "2004-05-06", "2004-05-06 13:05:00.5", "true",
         "[1, 2]", "a%b:c", None, "x  "),
    ]  # fmt: skip
    assert made.diagnostics.select("kind", "column").rows() == [("nested_value", "many"), ("padding", "code")]
    with pytest.raises(InputError, match="25006"):
        read(Query(url=url, sql="SELECT lo_create(0)"))
    many = read(Query(url=url, sql="SELECT i::text AS id FROM generate_series(1, 25000) AS i ORDER BY i"))
    assert many.frame["id"].to_list() == [str(n) for n in range(1, 25_001)]
