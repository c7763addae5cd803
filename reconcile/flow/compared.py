"""What a plan compares, and the outcome kept in its workspace until an input or the plan changes."""

from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.files import whole_folder, write_private
from reconcile.flow.link import find_duplicates, link
from reconcile.join import join

if TYPE_CHECKING:
    from reconcile.flow.inputs import Inputs
    from reconcile.flow.linked import Duplicates, Links
    from reconcile.join import Joined
    from reconcile.plan import Plan

_FOLDER: Final = "pairs"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The scored pairs of a plan: ids, weights and levels, no names.

    Attributes:
        pairs: of students and accounts, as in `Links`.
        links: after the assignment.
        also: those that a key names.
        own: of students.
    """

    pairs: pl.DataFrame = field(repr=False)
    links: pl.DataFrame = field(repr=False)
    also: pl.DataFrame = field(repr=False)
    own: pl.DataFrame = field(repr=False)


def look_up(inputs: Inputs, /) -> Joined:
    """Look up the CCCIDs that the SIS holds."""
    tables = inputs.tables
    return join(
        tables["students"], tables["accounts"],
        applications=tables.get("applications"), fraud=tables.get("fraud"), former=tables.get("crosswalk"),
    )  # fmt: skip


def duplicates(
    plan: Plan, table: pl.DataFrame, key: str, /, *, decisions: pl.DataFrame | None = None
) -> Duplicates:
    """Score the records of one table against each other; what reviewers decided holds, and teaches."""
    return find_duplicates(
        table,
        id=key,
        decisions=decisions,
        link_probability=plan.thresholds.link_probability,
        review_probability=plan.thresholds.review_probability,
    )


def search(plan: Plan, inputs: Inputs, joined: Joined, /, *, decisions: pl.DataFrame | None = None) -> Links:
    """Score the students against the accounts; what reviewers decided holds, and teaches."""
    return link(
        inputs.tables["students"],
        inputs.searched,
        id=("sis_id", "cccid"),
        also=_named_pairs(joined, inputs),
        decisions=decisions,
        link_probability=plan.thresholds.link_probability,
        review_probability=plan.thresholds.review_probability,
    )


def keep(plan: Plan, inputs: Inputs, links: Links, own: pl.DataFrame, /) -> Compared:
    """Keep the pairs of a plan in its workspace, in the place of earlier ones."""
    made = Compared(pairs=links.pairs, links=links.links, also=links.also, own=own)
    folder = _place(plan, inputs)
    shutil.rmtree(folder.parent, ignore_errors=True)
    with whole_folder(folder) as draft:
        for one in fields(made):
            content = io.BytesIO()
            getattr(made, one.name).write_parquet(content)
            write_private(draft / f"{one.name}.parquet", content.getvalue())
    return made


def kept(plan: Plan, inputs: Inputs, /) -> Compared | None:
    """Take the pairs of the last run out of the workspace; None where inputs or plan have changed since."""
    return kept_of(plan, _place(plan, inputs).name)


def kept_of(plan: Plan, name: str, /) -> Compared | None:
    """Take the pairs under a name out of the workspace; None where other ones took their place."""
    folder = plan.workspace / _FOLDER / name
    if not name or not folder.is_dir():
        return None
    return Compared(**{one.name: pl.read_parquet(folder / f"{one.name}.parquet") for one in fields(Compared)})


def name_of(plan: Plan, inputs: Inputs, /) -> str:
    """Name the pairs of a plan after all that they depend on."""
    return _place(plan, inputs).name


def _place(plan: Plan, inputs: Inputs) -> Path:
    """Name the folder after all that the pairs depend on."""
    from reconcile import __version__  # noqa: PLC0415 - the package imports this module

    layouts = [Path(given.layout) for given in plan.read_in_all.values()]
    own = [path.read_text(encoding="utf-8") for path in layouts if path.is_file()]
    known = [__version__, plan.text, inputs.key, *own, *(one.source.sha256 for one in inputs.records)]
    name = hashlib.sha256("\x1f".join(known).encode("utf-8")).hexdigest()[:16]
    return plan.workspace / _FOLDER / name


def _named_pairs(joined: Joined, inputs: Inputs) -> pl.DataFrame:
    """Collect the pairs that a key names: they are scored whatever else speaks for them."""
    students, accounts = inputs.tables["students"], inputs.tables["accounts"]
    held = joined.held.filter("in_snapshot").select(id_l="sis_id", id_r="cccid")
    applied = joined.applied.filter("in_snapshot").select(id_l="sis_id", id_r="cccid")
    later = students.select(id_l="sis_id", id_r="future_cccids").explode("id_r").drop_nulls("id_r")
    known = later.filter(pl.col("id_r").is_in(accounts["cccid"].implode()))
    return pl.concat([held, applied, known]).unique().sort("id_l", "id_r")
