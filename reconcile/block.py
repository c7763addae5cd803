"""Candidate pairs by equality of keys; counted before they are made, capped, re-blocked, reported.

A key table holds one row a record: `record` and integer key columns, null where there is no key. A rule
names the columns that must be equal; a column of the left may meet another of the right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.sql import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconcile.engine import Engine, Table

EVERY: Final = "every"  # a column that is equal throughout: all pairs


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Records whose keys are equal are compared.

    Attributes:
        keys: (left column, right column) pairs.
        most: pairs that one key value may make; beyond, `rarer` columns must be equal as well.
        rarer: further columns for oversized keys, tried one after the other.
    """

    keys: tuple[tuple[str, str], ...]
    most: int = 5_000
    rarer: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The rule in words."""
        return " + ".join(a if a == b else f"{a} = other's {b}" for a, b in self.keys)

    @property
    def symmetric(self) -> bool:
        """Whether it makes no difference which record comes first."""
        return sorted(self.keys) == sorted((b, a) for a, b in self.keys)


def rule(*columns: str, most: int = 5_000, rarer: tuple[str, ...] = ()) -> Rule:
    """Make a rule from columns that meet themselves, or "a=b" where they meet another.

    >>> rule("first=last", "last=first").name
    "first = other's last + last = other's first"
    """
    keys = tuple((a, b or a) for a, _, b in (column.partition("=") for column in columns))
    return Rule(keys=keys, most=most, rarer=rarer)


RULES: Final = (
    rule("ssn", most=400, rarer=("first",)),
    rule("ssid", most=400, rarer=("first",)),
    rule("email", most=400, rarer=("first", "last")),
    rule("phone", most=400, rarer=("first", "last")),
    rule("first_letter", "birth", rarer=("last_letter", "first", "last")),
    rule("last_letter", "birth", rarer=("first_letter", "last", "first")),
    rule("part_1=part_2", "birth", rarer=("first_letter",)),
    rule("part_2=part_1", "birth", rarer=("first_letter",)),
    rule("part_2", "birth", rarer=("first_letter",)),
    rule("first=last", "last=first", most=900, rarer=("year",)),
    rule("first", "last", most=400, rarer=("zip",)),
    rule("first", "last", "year", most=900, rarer=("middle",)),
    rule("first", "last", "month_day", most=900),
    rule("first", "part_1=part_2", "year", most=900),
    rule("first", "part_2=part_1", "year", most=900),
    rule("ssn4", "last", most=400, rarer=("first",)),
    rule("ssn4", "birth", most=400),
    rule("ssn4", "first", "year", most=400),
    rule("first", "street", most=400),
    rule("last", "first_letter", "zip", most=400, rarer=("first",)),
)

# Wider nets for records damaged in several places; each is used as far as the budget of pairs allows.
WIDE: Final = (
    rule("last", "month_day", most=2_500),
    rule("last", "year", "first_letter", most=2_500),
    rule("first", "month_day", "last_letter", most=2_500),
    rule("first", "year", "last_letter", most=2_500),
    rule("birth", most=10_000),
    rule("street", most=400),
    rule("last", "year", most=10_000),
    rule("first", "month_day", most=10_000),
    rule("last", "first_letter", most=10_000),
    rule("first", "last_letter", most=10_000),
    rule("last", "zip", most=10_000),
    rule("first", "zip", most=10_000),
    rule("first", "year", most=10_000),
    rule("last", most=10_000),
    rule("first", most=10_000),
    rule("zip", "year", most=10_000),
)


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The pairs to compare, and what each rule did.

    Attributes:
        pairs: a table of l, r (row numbers), each pair once; l < r within one table.
        rules: rule, keys (values met on both sides), pairs, oversized_keys, dropped_pairs.
    """

    pairs: Table
    rules: pl.DataFrame


def candidates(
    engine: Engine,
    left: Table,
    right: Table,
    /,
    *,
    rules: Sequence[Rule] = RULES,
    wide: Sequence[Rule] = WIDE,
    most_pairs: int = 200_000_000,
    wide_pairs: int = 3_000_000,
    progress: Callable[[str], None] | None = None,
) -> Candidates:
    """Make the candidate pairs of two key tables, or of one with itself (the same handle twice).

    Rules whose columns a table lacks are passed over. `most_pairs` bounds the rules together, and
    `wide_pairs` the wide ones: a rule that would exceed what is left gets a smaller cap.
    """
    one_table = left.name == right.name
    made: list[Table] = []
    report: list[dict[str, object]] = []
    left_over = most_pairs
    for number, each in enumerate((*rules, *wide)):
        if not _applies(each, left, right):
            continue
        if number >= len(rules):
            left_over = min(left_over, wide_pairs)
            wide_pairs = left_over
        if progress:
            progress(f"Pairs by {each.name}")
        step = _Step(engine, left, right, each, f"_block_{number}", one_table=one_table)
        step.run(left_over)
        left_over -= step.pairs
        wide_pairs -= step.pairs if number >= len(rules) else 0
        made += step.tables
        report.append(step.report())
    pairs = _together(engine, made)
    engine.drop(*made)
    schema = {"rule": pl.String, "keys": pl.Int64, "pairs": pl.Int64, "oversized_keys": pl.Int64,
              "dropped_pairs": pl.Int64}  # fmt: skip
    return Candidates(pairs=pairs, rules=pl.DataFrame(report, schema=schema))


def _applies(rule: Rule, left: Table, right: Table) -> bool:
    have_l, have_r = left.columns, right.columns
    return all(a in have_l and b in have_r for a, b in rule.keys)


