"""What the dictionary says of a table: a verdict, counts by rule, and every finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from reconcile.engine import Table
from reconcile.errors import GateClosed, InputError, nearest
from reconcile.results import as_frame
from reconcile.show import Listing, Sheet
from reconcile.sql import quote
from reconcile.validate.display import sheet_html, sheet_text
from reconcile.validate.steps import because

if TYPE_CHECKING:
    from datetime import date

_SHOWN: Final = 25  # rules that close the gate; more than that and the file is the wrong one


@dataclass(frozen=True, kw_only=True, repr=False)
class Validation:
    """What the dictionary says of a table; rows are named by key, values are shown by their shape.

    Attributes:
        suite: "students", "accounts", "mint_request" or "snapshot_change".
        language: of the messages.
        verdict: "closed" when a critical rule is broken, a rule could not be evaluated, or a rule is broken
            more often than the college's policy bears.
        rows: how many rows were judged.
        counts: one row a rule: rule_id, element, severity, message, failures, rows, errored, at_most
            (what the policy bears, null without), closes (whether this rule closes the gate), remedy;
            failures and rows are null where the rule could not be evaluated.
        failures: one row a finding: row (from 0), key, rule_id, element, severity, value, message, language;
            complete. The value is shown by its shape, letters as a or A, digits as 9; so is a key that looks
            like no id. Row and key are null where the table as a whole breaks a rule.
        passing: keys of the rows that break no critical rule; empty when the table as a whole does,
            or when a rule could not be evaluated.
        failing: keys of all other rows.
        missing: columns that rules of the suite read and the table lacks.
        messages: rule id -> language -> message.
        as_of: the day that "today" stands for.
        suite_hash: `suite_hash` of the suite: another one as soon as a rule changes, not as a day passes.
        rows_hash: SHA-256 of the rows, in their order, in the columns that rules read.
    """

    suite: str
    language: str
    verdict: Literal["open", "closed"]
    rows: int
    counts: pl.DataFrame = field(repr=False)
    failures: pl.DataFrame = field(repr=False)
    passing: pl.Series = field(repr=False)
    failing: pl.Series = field(repr=False)
    missing: tuple[str, ...]
    messages: dict[str, dict[str, str]] = field(repr=False)
    as_of: date
    suite_hash: str
    rows_hash: str
    table: object = field(repr=False, compare=False)

    @property
    def passed(self) -> pl.DataFrame:
        """The rows that break no critical rule, as they were given; empty where `passing` is."""
        return self._rows(good=True)

    @property
    def failed(self) -> pl.DataFrame:
        """All other rows, as they were given."""
        return self._rows(good=False)

    @property
    def reason(self) -> str:
        """Why the gate is closed, in a sentence; empty when it is open."""
        return "; ".join(because(self, "en"))

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

    @property
    def closing(self) -> Listing:
        """The rules that close the gate, how often each is broken and how often it may be."""
        found = self.counts.filter("closes")
        told = found.select("rule_id", "severity", "failures", "rows", "at_most")
        title = f"{self.suite}: the gate is {self.verdict}"
        return Listing(frame=found, sheet=Sheet(frame=told, title=title, rows=_SHOWN, unit="rule"))

    def rows_that_break(self, rule_id: str, /) -> Listing:
        """List the rows that break a rule: row (from 0), key, and the value by its shape.

        Raises:
            InputError: the suite has no such rule.
        """
        known = self.counts["rule_id"].to_list()
        if rule_id not in known:
            raise InputError(f"The suite {self.suite} has no rule {rule_id}.{nearest(rule_id, known)}")
        rule = self.counts.row(known.index(rule_id), named=True)
        found = self.failures.filter(pl.col("rule_id") == rule_id).select("row", "key", "value")
        sheet = Sheet(frame=found, title=rule["message"], note=f"What to do: {rule['remedy']}")
        return Listing(frame=found, sheet=sheet)

    def __repr__(self) -> str:
        """Tell the verdict, and what was broken, as plain text."""
        return sheet_text(self)

    def _repr_html_(self) -> str:
        return sheet_html(self)

    def _rows(self, *, good: bool) -> pl.DataFrame:
        frame = self._frame()
        if frame.height != self.rows:
            raise InputError("The table changed since it was judged. Validate it again.")
        if self.failing.len() == self.rows:  # no row passes, whichever rule says so
            return frame.clear() if good else frame
        critical = self.failures.filter(pl.col("severity") == "critical")["row"].drop_nulls().unique()
        bad = pl.int_range(frame.height, eager=True).is_in(critical.implode())
        return frame.filter(~bad if good else bad)

    def _frame(self) -> pl.DataFrame:
        if not isinstance(self.table, Table):
            return as_frame(self.table)
        names = ", ".join(map(quote, self.table.columns))
        query = f"SELECT {names} FROM {{table}} ORDER BY {quote(self.table.numbered_by)}"
        return self.table.engine.frame(query, table=self.table)
