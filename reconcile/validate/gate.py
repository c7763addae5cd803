"""A table against a suite of the dictionary: counts, failing rows, and a gate that is open or closed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import polars as pl

from reconcile import resources
from reconcile.columns import LIST_COLUMNS
from reconcile.engine import Engine, Table
from reconcile.errors import ConservationError, GateClosed, InputError, nearest
from reconcile.results import as_frame
from reconcile.show import table_html
from reconcile.validate.dictionary import LANGUAGES, SUITES
from reconcile.validate.predicates import METRICS, TABLE_TYPES, failing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.validate.gx import Outcome

_KEYS: Final = {"students": "sis_id", "accounts": "cccid", "mint_request": "request_key"}
_ROW: Final = "reconcile_row"
_GRAVITY: Final = {"critical": 0, "warning": 1, "info": 2}
_WIDE_CCCID: Final = "^[A-HJ-NP-Z]{3,4}[0-9]{4}$"

_COUNTS: Final = {
    "rule_id": pl.String,
    "element": pl.String,
    "severity": pl.String,
    "message": pl.String,
    "failures": pl.Int64,
    "rows": pl.Int64,
    "errored": pl.Boolean,
    "remedy": pl.String,
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Validation:
    """What the dictionary says of a table; no value of the table is in it, rows are named by key.

    Attributes:
        suite: "students", "accounts" or "mint_request".
        verdict: "closed" when a critical rule is broken or any rule could not be evaluated.
        counts: one row a rule: rule_id, element, severity, message, failures, rows, errored, remedy;
            failures and rows are null where the rule could not be evaluated.
        failures: one row a failure: row (from 0), key, rule_id, element, severity, message; complete.
            Row and key are null where the table as a whole breaks a rule.
        passing: keys of the rows that break no critical rule; empty when the table as a whole does,
            or when a rule could not be evaluated.
        failing: keys of all other rows.
        missing: columns that rules of the suite read and the table lacks.
        as_of: the day that "today" stands for.
        suite_hash: `suite_hash` of the suite: another one as soon as a rule changes, not as a day passes.
        rows_hash: SHA-256 of the rows as they were judged, whatever their order.
    """

    suite: str
    verdict: Literal["open", "closed"]
    counts: pl.DataFrame = field(repr=False)
    failures: pl.DataFrame = field(repr=False)
    passing: pl.Series = field(repr=False)
    failing: pl.Series = field(repr=False)
    missing: tuple[str, ...]
    as_of: date
    suite_hash: str
    rows_hash: str

    @property
    def reason(self) -> str:
        """Why the gate is closed, in a sentence; empty when it is open."""
        critical = self.counts.filter(pl.col("severity") == "critical", pl.col("failures") > 0)
        errored = self.counts.filter("errored")
        parts = [
            f"{rule} ({failures:,})" for rule, failures in critical.select("rule_id", "failures").iter_rows()
        ]
        told = [f"critical rules broken: {', '.join(parts)}"] if parts else []
        if self.missing:
            told.append(f"columns missing: {', '.join(self.missing)}")
        elif errored.height:
            told.append(f"rules that could not be evaluated: {', '.join(errored['rule_id'])}")
        return "; ".join(told)

    def require_open(self) -> None:
        """Go on only when the gate is open.

        Raises:
            GateClosed: it is closed; the message says by which rules.
        """
        if self.verdict == "closed":
            raise GateClosed(
                f"The gate of the suite {self.suite} is closed; {self.reason}. "
                "See .failures for the rows; mend them where the records are kept, then run again."
            )

    def __repr__(self) -> str:
        """Tell the verdict in a line."""
        told = f" ({self.reason})" if self.reason else ""
        return f"Validation of {self.suite}: {self.verdict}{told}, {self.failures.height:,} failures"

    def _repr_html_(self) -> str:
        broken = self.counts.filter((pl.col("failures") > 0) | pl.col("errored"))
        gravest = broken.sort(pl.col("severity").replace_strict(_GRAVITY), maintain_order=True)
        shown = gravest.select("severity", "element", "message", "failures", "remedy")
        title = f"Gate of {self.suite}: {self.verdict}"
        return table_html(shown, title=title, note=self._note, rows=max(shown.height, 1))

    @property
    def _note(self) -> str:
        critical = self.failures.filter(pl.col("severity") == "critical")
        if self.counts["errored"].any() or critical["row"].null_count():
            return f"The gate is closed; {self.reason}."
        rows = self.passing.len() + self.failing.len()
        return f"{self.failing.len():,} of {rows:,} rows break a critical rule; .failures names each of them."


def validate(
    table: object,
    /,
    *,
    suite: str = "students",
    key: str | None = None,
    as_of: date | None = None,
    language: str = "en",
    wide_cccid: bool = False,
) -> Validation:
    """Check a table against a suite of the data dictionary.

    Args:
        table: columns named as in reconcile.columns; read a file with a layout to have them so.
        suite: "students" (an SIS extract), "accounts" (a snapshot) or "mint_request" (rows to be created).
        key: the column that names a row in the results; sis_id, cccid or request_key by suite.
        as_of: the day that "today" stands for in rules about dates; today when not given.
        language: of the messages, "en" or "es".
        wide_cccid: also accept the future shape of CCCIDs, four letters and four digits.

    Raises:
        InputError: no such suite, language or key column, or a column holds something else than text.
    """
    for what, word, known in (("suite", suite, SUITES), ("language", language, LANGUAGES)):
        if word not in known:
            raise InputError(f"There is no {what} {word}.{nearest(word, known)}")
    day = as_of or datetime.now(tz=UTC).astimezone().date()
    rules = load_suite(suite, as_of=day, wide_cccid=wide_cccid)
    frame, keys = _judged(as_frame(table), rules["meta"]["columns"], key or _KEYS[suite])
    with Engine() as engine:
        loaded = engine.load("judged", frame)
        outcomes = _run(rules, loaded)
        found = _failing_rows(rules, outcomes, loaded)
    counts = _counts(rules, outcomes, language)
    return _verdict(
        counts,
        _failures(found, counts, keys),
        keys,
        suite=suite,
        missing=tuple(name for name in rules["meta"]["columns"] if name not in frame.columns),
        as_of=day,
        suite_hash=suite_hash(suite, wide_cccid=wide_cccid),
        rows_hash=_hash(frame, keys),
    )


def load_suite(name: str, /, *, as_of: date, wide_cccid: bool = False) -> dict[str, Any]:
    """Read a shipped suite and fill its parameters in.

    Args:
        name: "students", "accounts" or "mint_request".
        as_of: the day that "today" stands for.
        wide_cccid: also accept the future shape of CCCIDs.
    """
    suite = _shipped(name, wide_cccid=wide_cccid)
    given = suite["suite_parameters"] | {
        "as_of": as_of.isoformat(),
        "born_13_years_ago": _years_before(as_of, 13).isoformat(),
    }
    return {**suite, "expectations": _fill(suite["expectations"], given), "suite_parameters": {}}


def suite_hash(name: str, /, *, wide_cccid: bool = False) -> str:
    """Hash a shipped suite, without running it: what an approval is bound to.

    The day that "today" stands for is no part of it, so that a batch outlives the midnight after its check.

    Args:
        name: "students", "accounts" or "mint_request".
        wide_cccid: also accept the future shape of CCCIDs.
    """
    suite = _shipped(name, wide_cccid=wide_cccid)
    return hashlib.sha256(json.dumps(suite, sort_keys=True).encode()).hexdigest()


def _shipped(name: str, *, wide_cccid: bool) -> dict[str, Any]:
    path = resources.expectations() / "suites" / f"{name}.json"
    suite: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if wide_cccid:
        suite["suite_parameters"]["cccid_shape"] = _WIDE_CCCID
    return suite


def _years_before(day: date, years: int) -> date:
    leaps = (day.month, day.day) == (2, 29)  # who is born on 1 March turns 13 a day later
    return day.replace(year=day.year - years, day=28 if leaps else day.day)


def _fill(part: Any, given: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    match part:
        case {"$PARAMETER": name}:
            return given[name]
        case dict():
            return {key: _fill(value, given) for key, value in part.items()}
        case list():
            return [_fill(value, given) for value in part]
    return part


def _judged(table: pl.DataFrame, read: list[str], key: str) -> tuple[pl.DataFrame, pl.Series]:
    """Take the columns that rules read, as text and numbered, and the keys of the rows."""
    if key not in table.columns:
        raise InputError(
            f"The key column {key} is not in the table.{nearest(key, table.columns)} "
            "Name the column that identifies a row: validate(table, key=...)."
        )
    columns = [name for name in read if name in table.columns]
    problems = [_problem(name, table.schema[name]) for name in columns]
    if any(problems):
        raise InputError("\n".join(sorted(filter(None, problems))))
    frame = table.select(_as_text(name, table.schema[name]) for name in columns).with_row_index(_ROW)
    return frame, table[key].cast(pl.String, strict=False).rename("key")


def _problem(name: str, kind: pl.DataType) -> str:
    """Say why a column cannot be judged, empty when it can."""
    if name in LIST_COLUMNS:
        good = isinstance(kind, pl.List) and kind.inner in (pl.String, pl.Null)
        return "" if good or kind == pl.Null else f"Column {name} is {kind}; a list of texts was expected."
    good = kind in (pl.String, pl.Null, pl.Boolean, pl.Date, pl.Categorical, pl.Enum)
    if good or (kind == pl.Datetime and name.endswith("_timestamp")):
        return ""
    return (
        f"Column {name} is {kind}; text was expected, since numbers lose leading zeros and times shift. "
        "Read the file with reconcile.read, or cast the column to text."
    )


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    if name in LIST_COLUMNS:
        return pl.col(name).cast(pl.List(pl.String))
    if kind == pl.Datetime:
        return pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S%z" if kind.time_zone else "%Y-%m-%d %H:%M:%S")  # type: ignore[attr-defined] # narrowed by the line above
    return pl.col(name).cast(pl.String)


def _run(rules: dict[str, Any], table: Table) -> dict[str, Outcome]:
    from reconcile.validate.gx import run  # noqa: PLC0415 - costs seconds

    return run(rules, table)


def _counts(rules: dict[str, Any], outcomes: Mapping[str, Outcome], language: str) -> pl.DataFrame:
    """Line the outcomes up with the suite's rules; a rule without an outcome counts as errored."""
    rows = []
    for rule in rules["expectations"]:
        meta = rule["meta"]
        outcome = outcomes.get(meta["rule_id"])
        errored = outcome is None or outcome.errored
        rows.append(
            {
                "rule_id": meta["rule_id"],
                "element": meta["element"],
                "severity": rule["severity"],
                "message": meta["message"][language],
                "failures": outcome.failures if outcome else None,
                "rows": outcome.rows if outcome else None,
                "errored": errored,
                "remedy": meta["remedy"],
            }
        )
    return pl.DataFrame(rows, schema=_COUNTS)