def _together(engine: Engine, made: list[Table]) -> Table:
    if not made:
        return engine.load("_pairs", pl.DataFrame(schema={"l": pl.Int32, "r": pl.Int32}))
    selects = " UNION ALL ".join(fill("SELECT l, r FROM {t}", t=table.name) for table in made)
    return engine.sql("_pairs", f"SELECT DISTINCT l, r FROM ({selects})")


class _Step:
    """One rule at work: count the pairs of each key, make those within the cap, re-block the rest."""

    def __init__(
        self, engine: Engine, left: Table, right: Table, rule: Rule, name: str, *, one_table: bool
    ) -> None:
        self.engine, self.left, self.right, self.rule, self.name = engine, left, right, rule, name
        self.one_table = one_table
        self.tables: list[Table] = []
        self.keys = self.pairs = self.oversized = self.dropped = 0

    def run(self, budget: int) -> None:
        further = [c for c in self.rule.rarer if c in self.left.columns and c in self.right.columns]
        chains = [tuple((c, c) for c in further[: depth + 1]) for depth in range(len(further))]
        keys = [self.rule.keys, *(self.rule.keys + chain for chain in chains)]
        parent: Table | None = None
        for depth, columns in enumerate(keys):
            sizes = self._sizes(columns, parent, depth)
            most = self._cap(sizes, budget - self.pairs)
            self._make(sizes, columns, most, depth)
            over = self.engine.sql(
                f"{self.name}_over_{depth}", "SELECT * FROM {sizes} WHERE possible > ?", most, sizes=sizes
            )
            self.dropped = int(self.engine.value("SELECT coalesce(sum(possible), 0) FROM {t}", t=over))
            if depth == 0:
                self.keys = sizes.rows
                self.oversized = over.rows
            self.engine.drop(sizes, *([parent] if parent else []))
            parent = over
            if not self.dropped:
                break
        if parent:
            self.engine.drop(parent)

    def report(self) -> dict[str, object]:
        return {
            "rule": self.rule.name,
            "keys": self.keys,
            "pairs": self.pairs,
            "oversized_keys": self.oversized,
            "dropped_pairs": self.dropped,
        }

    def _sizes(self, columns: tuple[tuple[str, str], ...], parent: Table | None, depth: int) -> Table:
        """Count, for every key on both sides, the pairs that it would make."""
        left = self._grouped(self.left, [a for a, _ in columns])
        right = self._grouped(self.right, [b for _, b in columns])
        names = [f"k{place}" for place in range(len(columns))]
        same = " AND ".join(f"a.{k} = b.{k}" for k in names)
        kept = ", ".join(f"a.{k}" for k in names)
        # Where columns cross, a key of one side is another key of the other, so the product is the bound.
        triangle = self.one_table and all(a == b for a, b in columns)
        possible = "a.n * (a.n - 1) / 2" if triangle else "a.n * b.n"
        within = ""
        if parent is not None:  # only what was oversized before
            before = [k for k in names if k in parent.columns]
            within = fill("JOIN {p} p ON ", p=parent.name) + " AND ".join(f"a.{k} = p.{k}" for k in before)
        query = (
            f"SELECT {kept}, CAST({possible} AS BIGINT) AS possible "
            f"FROM ({left}) a JOIN ({right}) b ON {same} {within} WHERE {possible} > 0"
        )
        return self.engine.sql(f"{self.name}_sizes_{depth}", query)

    @staticmethod
    def _grouped(table: Table, columns: list[str]) -> str:
        holes = {f"c{place}": column for place, column in enumerate(columns)}
        kept = ", ".join(f"{{c{place}}} AS k{place}" for place in range(len(columns)))
        present = " AND ".join(f"{{c{place}}} IS NOT NULL" for place in range(len(columns)))
        by = ", ".join(f"{{c{place}}}" for place in range(len(columns)))
        query = f"SELECT {kept}, count(*) AS n FROM {{t}} WHERE {present} GROUP BY {by}"
        return fill(query, t=table.name, **holes)

    def _cap(self, sizes: Table, budget: int) -> int:
        most = self.rule.most if self.rule.keys != ((EVERY, EVERY),) else max(budget, 0)
        while most:
            wanted = self.engine.value(
                "SELECT coalesce(sum(possible), 0) FROM {t} WHERE possible <= ?", most, t=sizes
            )
            if wanted <= budget:
                break
            most //= 2
        return most

    def _make(self, sizes: Table, columns: tuple[tuple[str, str], ...], most: int, depth: int) -> None:
        holes = {f"a{p}": a for p, (a, _) in enumerate(columns)} | {
            f"b{p}": b for p, (_, b) in enumerate(columns)
        }
        on_left = " AND ".join(f"l.{{a{p}}} = s.k{p}" for p in range(len(columns)))
        on_right = " AND ".join(f"r.{{b{p}}} = s.k{p}" for p in range(len(columns)))
        low, high, where = "l.record", "r.record", "s.possible <= ?"
        if self.one_table and self.rule.symmetric:
            where += " AND l.record < r.record"
        elif self.one_table:
            low = "CASE WHEN l.record < r.record THEN l.record ELSE r.record END"
            high = "CASE WHEN l.record < r.record THEN r.record ELSE l.record END"
            where += " AND l.record <> r.record"
        query = (
            f"SELECT {low} AS l, {high} AS r FROM {{left}} l JOIN {{sizes}} s ON {on_left} "
            f"JOIN {{right}} r ON {on_right} WHERE {where}"
        )
        table = self.engine.sql(
            f"{self.name}_pairs_{depth}", query, most, left=self.left, right=self.right, sizes=sizes, **holes
        )
        self.pairs += table.rows
        self.tables.append(table)
