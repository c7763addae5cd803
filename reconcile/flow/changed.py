"""What is told of accounts that changed between two snapshots: lists for a person, and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import CCCID_COLUMN
from reconcile.plan import Scope
from reconcile.report.changes import FIELDS, PERSONS, SHAPES, SYSTEMWIDE
from reconcile.words import counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.report.changes import Snapshot

# What became of the rows of a file that were not compared.
FOLDED: Final = "repeat an account of the file"
UNREAD: Final = "could not be read, or have no CCCID"
SEVERAL: Final = "have a CCCID that stands several times"
_GRAVEST: Final = ("critical", "warning")
_REVERIFIED: Final = "email_reverified"
_SHAPE_WORDS: Final = {shape: words for shape, (words, _) in SHAPES.items()}
_SCOPES: Final = {
    Scope.SYSTEMWIDE.value: "all accounts",
    Scope.DISTRICT.value: "the accounts of a district",
    Scope.OWN_APPLICATIONS.value: "the accounts of a college's own applicants",
}


def emails(
    before: pl.DataFrame, after: pl.DataFrame, changes: pl.DataFrame, hits: pl.DataFrame
) -> pl.DataFrame:
    """Follow the e-mails that had been verified and are others now."""
    schema = {"what": pl.String, "accounts": pl.Int64}
    if not {"email", "email_verified"} <= {*before.columns}:
        return pl.DataFrame(schema=schema)
    other = changes.filter((pl.col("field") == "email") & (pl.col("shape") != "written"))
    held = before.filter(pl.col("email_verified") == "true").join(other, on=CCCID_COLUMN, how="semi")
    now = after.join(held, on=CCCID_COLUMN, how="semi")
    stale = now.join(
        hits.filter(pl.col("rule_id") == _REVERIFIED), left_on=CCCID_COLUMN, right_on="key", how="semi"
    ).height
    none = now.filter((pl.col("email_verified") == "true").fill_null(value=False).not_()).height
    rows = [
        ("verified again since", now.height - stale - none),
        ("not verified today", none),
        ("still counts as verified, though not verified again", stale),
        ("changed after it had been verified", now.height),
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def for_a_person(
    hits: pl.DataFrame,
    changes: pl.DataFrame,
    compared: pl.DataFrame,
    under: pl.DataFrame,
    findings: pl.DataFrame,
) -> pl.DataFrame:
    """Gather the accounts of grave findings, the gravest first; what to do is said for the gravest rule."""
    order = {severity: at for at, severity in enumerate(_GRAVEST)}
    grave = findings.filter(pl.col("severity").is_in(_GRAVEST))
    rules = hits.join(grave, on="rule_id").with_columns(
        rank=pl.col("severity").replace_strict(order, return_dtype=pl.Int8)
    )
    one = rules.sort("key", "rank", "rule_id").group_by("key", maintain_order=True).agg(
        pl.col("severity", "what_to_do", "rank").first(),
        rules=pl.col("rule_id").str.join("; "),
        why=pl.col("message").str.join(" "),
    )  # fmt: skip
    said = changes.select(
        CCCID_COLUMN,
        changed=pl.format("{}: {}", pl.col("field").replace(FIELDS), pl.col("shape").replace(_SHAPE_WORDS)),
    )
    listed = said.group_by(CCCID_COLUMN, maintain_order=True).agg(pl.col("changed").str.join("; "))
    now = under.group_by("cccid", maintain_order=True).agg(now_under=pl.col("under").str.join("; "))
    made = one.rename({"key": CCCID_COLUMN})
    for more in (listed, compared.rename({"words": "compared"}), now):
        made = made.join(more, on=CCCID_COLUMN, how="left", maintain_order="left")
    gone = pl.col("changed").is_null()
    return (
        made.with_columns(seen=pl.when(gone).then(pl.lit("before")).otherwise(pl.lit("both")))
        .sort("rank", "rules", CCCID_COLUMN)
        .select(PERSONS)
    )


def notes_of(snapshots: Sequence[Snapshot], /, *, lacking: Sequence[str] = ()) -> tuple[str, ...]:
    """Say what has to be known beside the figures."""
    earlier, later = snapshots
    notes = []
    if lacking:
        notes.append(
            f"The snapshots do not both have {listed(lacking)}: nothing is said of changes there, and rules "
            "that look at them were not applied."
        )
    if earlier.sha256 == later.sha256:
        notes.append("Both files hold the same bytes.")
    if earlier.latest and later.latest and earlier.latest > later.latest:
        notes.append(
            f"The earlier snapshot knows of {earlier.latest}, the later one of days up to {later.latest} "
            "only: they may have been named in the wrong order, or exported in different time zones."
        )
    if earlier.scope != later.scope:
        notes.append(
            f"The earlier snapshot holds {_SCOPES[earlier.scope]}, the later one {_SCOPES[later.scope]}: "
            "what is in one alone says little."
        )
    elif later.scope != SYSTEMWIDE:
        notes.append(
            f"Both snapshots hold {_SCOPES[later.scope]}: an account that is in one alone may be in OpenCCC "
            "all the same."
        )
    for one, other in ((earlier, "new"), (later, "vanished")):
        if lost := one.rows.get(UNREAD, 0):
            notes.append(
                f"{counted(lost, 'row')} of {one.name} could not be read or without a CCCID: an account "
                f"there counts as {other} where the other snapshot has it."
            )
        if one.malformed:
            notes.append(
                f"{counted(one.malformed, 'CCCID')} of {one.name} cannot be right by the format; they are "
                "compared as they stand."
            )
    return tuple(notes)
