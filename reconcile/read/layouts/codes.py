"""The local codes that mark CCCIDs among a person's other ids: a wrong one would lose every CCCID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.cccid import well_formed
from reconcile.errors import InputError
from reconcile.privacy import looks_like_data

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconcile.read.diagnostics import Diagnostics

_MANY: Final = 10  # CCCIDs under another code that are no accident
_MOST_SHOWN: Final = 12  # a column with more is none of codes
_CODE: Final = r"^[\w.\-]{1,10}$"
_NO_IDS: Final = (
    "The column of ids is empty; it gave no CCCID. Check the export, and which column holds the ids."
)
_MARK: Final = "ý"  # Colleague's value mark, that an export let through
_MARKS: Final = {";": '";"', "\n": "line ends", "|": '"|"', "^": '"^"', "~": '"~"', "\t": "tabs", ",": '","'}
_SEPARATOR: Final = (
    "{path}: the option separator does not fit: ids and their types are separated by {mark}, and not by "
    '"{told}". Set separator to {mark_given}.'
)
_OTHER_MARK: Final = (
    "The ids of this row are separated otherwise than the option separator says; they were split all the "
    "same. Correct the row, or export it as the others."
)
_OPTIONS: Final = {"additional_id": "additional_id_code", "alt_ids": "alt_id_type"}


def wanted(options: Mapping[str, object], option: str) -> list[str]:
    """List the codes that an option names, one or several, in upper case; "" names none."""
    given = options.get(option, "")
    several = given if isinstance(given, (list, tuple)) else [given]
    return [text for code in several if (text := str(code).strip().upper())]


def split_ids(column: str, separator: str) -> pl.Expr:
    """Split a cell of ids or codes, at a value mark as well: no id has that letter."""
    return pl.col(column).str.replace_all(_MARK, separator, literal=True).str.split(separator)


def _split_pairs(column: str, separator: str) -> pl.Expr:
    """Split a cell of a pair, by another mark where it has no separator; `check_codes` tells of it."""
    plain = pl.col(column).str.contains_any([separator, _MARK]).not_()
    marks = {mark: separator for mark in _MARKS if mark != separator}
    cell = pl.when(plain).then(pl.col(column).str.replace_many(marks)).otherwise(column)
    return cell.str.replace_all(_MARK, separator, literal=True).str.split(separator)


def split_names(column: str, separator: str) -> pl.Expr:
    """Split a cell of names; ý is a value mark only before a capital, since names have it as a letter."""
    marked = pl.col(column).str.replace_all(rf"{_MARK}(\p{{Lu}})", "\x1f${1}")
    if separator != _MARK:
        marked = marked.str.replace_all(separator, "\x1f", literal=True)
    return marked.str.split("\x1f")


def holds_other_mark(column: str, separator: str) -> pl.Expr:
    """Say which cells of names hold what separates values elsewhere, and stands in no name."""
    marks = [mark for mark in _MARKS if mark not in {separator, ","}]
    return pl.col(column).str.contains_any(marks).fill_null(value=False)


def pair_ids(rows: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Lay the parallel lists of ids and types side by side: row_person, line, value, kind, uneven."""
    kinds = _split_pairs("alt_types", separator).list.eval(pl.element().str.strip_chars().str.to_uppercase())
    return (
        rows.filter(pl.col("alt_ids").is_not_null())
        .select(
            *(name for name in ("row_person", "line") if name in rows.columns),
            value=_split_pairs("alt_ids", separator),
            kind=kinds.fill_null([]),
        )
        .with_columns(uneven=pl.col("value").list.len() != pl.col("kind").list.len())
    )


def check_codes(rows: pl.DataFrame, options: Mapping[str, object], found: Diagnostics, *, path: Path) -> None:
    """Compare the codes that the options name with those of the file.

    Args:
        rows: mapped rows.
        options: the layout's options, the user's among them.
        found: takes the diagnostics `no_additional_ids` and `cccid_under_other_code`.
        path: for messages.

    Raises:
        InputError: no id has the code, but there are ids under others and no other column of CCCIDs; or
            something else than `separator` stands between values.
    """
    for column, option in _OPTIONS.items():
        if column not in rows.columns:
            continue
        separator = str(options.get("separator", "|"))
        if column == "alt_ids" and "alt_types" in rows.columns:
            _check_separator(rows, separator, wanted(options, option), found, path=path)
        coded = _coded(rows, column, separator)
        if not rows[column].count():
            found.note("no_additional_ids", _NO_IDS, column=column)
        if coded is None or coded.is_empty():
            continue
        codes = wanted(options, option)
        others = coded.filter(~pl.col("code").is_in([*codes, *wanted(options, "former_id_code")]))
        stated = "cccid_list" in rows.columns and rows["cccid_list"].count() > 0
        if codes and not coded["code"].is_in(codes).any() and others.height and not stated:
            raise InputError(
                f"{path}: no id has the code {_quoted(codes)} that marks CCCIDs; "
                f"codes found: {_listed(others)}. "
                f"Name the right one (or several, as a list) with the option {option}; "
                'name "" if no CCCIDs are among these ids.'
            )
        _note_elsewhere(coded.filter(~pl.col("code").is_in(codes)), option, found)


