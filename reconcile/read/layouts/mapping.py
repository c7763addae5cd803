"""A raw table to the canonical columns of its kind, by a layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import (
    ACCOUNTS,
    APPLICATIONS,
    CONSENTS,
    CROSSWALK,
    FRAUD,
    LIST_COLUMNS,
    NEVER_DELIVERED,
    STUDENTS,
    plain,
)
from reconcile.errors import InputError
from reconcile.privacy import derive_ssn, looks_like_data
from reconcile.read.layouts.codes import check_codes
from reconcile.read.layouts.fold import Folded, fold_people
from reconcile.read.layouts.layout import check_options, known_names, map_columns
from reconcile.read.layouts.translate import translate
from reconcile.read.secret import hide_ids, hide_values
from reconcile.read.ssn_faults import SsnFaults
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.layouts.layout import Layout
    from reconcile.read.raw import RawTable
    from reconcile.read.secret import Keyring

_COLUMNS: Final = {
    "students": STUDENTS,
    "accounts": ACCOUNTS,
    "applications": APPLICATIONS,
    "fraud": FRAUD,
    "crosswalk": CROSSWALK,
    "consent": CONSENTS,
}
_LOOKS_FIXED: Final = (
    "The file looks like fixed width: draft a layout that says where each field stands, with "
    "`reconcile map FILE --fixed`. Otherwise: "
)
_WITHDRAWN: Final = "A withdrawn report; it does not count. Check the date of its withdrawal if it should."
_NOT_SUBMITTED: Final = (
    "An application that is not submitted; its date was left out. If it is, name its code with the option "
    "submitted_status."
)
_NAME: Final = pl.Struct({"first_name": pl.String, "middle_name": pl.String, "last_name": pl.String})


def apply_layout(
    raw: RawTable,
    layout: Layout,
    options: Mapping[str, object],
    key: Keyring,
    found: Diagnostics,
    *,
    path: Path,
) -> Folded:
    """Map, translate, hide and fold.

    Raises:
        InputError: the columns do not fit the layout, or an option is unknown.
    """
    options = check_options(options, layout)
    chosen = options.get("columns", {})
    if not isinstance(chosen, Mapping):
        raise InputError(
            'The option "columns" is no table. Write it as {field: "column name"}, or with its number from 1.'
        )
    if layout.fixed and options.get("delimiter"):
        raise InputError(
            f'{path}: the layout "{layout.name}" says where fields stand, so that nothing separates them. '
            'Leave the option "delimiter" out, or take [positions] out of the layout.'
        )
    hint = _LOOKS_FIXED if found.has("looks_fixed") else ""
    columns = map_columns(raw.frame.columns, layout, path=path, chosen=chosen, hint=hint)
    _refuse_twice(raw.frame.columns, columns, found, path=path)
    _note_unmapped(raw.frame.columns, columns, layout, found, known_names(layout, {"columns": chosen}))
    rows = _withhold(_rows(raw, columns, layout), found)
    rows = _without_ssn(rows, layout, options, key, found)
    rows = translate(rows, layout, found)
    check_codes(rows, options, found, path=path)
    if layout.table in {"students", "accounts"}:
        answer = fold_people(rows, layout, options, found)
    else:
        answer = _keep_events(rows, layout, options, found)
    columns_of_table = _COLUMNS[layout.table]
    return replace(
        answer,
        frame=_complete(answer.frame, columns_of_table),
        rejected=_complete(answer.rejected, columns_of_table),
    )


def _refuse_twice(
    names: Sequence[str], columns: Mapping[str, str], found: Diagnostics, *, path: Path
) -> None:
    """Refuse a column that is needed and there twice: which of the two is meant is no guess of ours."""
    if not found.has("header_twice"):
        return
    twice = [field for field, name in columns.items() if f"{name} 2" in names]
    if twice:
        raise InputError(
            f"{path}: the column for {', '.join(sorted(twice))} is there twice. Take one out, rename it, or "
            "map the right one."
        )


def _rows(raw: RawTable, columns: Mapping[str, str], layout: Layout) -> pl.DataFrame:
    """The mapped columns under field names, trimmed, an empty text as null."""
    listed = {"cccid": "cccid_list"} if layout.table == "students" else {}
    trimmed = [
        pl.col(column).str.strip_chars().alias(listed.get(field, field)) for field, column in columns.items()
    ]
    frame = raw.frame.select(trimmed)
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all())).with_columns(raw.lines)


def _withhold(rows: pl.DataFrame, found: Diagnostics) -> pl.DataFrame:
    """Keep of what OpenCCC never delivers only that it was there."""
    for name in NEVER_DELIVERED:
        if name in rows.columns and rows[name].null_count() < rows.height:
            rows = rows.with_columns(pl.when(pl.col(name).is_not_null()).then(pl.lit("withheld")).alias(name))
            found.note(
                "never_delivered",
                "The column holds what OpenCCC keeps to itself; the values were not kept. Find out how they "
                "came into the file, and leave the column out.",
                column=name,
            )
    return rows


def _without_ssn(
    rows: pl.DataFrame, layout: Layout, options: Mapping[str, object], key: Keyring, found: Diagnostics
) -> pl.DataFrame:
    told = options.get("id_is_ssn")  # True, False or None, as `check_options` leaves it
    for identity in dict.fromkeys((layout.id, "sis_id")):
        if identity in rows.columns:
            rows = hide_ids(rows, identity, key, found, told=None if told is None else bool(told))
    if "ssn" in rows.columns:
        clear = rows["ssn"]
        rows = rows.drop("ssn", "ssn_hmac", "ssn_last4", "ssn_type", "ssn_class", strict=False)
        derived = derive_ssn(clear, key())
        faults = SsnFaults()
        faults.count("ssn", clear, derived["ssn_class"])
        faults.note(found)
        rows = rows.hstack(derived)
    return hide_values(rows, key, found)


def _keep_events(
    rows: pl.DataFrame, layout: Layout, options: Mapping[str, object], found: Diagnostics
) -> Folded:
    """Applications, reports and consents stand by themselves; only the id of whose they are must be there."""
    name, called = layout.id, "CCCID" if layout.id == "cccid" else "SIS id"
    kept = rows.filter(pl.col(name).is_not_null())
    found.note_lines(
        rows.filter(pl.col(name).is_null())["line"],
        "id_missing",
        f"There is no {called} in this row; it was set aside. Fill it in, or leave the row out.",
        column=name,
    )
    quarantined = rows.height - kept.height
    if "rescinded" in kept.columns:
        withdrawn = kept.filter(pl.col("rescinded").is_not_null())
        found.note_lines(withdrawn["line"], "rescinded", _WITHDRAWN)
        kept = kept.filter(pl.col("rescinded").is_null())
    if {"status", "submitted"} <= set(kept.columns):
        sent = pl.col("status").str.to_uppercase() == str(options["submitted_status"]).upper()
        open_ = kept.filter(sent.not_())
        found.note_lines(open_["line"], "not_submitted", _NOT_SUBMITTED)
        kept = kept.with_columns(submitted=pl.when(sent | pl.col("status").is_null()).then("submitted"))
    return Folded(kept, rows.height - quarantined - kept.height, quarantined, kept.clear())


def _complete(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """All canonical columns in their order; absent ones are null."""
    kinds = {name: pl.List(pl.String) for name in LIST_COLUMNS} | {"former_names": pl.List(_NAME)}
    missing = [
        pl.lit(None, dtype=kinds.get(name, pl.String)).alias(name)
        for name in columns
        if name not in frame.columns
    ]
    return frame.with_columns(missing).select(columns).sort("line")


def _note_unmapped(
    names: Sequence[str],
    columns: Mapping[str, str],
    layout: Layout,
    found: Diagnostics,
    words: Collection[str],
) -> None:
    known = {*columns.values()}
    ignored = {plain(name) for name in layout.ignored}
    extra = [name for name in names if name not in known and plain(name) not in ignored]
    if extra:
        # Then a name may be a person's.
        odd = found.has("header_doubt", "header_twice") or not any(plain(name) in words for name in names)
        shown = ", ".join(
            f"column {names.index(n) + 1}" if odd or looks_like_data(n) else f'"{n}"' for n in extra
        )
        found.note(
            "unmapped_columns",
            f"{counted(len(extra), 'column')} left out that the layout does not know: {shown}. Map those "
            "that you need with the option columns, or with a layout that `reconcile map FILE` drafts.",
        )
