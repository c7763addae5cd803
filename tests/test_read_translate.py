from __future__ import annotations

from typing import TYPE_CHECKING

from reconcile.read import ReadResult, read

if TYPE_CHECKING:
    from pathlib import Path


def table(folder: Path, columns: str, *rows: str) -> ReadResult:
    path = folder / "students.csv"
    numbered = [f"{i},Name,{row}" for i, row in enumerate(rows)]
    path.write_text("\n".join([f"id,last_name,{columns}", *numbered, ""]), encoding="utf-8")
    return read(path, layout="generic")


def noted(made: ReadResult) -> list[tuple[int | None, str, str]]:
    return made.diagnostics.select("line", "kind", "column").rows()


def test_a_death_is_never_overlooked(tmp_path: Path):
    made = table(
        tmp_path, "deceased", "Y", "D", "2020-01-01", "Deceased", "X", "N", "0", "", "see file", "Y?"
    )
    dead, alive = ["true"] * 5, ["false", "false", None]
    assert made.frame["deceased"].to_list() == [*dead, *alive, "true", "true"]
    assert noted(made) == [(10, "unknown_value", "deceased"), (11, "unknown_value", "deceased")]
    assert "see file" not in made.diagnostics["message"][0]


def test_a_date_of_death_decides_unless_it_is_none(tmp_path: Path):
    made = table(tmp_path, "deceased,deceased_date", "N,2020-01-01", "N,0000-00-00", ",", "Y,")
    assert made.frame["deceased"].to_list() == ["true", "false", None, "true"]
    only = table(tmp_path, "date_of_death", "01/31/2020", "00/00/0000", "", "unknown")
    assert only.frame["deceased"].to_list() == ["true", None, None, "true"]
    assert noted(only) == [(5, "unknown_value", "deceased_on")]


def test_codes_are_translated_and_unknown_ones_listed_once(tmp_path: Path):
    made = table(
        tmp_path,
        "credit,person_type,confidential",
        "c,student,y",
        "Q,Prospective person,N",
        "Q,EMP,maybe so",
        "Z9,,",
    )
    assert made.frame["credit"].to_list() == ["credit", "Q", "Q", "Z9"]
    assert made.frame["person_type"].to_list() == ["student", "Prospective person", "employee", None]
    assert made.frame["confidential"].to_list() == ["true", "false", "maybe so", None]
    assert noted(made) == [
        (None, "unknown_value", name) for name in ("credit", "person_type", "confidential")
    ]
    said = made.diagnostics["message"].to_list()
    assert '3 values of 2 kinds are unknown and were kept as read ("Q" 2, "Z9" 1)' in said[0]
    assert not any("Prospective" in text or "maybe" in text for text in said)


def test_a_column_that_is_none_of_codes_is_counted_only(tmp_path: Path):
    made = table(tmp_path, "credit", *(f"A{i}" for i in range(13)))
    (message,) = made.diagnostics["message"]
    assert "13 values of 13 kinds" in message
    assert "A1" not in message