def _check_separator(
    rows: pl.DataFrame, separator: str, codes: list[str], found: Diagnostics, *, path: Path
) -> None:
    """Refuse a separator that no cell has, where another one lays ids and types side by side."""
    both = rows.select("alt_ids", "alt_types", "line").drop_nulls()
    types = pl.col("alt_types").str.to_uppercase()
    for mark, name in _MARKS.items():
        if mark == separator:
            continue
        split = [pl.col(c).str.split(mark).list.len() for c in ("alt_ids", "alt_types")]
        kinds = types.str.split(mark).list.eval(pl.element().str.strip_chars())
        cells = both.filter(pl.col("alt_types").str.contains(mark, literal=True), split[0] == split[1])
        of_use = pl.any_horizontal([pl.lit(value=False), *(kinds.list.contains(code) for code in codes)])
        used = pl.any_horizontal(pl.col("alt_ids", "alt_types").str.contains_any([separator, _MARK]))
        if both.select(used.any()).item():
            found.note_lines(cells["line"], "multivalue_mismatch", _OTHER_MARK, column="alt_ids")
        elif cells.select(of_use.any()).item():
            shown = {"\n": '"\\n"', "\t": '"\\t"'}.get(mark, name)
            raise InputError(_SEPARATOR.format(path=path, mark=name, told=separator, mark_given=shown))


def _coded(rows: pl.DataFrame, column: str, separator: str) -> pl.DataFrame | None:
    """Ids with their codes, both as text in upper case; None where the file has no codes."""
    if column == "additional_id" and "additional_code" in rows.columns:
        ids = rows.select(id="additional_id", code=pl.col("additional_code").fill_null(""))
    elif column == "alt_ids" and "alt_types" in rows.columns:
        even = pair_ids(rows, separator).filter(~pl.col("uneven"))
        ids = even.select(id="value", code="kind").explode("id", "code")
    else:
        return None
    ids = ids.select(pl.all().str.strip_chars().str.to_uppercase())
    return ids.filter(pl.col("id") != "")


def _note_elsewhere(others: pl.DataFrame, option: str, found: Diagnostics) -> None:
    """CCCIDs that the code leaves out: all or many of the ids under another one are well formed."""
    counted = (
        others.unique()
        .group_by("code")
        .agg(ids=pl.len(), shaped=well_formed(pl.col("id")).sum())
        .filter((pl.col("shaped") >= _MANY) | (pl.col("shaped") * 2 >= pl.col("ids")))
        .sort("code")
    )
    for code, ids, shaped in counted.iter_rows():
        shown = _quoted([code]) if _shows(code) else "that is not shown"
        found.note(
            "cccid_under_other_code",
            f"{shaped:,} of {ids:,} ids under the code {shown} are well-formed CCCIDs and were left out. "
            f"If they are CCCIDs, name this code too: {option} takes a list.",
            column="additional_code" if option == "additional_id_code" else "alt_types",
        )


def _listed(others: pl.DataFrame) -> str:
    counted = others.group_by("code").agg(n=pl.len()).sort(["n", "code"], descending=[True, False])
    if counted.height > _MOST_SHOWN:
        return f"{counted.height:,} different ones, so that this may be no column of codes"
    shown = [f"{_quoted([code])} ({n:,})" for code, n in counted.iter_rows() if _shows(code)]
    hidden = counted.height - len(shown)
    return ", ".join([*shown, *([f"{hidden} that are no codes by their shape"] if hidden else [])])


def _shows(code: str) -> bool:
    shaped = pl.select(pl.lit(code).str.contains(_CODE)).item()
    return not code or bool(shaped and not looks_like_data(code))


def _quoted(codes: list[str]) -> str:
    return " or ".join(f'"{code}"' if code else "(none)" for code in codes)
