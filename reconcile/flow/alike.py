"""New accounts held against whom the registry alone knows, by the linkage: a typo makes no second number.

Who is in no snapshot and no extract yet is found by nobody else. Pairs that may be one person are noted as
possible ties, which keep a new number from being given; two people are told apart by somebody else than
whoever noted the pair.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import PERSON, SET_ASIDE
from reconcile.errors import InputError, Refused
from reconcile.flow.link import find_duplicates, link
from reconcile.mint.asked import FIELDS
from reconcile.plan import Thresholds
from reconcile.registry.known import living
from reconcile.registry.people import require_name, same_person
from reconcile.registry.persons import person_of
from reconcile.score.model import shipped

if TYPE_CHECKING:
    from datetime import datetime

    from reconcile.plan import Plan
    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger

_COMPARED: Final = tuple(name for name in PERSON if name in FIELDS)
_TIED: Final = ("college_l", "sis_id_l", "college_r", "sis_id_r")
_KEY: Final = ("college", "sis_id")
# Accounts among which the shipped weights take a person to be one: as `Lookup` looks a student up.
_LEAST: Final = 5_000
_NAMESAKE: Final = 0.2  # probability below which two birthdates are two people's


def alike(
    registry: Registry,
    rows: pl.DataFrame,
    /,
    *,
    plan: Plan | None = None,
    batch: str | None = None,
    searched: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Find who of a batch may be one person with somebody of the registry, or with each other.

    Weights are the shipped ones: nothing is learned from a few rows. Pairs that somebody noted anything of
    before are not judged anew.

    Args:
        registry: everybody in it who holds a number or may still get one.
        rows: kind, college, sis_id and the fields of an account; only new numbers count.
        plan: its thresholds; the usual ones when None.
        batch: the rows' own, which is in the registry already; they are held against each other too.
        searched: college, sis_id, cccid of records that were compared before, by more than the registry has.

    Returns:
        college_l, sis_id_l, college_r, sis_id_r and tie: "possible", or "different" where the row itself
        says that the other was looked at and is somebody else.
    """
    asked = rows.filter(kind="mint")
    if asked.is_empty():
        return _ties([])
    known = registry.inspect(lambda connection: living(connection, (*_COMPARED, *SET_ASIDE), besides=batch))
    new = asked.join(known, on=_KEY, how="anti")  # others wait or are served, and are left out anyhow
    if searched is not None:
        known = known.join(searched, on=_KEY, how="anti").join(
            searched.drop_nulls("cccid"), on="cccid", how="anti"
        )
    limits = plan.thresholds if plan is not None else Thresholds()
    mine, theirs = _ready(new), _ready(known)
    found = [_scored(mine, theirs, limits)] if new.height and known.height else []
    if batch is not None and new.height > 1:
        found.append(_scored(mine, None, limits))
    pairs = [pair for frame in found for pair in frame.iter_rows()]
    if not pairs:
        return _ties([])
    people = _of_pairs(pairs, new, known)
    judged = registry.ties().filter(pl.col("tie") != "possible")
    said = {frozenset((f"{a}/{b}", f"{c}/{d}")) for a, b, c, d in judged.select(_TIED).iter_rows()}
    return _ties(
        [
            (*left.split("/", 1), *right.split("/", 1), _tie(people[left], people[right]))
            for left, right in pairs
            if frozenset((left, right)) not in said
        ]
    )


def doubtful(registry: Registry, /) -> pl.DataFrame:
    """List the pairs of requests that may be one person and block each other: one, other, noted_by."""
    found = registry.read(lambda ledger: ledger.persons.doubtful())
    rows = [("/".join(left), "/".join(right), who) for (left, right), who in found.items()]
    return pl.DataFrame(rows, schema=dict.fromkeys(("one", "other", "noted_by"), pl.String), orient="row")