def _failing_rows(rules: dict[str, Any], outcomes: Mapping[str, Outcome], table: Table) -> pl.DataFrame:
    """List every failing row of every broken rule, and prove that there are as many as were counted."""
    broken = [
        rule
        for rule in rules["expectations"]
        if (one := outcomes.get(rule["meta"]["rule_id"])) and one.failures
    ]
    parts = [
        f"SELECT {_ROW}, '{rule['meta']['rule_id']}' AS rule_id FROM {{table}} "
        f"WHERE {failing(METRICS[rule['type']], rule['kwargs'], table=table.name)}"
        for rule in broken
        if rule["type"] not in TABLE_TYPES
    ]
    rows = pl.DataFrame(schema={_ROW: pl.UInt32, "rule_id": pl.String})
    if parts:
        rows = table.engine.frame(" UNION ALL ".join(parts), table=table)
    whole = [rule["meta"]["rule_id"] for rule in broken if rule["type"] in TABLE_TYPES]
    rows = pl.concat([pl.DataFrame({_ROW: [None] * len(whole), "rule_id": whole}, schema=rows.schema), rows])
    listed = dict(rows.group_by("rule_id").len().iter_rows())
    for rule in broken:
        name = rule["meta"]["rule_id"]
        if listed.get(name) != outcomes[name].failures:
            raise ConservationError(
                f"The rule {name} counts {outcomes[name].failures} failures and lists {listed.get(name, 0)}."
            )
    return rows


