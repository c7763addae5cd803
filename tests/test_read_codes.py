from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconcile.errors import InputError
from reconcile.read import ReadResult, read

if TYPE_CHECKING:
    from pathlib import Path

BANNER = "SPRIDEN_ID,LAST_NAME,FIRST_NAME,ADDITIONAL_ID,ADID_CODE"
PEOPLESOFT = "EMPLID,LAST_NAME,FIRST_NAME,EXTERNAL_SYSTEM_ID,EXTERNAL_SYSTEM"
COLLEAGUE = "ID,LAST.NAME,FIRST.NAME,PERSON.ALT.IDS,PERSON.ALT.ID.TYPES"
HEADERS = {"banner": BANNER, "peoplesoft": PEOPLESOFT, "colleague": COLLEAGUE}
OPTIONS = {"banner": "additional_id_code", "peoplesoft": "additional_id_code", "colleague": "alt_id_type"}
CODES = {"banner": "CCCD", "peoplesoft": "CID", "colleague": "CCID"}


def table(folder: Path, layout: str, rows: list[str], *, header: str = "", **options: object) -> ReadResult:
    path = folder / "students.csv"
    numbered = [f"{i},Name{i},First{i},{row}" for i, row in enumerate(rows)]
    path.write_text("\n".join([header or HEADERS[layout], *numbered, ""]), encoding="utf-8")
    return read(path, layout=layout, options=options)


def noted(made: ReadResult) -> list[str]:
    return made.diagnostics["kind"].to_list()


@pytest.mark.parametrize("layout", HEADERS)
def test_a_code_that_no_id_has_is_refused(layout: str, tmp_path: Path):
    rows = ["ABD1234,XYZ", "ABD1235,xyz", "77,LEG"]
    with pytest.raises(InputError, match=r'"XYZ" \(2\), "LEG" \(1\)') as caught:
        table(tmp_path, layout, rows)
    said = str(caught.value)
    assert f'"{CODES[layout]}"' in said
    assert OPTIONS[layout] in said
    assert "students.csv" in said
    assert "ABD" not in said
    made = table(tmp_path, layout, rows, **{OPTIONS[layout]: "xyz"})
    assert made.frame["cccids"].to_list() == [["ABD1234"], ["ABD1235"], []]
    assert noted(made) == []


@pytest.mark.parametrize("layout", HEADERS)
def test_several_codes_may_mark_cccids_and_none(layout: str, tmp_path: Path):
    rows = ["ABD1234,XYZ", "ABD1235,ABC", "77,LEG"]
    both = table(tmp_path, layout, rows, **{OPTIONS[layout]: ["XYZ", "abc"]})
    assert both.frame["cccids"].to_list() == [["ABD1234"], ["ABD1235"], []]
    none = table(tmp_path, layout, rows, **{OPTIONS[layout]: ""})
    assert none.frame["cccids"].to_list() == [[], [], []]
    assert noted(none) == ["cccid_under_other_code"] * 2


@pytest.mark.parametrize("layout", HEADERS)
def test_cccids_under_another_code_are_said_with_their_counts(layout: str, tmp_path: Path):
    rows = [
        f"ABD1234,{CODES[layout]}",
        "abd1235,XYZ",
        "ABD1236,XYZ",
        "77,XYZ",
        "77,LEG",
        "78,LEG",
        "ABD1237,LEG",
    ]
    made = table(tmp_path, layout, rows)
    assert noted(made) == ["cccid_under_other_code"]
    assert '2 of 3 ids under the code "XYZ"' in made.diagnostics["message"][0]


@pytest.mark.parametrize("layout", HEADERS)
def test_a_column_without_any_id_is_only_said(layout: str, tmp_path: Path):
    made = table(tmp_path, layout, [",", ","])
    assert noted(made) == ["no_additional_ids"]


def test_ids_without_any_code_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"\(none\) \(2\)"):
        table(tmp_path, "banner", ["ABD1234,", "ABD1235,"])


def test_a_column_of_cccids_makes_the_code_dispensable(tmp_path: Path):
    made = table(tmp_path, "banner", ["77,LEG,ABD1234"], header=f"{BANNER},CCCID")
    assert made.frame["cccids"].to_list() == [["ABD1234"]]


def test_former_ids_are_no_other_codes(tmp_path: Path):
    made = table(tmp_path, "peoplesoft", ["77,OLD"])
    assert made.frame["former_ids"].to_list() == [["77"]]
    assert noted(made) == []


@pytest.mark.parametrize(("kinds", "told"), [(13, "13 different ones"), (1, "1 that are no codes")])
def test_what_may_be_no_code_is_not_shown(kinds: int, told: str, tmp_path: Path):
    rows = [f"77,Quetzal person {i % kinds}" for i in range(20)]
    with pytest.raises(InputError, match=told) as caught:
        table(tmp_path, "banner", rows)
    assert "uetzal" not in str(caught.value)
    assert "QUETZAL" not in str(caught.value)
