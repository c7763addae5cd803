"""Rows of an extract to one row a person: former names, further ids and terms become lists.

A row is either accepted (the first current row of its person), folded into it, or quarantined because
its id is missing or not unique. Of values that differ among a person's rows the first current one
counts, and a diagnostic says so; where rows have effective dates, that in force counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import LIST_COLUMNS, SSN_DERIVED
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.layouts.effective import (
    DATES,
    NAMES,
    in_doubt,
    in_force,
    is_ranked,
    tell_past_and_future,
    with_ranks,
    without_ranks,
)
from reconcile.read.layouts.history import Lists

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.read.layouts.layout import Layout
    from reconcile.remarks import Kind

# What is gathered into lists, or only says how rows belong together; never one value of a person.
GATHERED: Final = frozenset(
    {
        "person", "role", "additional_id", "additional_code", *DATES, "alt_ids", "alt_types",
        "former_last_names", "former_first_names", "former_middle_names", "former_id_list", "cccid_list",
        "term", "line", "id_kind", "hold", "row_role", "row_person",
    }
)  # fmt: skip
_QUARANTINED: Final[dict[Kind, str]] = {
    "id_missing": "There is no id in this row; it was set aside. Fill the id in.",
    "role_unknown": "The code that says what this row is (current or former) is unknown; it was set aside. "
    "Name the code under [roles] of a layout of your own.",
    "no_current_row": "A former name or id of a person without a current row; it was set aside. "
    "Extract the current row too.",
    "id_not_unique": "Rows with this id differ as different persons do; all of them were set aside. "
    "Give every person an id of their own.",
}


@dataclass(frozen=True)
class Folded:
    """One row a person, and what became of the other rows.

    Attributes:
        frame: one row a person.
        folded: rows that became part of another.
        quarantined: rows that were set aside.
        rejected: of these, the current rows whose id is not theirs alone, in the columns of `frame`.
    """

    frame: pl.DataFrame
    folded: int
    quarantined: int
    rejected: pl.DataFrame


def fold_people(
    rows: pl.DataFrame, layout: Layout, options: Mapping[str, object], found: Diagnostics
) -> Folded:
    """Fold rows that were mapped to fields, with their `line`, into people or accounts."""
    identity = layout.id
    rows = _with_roles(rows, layout)
    scalars = [c for c in rows.columns if c not in GATHERED]
    rows = with_ranks(rows, options)
    kept, doubled = _quarantine(rows, identity, layout, found)
    people = _first_values(kept.filter(pl.col("row_role") == "current"), scalars, layout)
    if kept.height > people.height:
        _note_repeated(kept.filter(pl.col("row_role") == "current"), people, layout, found)
        _note_conflicts(kept, [c for c in scalars if c not in layout.prefer], identity, found)
    if is_ranked(kept):
        kept = without_ranks(tell_past_and_future(kept, people, options, found))
    alone = doubled.with_columns(row_person=pl.col("line").cast(pl.String))
    unread = Lists(alone, _first_values(alone, scalars, layout), options, Diagnostics())
    return Folded(
        frame=_with_lists(Lists(kept, people, options, found), identity),
        folded=kept.height - people.height,
        quarantined=rows.height - kept.height,
        rejected=_with_lists(unread, identity),
    )


def _with_lists(lists: Lists, identity: str) -> pl.DataFrame:
    people = lists.people.join(lists.gather(identity), on="row_person", how="left", maintain_order="left")
    return people.with_columns(
        pl.col(c).fill_null(pl.lit([], dtype=people.schema[c])) for c in LIST_COLUMNS if c in people.columns
    )


def _with_roles(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    role = pl.lit("current")
    if "role" in rows.columns:
        role = (
            pl.col("role")
            .fill_null("")
            .str.to_uppercase()
            .replace_strict({k.upper(): v for k, v in layout.roles.items()}, default="unknown")
        )
    person = pl.col("person") if "person" in rows.columns else pl.col(layout.id)
    return rows.with_columns(row_role=role, row_person=person)


def _quarantine(
    rows: pl.DataFrame, identity: str, layout: Layout, found: Diagnostics
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Set aside what cannot be told to belong to one person; answer the rest, and the doubled."""
    unknown = pl.col("row_role") == "unknown"
    nameless = pl.col("row_person").is_null() | pl.col(identity).is_null()
    rows = rows.with_columns(
        verdict=pl.when(unknown).then(pl.lit("role_unknown")).when(nameless).then(pl.lit("id_missing"))
    )
    usable = rows.filter(pl.col("verdict").is_null())
    current = usable.filter(pl.col("row_role") == "current")
    doubled = _doubled(current, identity, layout)
    alone = pl.col("row_person").is_in(current["row_person"].unique().implode()).not_()
    rows = rows.with_columns(
        pl.when(pl.col("verdict").is_not_null())
        .then("verdict")
        .when(pl.col("row_person").is_in(doubled.implode()))
        .then(pl.lit("id_not_unique"))
        .when(alone)
        .then(pl.lit("no_current_row"))
        .alias("verdict")
    )
    for kind, message in _QUARANTINED.items():
        found.note_lines(rows.filter(pl.col("verdict") == kind)["line"], kind, message, column=identity)
    several = (pl.col("verdict") == "id_not_unique") & (pl.col("row_role") == "current")
    return rows.filter(pl.col("verdict").is_null()).drop("verdict"), rows.filter(several).drop("verdict")


