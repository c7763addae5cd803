"""A table against a suite of the dictionary: counts, failing rows, and a gate that is open or closed."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.engine import Engine, Table
from reconcile.errors import InputError, nearest
from reconcile.policy import Policy
from reconcile.privacy import mask_shape
from reconcile.results import as_frame
from reconcile.sql import quote
from reconcile.validate import judged
from reconcile.validate.changes import side_by_side
from reconcile.validate.dictionary import LANGUAGES, SEVERITIES, SUITES
from reconcile.validate.findings import failing_rows
from reconcile.validate.suite import load_suite, suite_hash
from reconcile.validate.validation import Validation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.validate.gx import Outcome

KEYS: Final = {
    "students": "sis_id",
    "accounts": "cccid",
    "mint_request": "request_key",
    "snapshot_change": "cccid",
}
# What a key looks like that may be shown; an SSN or a date among ids, or a name, is shown by its shape.
_ID: Final = r"^[A-Za-z0-9@#._:/-]{1,64}$"
_NO_ID: Final = (
    r"^[0-9]{3}-[0-9]{2}-[0-9]{4}$|^[0-9]{4}-[0-9]{2}-[0-9]{2}$|^[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}$"
)
_COUNTS: Final = {
    "rule_id": pl.String,
    "element": pl.String,
    "severity": pl.String,
    "message": pl.String,
    "failures": pl.Int64,
    "rows": pl.Int64,
    "errored": pl.Boolean,
    "at_most": pl.Float64,
    "closes": pl.Boolean,
    "remedy": pl.String,
}


def validate(
    table: object,
    /,
    *,
    suite: str = "students",
    before: object = None,
    key: str | None = None,
    as_of: date | None = None,
    age_on: date | None = None,
    language: str = "en",
    policy: Policy | None = None,
) -> Validation:
    """Check a table against a suite of the data dictionary.

    Args:
        table: columns named as in reconcile.columns; read a file with a layout to have them so. A frame, or
            a handle of an engine, such as of a Parquet file that is larger than memory.
        suite: "students" (an SIS extract), "accounts" (a snapshot), "mint_request" (rows to be created) or
            "snapshot_change" (a later snapshot, to be compared with an earlier one).
        before: the earlier snapshot, for snapshot_change; without it the table is taken for one of changes.
        key: the column that names a row in the results; sis_id, cccid or request_key by suite.
        as_of: the day that "today" stands for in rules about dates; today when not given.
        age_on: the day on which people's age counts; as_of when not given.
        language: of the messages, "en" or "es".
        policy: the college's own rules and thresholds; the rules as they are shipped when None.

    Raises:
        InputError: no such suite, language or key column, a column holds something else than text, an
            earlier snapshot for another suite, or the policy's own rules cannot be used.
    """
    for what, word, known in (("suite", suite, SUITES), ("language", language, LANGUAGES)):
        if word not in known:
            raise InputError(f"There is no {what} {word}.{nearest(str(word), known)}")
    policy = policy or Policy()
    if not isinstance(policy, Policy):
        raise InputError("The policy is none. Write it as Policy(at_most={...}, local=...).")
    day = _day(as_of)
    rules = load_suite(suite, as_of=day, age_on=age_on, policy=policy)
    key = key or KEYS[suite]
    if before is not None:
        table = _changes(table, before, suite=suite, policy=policy)
    with nullcontext(table.engine) if isinstance(table, Table) else Engine() as engine:
        given = judged.take(engine, table, key=key)
        texts = judged.as_text(given, rules["meta"])
        try:
            outcomes = _run(rules, texts)
            found = failing_rows(rules, outcomes, texts)
            numbered = judged.keys_of(given, key)
            rows_hash = judged.hash_rows(texts)
            looked_at = set(texts.columns)
        finally:
            texts.engine.run(f"DROP VIEW IF EXISTS {quote(texts.name)}")
    missing = tuple(name for name in rules["meta"]["columns"] if name not in looked_at)
    keys = numbered["key"]
    place = numbered["number"].cast(pl.Int64).search_sorted(found["row"].fill_null(-1)).cast(pl.Int64)
    found = found.with_columns(row=pl.when(pl.col("row").is_not_null()).then(place))
    counts = _counts(rules, outcomes, language, policy.at_most)
    failures = _failures(found, counts, keys, language)
    passing, failing = _parted(counts, failures, keys)
    return Validation(
        suite=suite,
        language=language,
        verdict="closed" if counts["closes"].any() else "open",
        rows=keys.len(),
        counts=counts,
        failures=failures,
        passing=passing,
        failing=failing,
        missing=missing,
        messages={one["meta"]["rule_id"]: one["meta"]["message"] for one in rules["expectations"]},
        as_of=day,
        suite_hash=suite_hash(suite, policy=policy),
        rows_hash=rows_hash,
        table=table if isinstance(table, Table) else as_frame(table),
    )


def _day(as_of: object) -> date:
    """Take a day; of a moment its day counts, so that it compares with days."""
    if as_of is None:
        return datetime.now(tz=UTC).astimezone().date()
    if isinstance(as_of, datetime):
        return as_of.date()
    if isinstance(as_of, date):
        return as_of
    raise InputError("The day that today stands for is no date. Write as_of=date(2026, 11, 30).")


def _changes(table: object, before: object, *, suite: str, policy: Policy) -> pl.DataFrame:
    if suite != "snapshot_change":
        raise InputError(f"An earlier snapshot goes with the suite snapshot_change, not with {suite}.")
    return side_by_side(as_frame(before), as_frame(table), systemwide=policy.systemwide)


def _run(rules: dict[str, Any], table: Table) -> dict[str, Outcome]:
    from reconcile.validate.gx import run  # noqa: PLC0415 - costs seconds

    return run(rules, table)


def _counts(
    rules: dict[str, Any], outcomes: Mapping[str, Outcome], language: str, at_most: Mapping[str, float]
) -> pl.DataFrame:
    """Line the outcomes up with the suite's rules; a rule without an outcome counts as errored."""
    rows = []
    for rule in rules["expectations"]:
        meta = rule["meta"]
        outcome = outcomes.get(meta["rule_id"])
        errored = outcome is None or outcome.errored
        failures, looked_at = (outcome.failures, outcome.rows) if outcome else (None, None)
        limit = at_most.get(meta["rule_id"])
        borne = 0.0 if rule["severity"] == "critical" else limit
        rows.append(
            {
                "rule_id": meta["rule_id"],
                "element": meta["element"],
                "severity": rule["severity"],
                "message": meta["message"][language],
                "failures": failures,
                "rows": looked_at,
                "errored": errored,
                "at_most": limit,
                "closes": errored or _too_often(failures or 0, looked_at or 0, borne),
                "remedy": meta["remedy"],
            }
        )
    return pl.DataFrame(rows, schema=_COUNTS)