def _failures(found: pl.DataFrame, counts: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    order = counts.with_row_index("rule").select("rule", "rule_id", "element", "severity", "message")
    named = pl.DataFrame({"row": pl.int_range(keys.len(), eager=True), "key": keys})
    return (
        found.select(pl.col(_ROW).cast(pl.Int64).alias("row"), "rule_id")
        .join(order, on="rule_id", how="left")
        .join(named, on="row", how="left")
        .sort("row", "rule")
        .select("row", "key", "rule_id", "element", "severity", "message")
    )


def _verdict(
    counts: pl.DataFrame,
    failures: pl.DataFrame,
    keys: pl.Series,
    **facts: Any,  # noqa: ANN401 - passed on
) -> Validation:
    """Close the gate on any critical failure and on any rule that errored."""
    critical = failures.filter(pl.col("severity") == "critical")
    errored = bool(counts["errored"].any())
    whole = errored or critical["row"].null_count() > 0
    rows = pl.int_range(keys.len(), eager=True)
    bad = rows if whole else critical["row"].unique()
    fails = rows.is_in(bad.implode())
    return Validation(
        verdict="closed" if errored or critical.height else "open",
        counts=counts,
        failures=failures,
        passing=keys.filter(~fails).rename("key"),
        failing=keys.filter(fails).rename("key"),
        **facts,
    )


class _Sink:
    """A file that keeps nothing but a hash."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)


def _hash(frame: pl.DataFrame, keys: pl.Series) -> str:
    """Hash the judged rows in the order of their keys, so that the engine's order does not matter."""
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    rows = frame.drop(_ROW).with_columns(pl.col(lists).list.join("\x1f"))
    ordered = rows.with_columns(keys.alias(_ROW)).sort(_ROW, nulls_last=True, maintain_order=True)
    sink = _Sink()
    ordered.write_csv(sink, quote_style="non_numeric")  # type: ignore[call-overload] # a sink is enough
    return sink.hash.hexdigest()
