"""Student by student: the two facts, one status, the evidence in words, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.agreement import with_agreement
from reconcile.cccid import near_in
from reconcile.columns import Search, SisCccid, Status
from reconcile.errors import ConservationError
from reconcile.resolve.held import judge_numbers, one_fact
from reconcile.resolve.population import out_of_scope
from reconcile.resolve.search import judge_candidates, one_search
from reconcile.resolve.status import with_status
from reconcile.results import as_frame
from reconcile.show import Sheet, Shown
from reconcile.words import WORDINGS

if TYPE_CHECKING:
    from datetime import date

    from reconcile.join import Joined
    from reconcile.plan import Population

_NEAR_AT_MOST: Final = 5  # numbers lie so densely that more would be chance
_DECISIONS: Final = {"sis_id": pl.String, "cccid": pl.String, "decision": pl.String}
_ISSUED: Final = {"sis_id": pl.String, "cccid": pl.String, "issued_on": pl.String}

OUTPUT: Final = (
    "sis_id", "status", "sis_cccid", "search", "flags", "evidence", "action", "cccid", "proposed_cccid",
    "issued_cccid", "other_cccids", "college", "terms", "credit", "line",
)  # fmt: skip

_HOLDS: Final = {
    "the CCCID was reported as fraud": pl.col("sis_cccid") == SisCccid.FRAUD.value,
    "the account that fits was reported as fraud": pl.col("certain_fraud"),
    "our registry gave a number to another person under this SIS id": pl.col("reused"),
    "the person is recorded as deceased": pl.col("deceased") == "true",
    "a hold in the SIS forbids the upload": pl.col("held_back"),
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Resolution(Shown):
    """One row a student.

    Attributes:
        frame: sis_id, status, sis_cccid, search, flags (list), evidence, action, cccid (as the SIS holds
            it, several joined by a space), proposed_cccid, issued_cccid, other_cccids (list: every other
            account that is certainly theirs), college, terms, credit, line.
    """

    frame: pl.DataFrame

    @property
    def counts(self) -> pl.DataFrame:
        """Students by status, in order of precedence: status, students, action."""
        found = dict(self.frame.group_by("status").len().iter_rows())
        rows = [(s.value, found.get(s.value, 0), WORDINGS[s].action) for s in Status if found.get(s.value)]
        return pl.DataFrame(rows, schema=["status", "students", "action"], orient="row")

    def _sheet(self) -> Sheet:
        return Sheet(frame=self.counts, title="Students by status", rows=len(Status))


def resolve(
    students: object,
    accounts: object,
    /,
    *,
    joined: Joined,
    links: object,
    duplicates: object | None = None,
    population: Population | None = None,
    failures: object | None = None,
    fraud: object | None = None,
    issued: object | None = None,
    decisions: object | None = None,
    systemwide: bool = True,
    needs_independent_field: bool = True,
    as_of: date | None = None,
    pending_load_days: int = 30,
    upload_holds: tuple[str, ...] = (),
    reused: pl.Series | None = None,
    changed: pl.Series | None = None,
    wide_cccid: bool = False,
) -> Resolution:
    """Give each student exactly one status, with its evidence and the next step.

    Args:
        students: sis_id and what the extract has of college, terms, credit, hold, deceased, confidential.
        accounts: cccid.
        joined: of `join`.
        links: of `link`: .pairs, .also (the pairs that keys named) and .links.
        duplicates: of `find_duplicates` on the students: .pairs; several SIS records of one person.
        population: of the plan; everybody is in scope without one.
        failures: key (the sis_id), rule_id of critical rules that a row breaks as a mint request.
        fraud: cccid of accounts reported as fraud.
        issued: sis_id, cccid, issued_on of numbers that the registry gave and the SIS may not hold yet.
        decisions: sis_id, cccid, decision ("match" / "different"): a reviewer's word outranks the score.
        systemwide: whether the snapshot covers all colleges; else absence proves nothing.
        needs_independent_field: whether a recovery needs more than name and birthdate.
        as_of: the day from which an issued number counts as overdue.
        pending_load_days: after how many days an issued number that the SIS lacks is flagged.
        upload_holds: hold codes that forbid an upload (hold may list several, by spaces); every hold does
            when empty.
        reused: SIS ids under which our registry knows another person.
        changed: CCCIDs of accounts that changed name and birthdate since an earlier snapshot.
        wide_cccid: take the future's form of a CCCID, four letters and four digits, as well-formed too.

    Raises:
        ConservationError: rows in and rows out differ.
    """
    people = as_frame(students)
    decided = as_frame(decisions) if decisions is not None else pl.DataFrame(schema=_DECISIONS)
    scored = _scored(links).pipe(_with_applications, joined.applied)
    given = _given(issued)
    judged = judge_numbers(joined.held, scored, decided, given, wide=wide_cccid)
    candidates = judge_candidates(
        scored,
        owners=links.links.select(cccid="id_r", owner="id_l"),  # type: ignore[attr-defined]
        holders=_holders(judged, given),
        named=_named(joined.applied, people),
        decisions=decided,
        fraudulent=_column(fraud, "cccid"),
        changed=changed if changed is not None else pl.Series("cccid", [], dtype=pl.String),
        wide=wide_cccid,
    )
    facts = (
        people.with_columns(
            scope_reason=out_of_scope(people, population),
            reused=pl.col("sis_id").is_in(reused.implode()) if reused is not None else pl.lit(value=False),
        )
        .join(one_fact(judged), on="sis_id", how="left")
        .join(one_search(candidates), on="sis_id", how="left")
        .join(_same_person(duplicates), on="sis_id", how="left")
        .join(_failed(failures), on="sis_id", how="left")
        .join(_issued(given), on="sis_id", how="left")
        .join(_near(judged, as_frame(accounts)), on="sis_id", how="left")
        .pipe(_settle, upload_holds, systemwide=systemwide, needs=needs_independent_field)
        .pipe(_overdue, as_of=as_of, days=pending_load_days)
    )
    frame = with_status(facts).pipe(_output).sort("sis_id")
    if frame.height != people.height or frame["sis_id"].n_unique() != frame.height:
        raise ConservationError(
            f"{people.height} students went in and {frame.height} came out of resolve. Please report this: "
            "it is a defect of the program, and nothing was written."
        )
    return Resolution(frame=frame)


def _scored(links: object) -> pl.DataFrame:
    """Put pairs found by search and pairs named by keys together, each once."""
    also: pl.DataFrame = links.also  # type: ignore[attr-defined]
    pairs: pl.DataFrame = links.pairs  # type: ignore[attr-defined]
    together = (
        pl.concat([also, pairs.join(also, on=["id_l", "id_r"], how="anti")], how="diagonal_relaxed")
        if also is not None and also.height
        else pairs
    )
    return with_agreement(together.rename({"id_l": "sis_id", "id_r": "cccid"}))


def _with_applications(scored: pl.DataFrame, applied: pl.DataFrame) -> pl.DataFrame:
    """Let an application that names the account count as independent evidence."""
    named = applied.select("sis_id", "cccid", _named=pl.lit(value=True))
    return scored.join(named, on=["sis_id", "cccid"], how="left").with_columns(
        independent=pl.col("independent") | pl.col("_named").fill_null(value=False)
    ).drop("_named")  # fmt: skip


def _holders(judged: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Name the one student of each number that the SIS holds rightly or our registry gave."""
    agreeing = judged.filter(pl.col("fact") == SisCccid.AGREES.value)
    both = pl.concat([frame.select("sis_id", "cccid") for frame in (agreeing, given)])
    return both.group_by("cccid").agg(holder=pl.col("sis_id").min())