def tell_apart(
    registry: Registry, one: str, other: str, /, *, by: str, reason: str, at: datetime | None = None
) -> None:
    """Say of two requests, which may be one person, that they are two people; both may get a number.

    Args:
        registry: where the pair was noted.
        one: college and SIS id, as 021/N1.
        other: the same.
        by: who says so: somebody else than whoever checked the batch, or proposed the run.
        reason: how that is known; names nobody.
        at: when; now when None.

    Raises:
        InputError: no name, no reason, or no such pair is in doubt.
        Refused: whoever noted the pair may not decide it; or roles are in force, and `by` has none for it.
    """
    require_name(by, "To tell two people apart takes a name")
    if not reason.strip():
        raise InputError("Two requests are told apart with a reason; none was given.")
    pair = tuple(sorted(((one.partition("/")[::2]), (other.partition("/")[::2]))))

    def work(ledger: Ledger) -> None:
        noted = ledger.persons.doubtful()
        if pair not in noted:
            raise InputError(
                "Of these two requests nobody noted that they may be one person. "
                "`reconcile batch apart` without them lists the pairs."
            )
        if same_person(noted[pair], by):
            raise Refused(
                "Refused, and kept in the audit log: whoever checked the batch, or proposed the run, does "
                "not tell its people apart. Nothing was changed. Somebody else decides.",
                what="tied", subject="records", who=by, at=ledger.stamp,
            )  # fmt: skip
        ledger.persons.tie([(*pair[0], *pair[1], "different")], by=by, reason=reason.strip())

    registry.write(work, at=at)


def _ready(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep what is compared; the college's mailbox, with the SIS id in it, says nothing of the person."""
    own = pl.col("email").str.contains(pl.concat_str(pl.lit("+"), "college", pl.lit("-")), literal=True)
    columns = [
        pl.col(name) if name in rows.columns else pl.lit(None, pl.String).alias(name)
        for name in (*_KEY, *_COMPARED)
    ]
    return rows.select(columns).select(
        pl.concat_str("college", pl.lit("/"), "sis_id").alias("key"),
        pl.exclude(*_KEY, "email"),
        email=pl.when(~own).then("email"),
    )


def _scored(left: pl.DataFrame, right: pl.DataFrame | None, limits: Thresholds) -> pl.DataFrame:
    """Pairs that a run would link or ask about: id_l, id_r."""
    people = max(_LEAST, left.height if right is None else right.height)
    weights = shipped()
    model = replace(weights, shares={kind: share / people for kind, share in weights.shares.items()})
    least, sure = limits.review_probability, limits.link_probability
    if right is None:
        pairs = find_duplicates(
            left, id="key", model=model, min_probability=least, review_probability=least,
            link_probability=sure,
        ).pairs  # fmt: skip
    else:
        pairs = link(
            left, right, id="key", model=model, min_probability=least, review_probability=least,
            link_probability=sure,
        ).pairs  # fmt: skip
    # A site's address and telephone are many people's, and so is a name without its birthdate.
    guard = pl.col("guard").cast(pl.String)
    namesake = guard.eq_missing("birthdate_differs") & (pl.col("match_probability") < _NAMESAKE)
    told = guard.ne_missing("contact_only") & ~namesake
    return pairs.filter(pl.col("band").cast(pl.String) != "none", told).select("id_l", "id_r")


def _of_pairs(
    pairs: list[tuple[str, str]], new: pl.DataFrame, known: pl.DataFrame
) -> dict[str, dict[str, str | None]]:
    """Look up the people in pairs, by key."""
    wanted = pl.DataFrame({"key": sorted({key for pair in pairs for key in pair})})
    keyed = pl.concat([new, known.join(new, on=_KEY, how="anti")], how="diagonal").with_columns(
        key=pl.concat_str("college", pl.lit("/"), "sis_id")
    )
    found = keyed.join(wanted, on="key", how="semi")
    return {row["key"]: row for row in found.iter_rows(named=True)}


def _tie(new: dict[str, str | None], other: dict[str, str | None]) -> str:
    """Go by what the requests say of each other; an equal name and birthdate is another's to judge."""
    for one, two in ((new, other), (other, new)):
        aside, why = ((one.get(name) or "").strip() for name in SET_ASIDE)
        names = {two.get("cccid"), f"{two['college']}/{two['sis_id']}"} - {None}
        if why and names & {*aside.split()} and person_of(json.dumps(one)) != person_of(json.dumps(two)):
            return "different"
    return "possible"


def _ties(rows: list[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys((*_TIED, "tie"), pl.String), orient="row").unique(
        maintain_order=True
    )