def _too_often(failures: int, rows: int, borne: float | None) -> bool:
    """Say whether a rule is broken more often than is borne: a share below 1, a number from 1 on."""
    if borne is None:
        return False
    return failures > (borne * rows if borne < 1 else borne)


def _failures(found: pl.DataFrame, counts: pl.DataFrame, keys: pl.Series, language: str) -> pl.DataFrame:
    """Name the findings; words that repeat by the million are kept once, as categories."""
    rule = found["rule"]
    names = counts.select(
        *(
            pl.col(name).cast(pl.Enum(counts[name].unique(maintain_order=True)))
            for name in ("rule_id", "element", "message")
        ),
        pl.col("severity").cast(pl.Enum(SEVERITIES)),
    )[rule]
    key = keys.gather(found["row"])
    looks = key.str.contains(_ID) & ~key.str.contains(_NO_ID)
    told = found.select(key=pl.when(looks | key.is_null()).then(key).otherwise(mask_shape(key)))
    return found.select(
        "row",
        told["key"],
        names["rule_id"],
        names["element"],
        names["severity"],
        "value",
        names["message"],
        pl.lit(language, pl.Enum(LANGUAGES)).alias("language"),
    )


def _parted(counts: pl.DataFrame, failures: pl.DataFrame, keys: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Part the keys of rows that break no critical rule from all others."""
    critical = failures.filter(pl.col("severity") == "critical")["row"]
    rows = pl.int_range(keys.len(), eager=True)
    whole = bool(counts["errored"].any()) or critical.null_count() > 0
    bad = (
        pl.repeat(value=True, n=keys.len(), eager=True) if whole else rows.is_in(critical.unique().implode())
    )
    return keys.filter(~bad).rename("key"), keys.filter(bad).rename("key")