def _doubled(current: pl.DataFrame, identity: str, layout: Layout) -> pl.Series:
    """Persons whose id is not theirs alone, or whose rows are different persons' rows."""
    if current["row_person"].n_unique() == current.height == current[identity].n_unique():
        return current["row_person"].clear()
    persons_of_id = current.group_by(identity).agg(n=pl.col("row_person").n_unique()).filter(pl.col("n") > 1)
    shared = current.filter(pl.col(identity).is_in(persons_of_id[identity].implode()))["row_person"]
    several = current.filter(pl.col("row_person").is_duplicated())
    differs = {
        c: _differs(c) for c in ("first_name", "last_name", "birthdate", "ssn_hmac") if c in several.columns
    }
    name = pl.any_horizontal(differs.get("first_name", pl.lit(value=False)), differs["last_name"])
    born = differs.get("birthdate", pl.lit(value=False))
    # Where several rows a person are usual, the key is believed unless name and birthdate both differ.
    other = (name & born) if layout.several_rows else pl.any_horizontal(*differs.values())
    mixed = several.group_by("row_person").agg(
        bad=other.fill_null(value=False) | (pl.col(identity).n_unique() > 1)
    )
    return pl.concat([shared, mixed.filter("bad")["row_person"]]).unique().sort()


def _differs(column: str) -> pl.Expr:
    """More than one value in a group, absent ones left out; hashes, since numbers compare faster."""
    value = pl.when(pl.col(column).is_not_null()).then(pl.col(column).hash())
    return (value.min() != value.max()).fill_null(value=False)


def _first_values(current: pl.DataFrame, scalars: list[str], layout: Layout) -> pl.DataFrame:
    """One row a person: the first value of each column, or the preferred one."""
    wanted = ["row_person", *scalars, "line", *(["hold"] if "hold" in current.columns else [])]
    current = current.sort("line")
    several = pl.col("row_person").is_duplicated()
    single = current.filter(~several).select(wanted)
    if single.height == current.height:
        return single
    aggregates = {
        c: (
            pl.when((pl.col(c) == layout.prefer[c]).any()).then(pl.lit(layout.prefer[c])).otherwise(_first(c))
            if c in layout.prefer
            else _first(c)
        ).alias(c)
        for c in scalars
    }
    if "hold" in current.columns:  # every hold counts, whichever row it stands on
        aggregates["hold"] = pl.col("hold").drop_nulls().unique().sort().str.join(" ").replace("", None)
    shared = current.filter(several)
    if is_ranked(current):
        folded = in_force(shared, aggregates)
    else:
        folded = shared.group_by("row_person").agg(*aggregates.values(), pl.col("line").first())
    return pl.concat([single, folded.select(single.columns)]).sort("line")


def _first(column: str) -> pl.Expr:
    return pl.col(column).first(ignore_nulls=True)


def _note_repeated(current: pl.DataFrame, people: pl.DataFrame, layout: Layout, found: Diagnostics) -> None:
    if not layout.several_rows:
        repeated = current.filter(pl.col("line").is_in(people["line"].implode()).not_())
        found.note_lines(
            repeated["line"],
            "row_repeated",
            "This person stands in an earlier row; the two were made one. Export one row a person.",
        )


def _note_conflicts(kept: pl.DataFrame, scalars: list[str], identity: str, found: Diagnostics) -> None:
    several = kept.filter(pl.col("row_person").is_duplicated())
    compared = [c for c in scalars if c != identity and c not in SSN_DERIVED[1:]]
    current = pl.col("row_role") == "current"
    if is_ranked(several):
        counts = "the latest effective date counts, and of equal ones the first by the alphabet"
        shown = several.with_columns(in_doubt(several, compared))
    else:
        counts = "the first current row counts"
        shown = several.with_columns(pl.when(current).then(pl.col(c)) for c in compared if c in NAMES)
    answer = shown.group_by("row_person").agg(pl.col("line").min(), *(_differs(c).alias(c) for c in compared))
    for column in compared:
        found.note_lines(
            answer.filter(column)["line"].sort(),
            "conflict",
            f"The rows of this person differ here; {counts}. Correct the others.",
            column="ssn" if column == "ssn_hmac" else column,
        )
