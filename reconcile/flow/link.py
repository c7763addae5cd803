"""Links between two tables and duplicates within one: standardize, block, score, decide, assign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import InputError
from reconcile.flow.linked import Duplicates, Links, Report
from reconcile.flow.options import Options
from reconcile.privacy import require_same_key
from reconcile.results import as_frame
from reconcile.score.bands import LINK_PROBABILITY, REVIEW_PROBABILITY, Bands
from reconcile.standardize import standardize
from reconcile.standardize.declared import declared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.flow.options import Progress
    from reconcile.flow.pairs import Scored
    from reconcile.score.model import Model

_TIE_BITS: Final = 6.6  # odds of a hundred to one between two candidates


def link(
    left: object,
    right: object,
    /,
    *,
    id: str | tuple[str, str] = "id",  # noqa: A002 - the word people use
    also: object | None = None,
    min_probability: float = 0.01,
    link_probability: float = LINK_PROBABILITY,
    review_probability: float = REVIEW_PROBABILITY,
    precision: float | None = None,
    most_reviews: int | None = None,
    model: Model | None = None,
    fields: Mapping[str, str] | None = None,
    profile: str = "accurate",
    progress: Progress = None,
) -> Links:
    """Find the records of two tables that are one person, by name, birthdate and whatever else both have.

    Args:
        left: anything with an Arrow interface, raw or standardized; canonical column names.
        right: the other table.
        id: the id column, or the pair of their names.
        also: pairs to score whatever blocking says: id_l, id_r.
        min_probability: pairs below it are not returned.
        link_probability: from here on a pair links by itself, if no guard forbids.
        review_probability: from here on a person is asked.
        precision: instead of link_probability: the share of the pairs in band link that is expected to be
            right, such as 0.999.
        most_reviews: instead of review_probability: as many pairs as people can look at.
        model: the weights of an earlier run; learned from the tables when None.
        fields: further columns to compare by, name -> kind: "name" (spelled variously), "date", "code"
            (an identifier), "text" (a place, a street) or "category" (equal or not).
        profile: "accurate", or "quick": a little less recall of records damaged in several places, for
            about a third less time on large tables.
        progress: told what is being done, in words.

    Raises:
        InputError: an id is missing or not unique, or the tables have no field in common.
        KeyMismatch: the tables' SSN hashes were made with different keys.
    """
    from reconcile.cluster import assign  # noqa: PLC0415 - numpy costs a fifth of a quick start
    from reconcile.flow.pairs import score_tables  # noqa: PLC0415 - imports rapidfuzz

    options = Options(
        min_probability=min_probability,
        bands=Bands(
            link=link_probability, review=review_probability, precision=precision, most_reviews=most_reviews
        ),
        model=model,
        fields=fields or {},
        profile=profile,
        progress=progress,
    )
    left_id, right_id = (id, id) if isinstance(id, str) else id
    tables = (
        prepare(left, left_id, "left", options.fields),
        prepare(right, right_id, "right", options.fields),
    )
    check_keys(*tables)
    wanted = None if also is None else _asked(also)
    scored = score_tables(*tables, also=wanted, options=options)
    return Links(
        pairs=scored.pairs,
        links=assign(scored.pairs, tie_bits=_TIE_BITS),
        also=scored.also,
        model=scored.model,
        report=_report(scored),
    )


def find_duplicates(
    table: object,
    /,
    *,
    id: str = "id",  # noqa: A002 - the word people use
    min_probability: float = 0.01,
    link_probability: float = LINK_PROBABILITY,
    review_probability: float = REVIEW_PROBABILITY,
    precision: float | None = None,
    most_reviews: int | None = None,
    model: Model | None = None,
    fields: Mapping[str, str] | None = None,
    profile: str = "accurate",
    progress: Progress = None,
) -> Duplicates:
    """Find the records of one table that are one person.

    Arguments and errors as in `link`.
    """
    from reconcile.cluster import group  # noqa: PLC0415 - imports numpy
    from reconcile.flow.pairs import score_tables  # noqa: PLC0415 - imports rapidfuzz

    options = Options(
        min_probability=min_probability,
        bands=Bands(
            link=link_probability, review=review_probability, precision=precision, most_reviews=most_reviews
        ),
        model=model,
        fields=fields or {},
        profile=profile,
        progress=progress,
    )
    prepared = [prepare(table, id, "table", options.fields)]
    check_keys(*prepared)
    scored = score_tables(prepared.pop(), None, also=None, options=options)
    return Duplicates(
        pairs=scored.pairs, clusters=group(scored.pairs), model=scored.model, report=_report(scored)
    )


def _asked(also: object) -> pl.DataFrame:
    frame = as_frame(also)
    if not {"id_l", "id_r"} <= set(frame.columns):
        raise InputError("The pairs asked for need the columns id_l and id_r. Rename the two id columns.")
    return frame.select("id_l", "id_r")


def prepare(
    table: object,
    id: str,  # noqa: A002 - the word people use
    which: str,
    fields: Mapping[str, str],
    /,
) -> pl.DataFrame:
    """Standardize a table unless that was done, and keep `id` and the key columns."""
    frame = as_frame(table)
    if id not in frame.columns:
        raise InputError(f'The {which} table has no column "{id}". Pass id= with the name of its id column.')
    missing = frame[id].null_count()
    if missing:
        raise InputError(
            f'{missing} rows of the {which} table have no "{id}". Every record needs an id: '
            "drop those rows or number them."
        )
    repeated = frame.height - frame[id].n_unique()
    if repeated:
        raise InputError(
            f'"{id}" of the {which} table is not unique: {repeated} rows repeat an id. '
            "Keep one row a record, or pass another id column."
        )
    if not any(column.startswith("key_") for column in frame.columns):
        frame = standardize(frame, id=id).frame
    frame = declared(frame, fields)
    keys = [column for column in frame.columns if column.startswith("key_")]
    return frame.select(pl.col(id).alias("id"), *keys)


def check_keys(*tables: pl.DataFrame) -> None:
    """Refuse SSN hashes of different keys: they would say "different" of the same number."""
    require_same_key(*(table["key_ssn"] for table in tables if "key_ssn" in table.columns))


def _report(scored: Scored) -> Report:
    return Report(
        possible_pairs=scored.possible,
        compared_pairs=scored.compared,
        in_full=scored.compared == scored.possible,
        expected_matches=scored.expected,
        model_source=scored.model.source,
        rules=scored.rules,
        patterns=scored.patterns,
        unlinkable=_unlinkable(scored),
        notes=scored.notes,
    )


def _unlinkable(scored: Scored) -> pl.DataFrame:
    parts = [
        pl.DataFrame({"table": [name] * len(ids), "id": ids}, schema_overrides={"table": pl.String})
        for name, ids in zip(("left", "right"), scored.unlinkable, strict=True)
    ]
    return pl.concat(parts, how="vertical_relaxed")