def _named(applied: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """List the numbers that a file names for a student: by an application, or in the SIS from a later day."""
    rows = applied.select("sis_id", "cccid", "submitted", where=pl.lit("application"))
    if "future_cccids" not in people.columns:
        return rows
    later = people.select("sis_id", cccid="future_cccids").explode("cccid").drop_nulls("cccid")
    return pl.concat(
        [rows, later.select("sis_id", "cccid", where=pl.lit("later"))], how="diagonal_relaxed"
    ).unique(["sis_id", "cccid"], keep="first", maintain_order=True)


def _same_person(duplicates: object | None) -> pl.DataFrame:
    """List for each student the SIS records that are, or may be, the same person."""
    schema = pl.Schema(
        {
            "sis_id": pl.String(),
            "same_person": pl.List(pl.String),
            "same_words": pl.String(),
            "duplicate_flags": pl.List(pl.String),
        }
    )
    if duplicates is None:
        return pl.DataFrame(schema=schema)
    pairs = as_frame(getattr(duplicates, "pairs", duplicates)).filter(pl.col("band") != "none")
    if pairs.is_empty():
        return pl.DataFrame(schema=schema)
    father_and_son = (pl.col("guard") == "suffix_differs") & (pl.col("differing") > 0)
    pairs = with_agreement(pairs).filter(~father_and_son.fill_null(value=False))
    both = pl.concat(
        [
            pairs.select(sis_id="id_l", other="id_r", band="band", words="words", weight="match_weight"),
            pairs.select(sis_id="id_r", other="id_l", band="band", words="words", weight="match_weight"),
        ]
    )
    return (
        both.sort(["sis_id", "weight", "other"], descending=[False, True, False])
        .group_by("sis_id", maintain_order=True)
        .agg(
            same_person=pl.col("other"),
            same_words=pl.col("words").first(),
            duplicate_flags=pl.when(pl.col("band").cast(pl.String).is_in(["link"]).any())
            .then(pl.lit("duplicate_certain"))
            .otherwise(pl.lit("duplicate_possible"))
            .implode(),
        )
    )


def _failed(failures: object | None) -> pl.DataFrame:
    if failures is None:
        return pl.DataFrame(schema={"sis_id": pl.String, "failed_rules": pl.List(pl.String)})
    rows = as_frame(failures)
    return rows.group_by(sis_id=pl.col("key")).agg(failed_rules=pl.col("rule_id").unique().sort())


def _given(issued: object | None) -> pl.DataFrame:
    rows = as_frame(issued) if issued is not None else pl.DataFrame(schema=_ISSUED)
    return rows.select(*_ISSUED).drop_nulls("cccid")


def _issued(given: pl.DataFrame) -> pl.DataFrame:
    return given.sort("issued_on", "cccid").group_by("sis_id", maintain_order=True).agg(
        issued_cccid=pl.col("cccid").last(), issued_on=pl.col("issued_on").last()
    )  # fmt: skip


def _near(judged: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Suggest numbers of the snapshot that are one slip away from a number that cannot be right."""
    wrong = judged.filter(
        pl.col("fact").is_in([SisCccid.MALFORMED.value, SisCccid.NOT_IN_SNAPSHOT.value])
    ).select("sis_id", value="written")
    return (
        wrong.with_columns(near=near_in(wrong["value"], accounts["cccid"]).list.head(_NEAR_AT_MOST))
        .explode("near")
        .drop_nulls("near")
        .group_by("sis_id", maintain_order=True)
        .agg(near_cccids=pl.col("near").unique(maintain_order=True))
    )


def _settle(
    facts: pl.DataFrame, upload_holds: tuple[str, ...], *, systemwide: bool, needs: bool
) -> pl.DataFrame:
    """Fill in what a student without any number or candidate comes to, and why one is on hold."""
    for column in ("hold", "deceased", "confidential"):
        if column not in facts.columns:
            facts = facts.with_columns(pl.lit(None, pl.String).alias(column))
    holds = pl.col("hold").fill_null("").str.split(" ").list.eval(pl.element().filter(pl.element() != ""))
    forbidding = holds.list.set_intersection(list(upload_holds)) if upload_holds else holds
    return facts.with_columns(held_back=forbidding.list.len() > 0).with_columns(
        pl.col("sis_cccid").fill_null(SisCccid.ABSENT.value),
        pl.col("search").fill_null(Search.NONE.value),
        pl.col("possible_accounts").fill_null(0),
        systemwide=pl.lit(systemwide),
        needs_independent=pl.lit(needs),
        hold_reason=pl.coalesce(
            pl.when(rule.fill_null(value=False)).then(pl.lit(reason)) for reason, rule in _HOLDS.items()
        ),
    )


def _overdue(facts: pl.DataFrame, *, as_of: date | None, days: int) -> pl.DataFrame:
    if as_of is None:
        return facts.with_columns(overdue=pl.lit(value=False))
    since = pl.col("issued_on").str.head(10).str.to_date("%Y-%m-%d", strict=False)
    return facts.with_columns(overdue=(pl.lit(as_of) - since).dt.total_days() > days)


def _output(facts: pl.DataFrame) -> pl.DataFrame:
    for column in ("college", "credit"):
        if column not in facts.columns:
            facts = facts.with_columns(pl.lit(None, pl.String).alias(column))
    if "terms" not in facts.columns:
        facts = facts.with_columns(terms=pl.lit(None, pl.List(pl.String)))
    if "line" not in facts.columns:
        facts = facts.with_columns(line=pl.lit(None, pl.Int64))
    action = pl.col("status").replace_strict({s.value: WORDINGS[s].action for s in Status})
    other = pl.col("certain_cccids").fill_null([])
    return facts.with_columns(action=action, cccid=pl.col("held_cccids"), other_cccids=other).select(OUTPUT)


def _column(table: object | None, name: str) -> pl.Series:
    if table is None:
        return pl.Series(name, [], dtype=pl.String)
    return as_frame(table)[name].drop_nulls().str.strip_chars().str.to_uppercase().unique()
