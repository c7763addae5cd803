"""Accounts that were made on students' behalf and that nobody took over yet, oldest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.flow.reclaim import snapshot
from reconcile.mint.accounts import plain_address, same_mailbox
from reconcile.registry.canon import iso, now
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconcile.plan import Plan
    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger
    from reconcile.report.chart import Drawing

Row = dict[str, str]

_AGES: Final = (
    (7, "up to 7 days"),
    (14, "8 to 14 days"),
    (30, "15 to 30 days"),
    (90, "31 to 90 days"),
    (10_000, "more than 90 days"),
)
_PROXY: Final = "proxy_application"
_BY_PROXY: Final = {"application": "by_proxy"}
_SCHEMA: Final = dict.fromkeys(
    ("college", "sis_id", "cccid", "kept_by", "state", "credentials", "application", "made"), pl.String
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Followed(Shown):
    """Accounts made on behalf of students, and whether they are theirs by now.

    Attributes:
        frame: college, sis_id, cccid, kept_by ("registry" / "openccc"), state ("claimed", "unclaimed",
            "not_in_snapshot"), credentials ("none", "expired", "to_deliver", "delivered"; null at OpenCCC),
            application ("by_proxy" where staff submit one for the student, elsewhere), made (ISO day), days
            (its age), oldest first.
        compared: whether a snapshot said what became of the accounts at OpenCCC.
    """

    frame: pl.DataFrame
    compared: bool

    @property
    def unclaimed(self) -> pl.DataFrame:
        """The ones that are not known to be their students'."""
        return self.frame.filter(pl.col("state") != "claimed")

    @property
    def picture(self) -> Drawing:
        """How many accounts were claimed, by how old they are; those without credentials stand apart."""
        from reconcile.report.filled import draw_parts  # noqa: PLC0415 - the drawing is slow to import

        given = self.frame.filter((pl.col("state") == "claimed") | (pl.col("credentials") != "none"))
        bars: list[dict[str, Any]] = []
        begins = 0
        for ends, name in _AGES:
            some = given.filter(pl.col("days").is_between(begins, ends))
            begins = ends + 1
            if some.height:
                claimed = some.filter(pl.col("state") == "claimed").height
                label = f"{claimed:,} of {some.height:,} claimed"
                bars.append({"name": name, "share": claimed / some.height, "label": label})
        waiting = self.frame.height - given.height
        if waiting:
            bars.append({"name": "no credentials yet", "share": 0, "label": f"{waiting:,} accounts"})
        spoken = "Accounts by age: " + "; ".join(f"{bar['name']}, {bar['label']}" for bar in bars) + "."
        return draw_parts(bars, title="Claimed by their students, by the account's age", spoken=spoken)

    def _sheet(self) -> Sheet:
        claimed = self.frame.height - self.unclaimed.height
        note = f"{claimed:,} of {self.frame.height:,} were claimed."
        if not self.compared:
            note += " Accounts at OpenCCC are followed with a plan, by its snapshot."
        return Sheet(frame=self.unclaimed, title="Unclaimed accounts", note=note, unit="account")


def follow(registry: Registry, /, *, plan: Plan | None = None, at: datetime | None = None) -> Followed:
    """Say of each account that was made on a student's behalf whether it was taken over.

    Accounts of this registry say so themselves. One at OpenCCC counts as claimed when the snapshot has
    another address for it than one of the mailbox that stood in; one that was made with the student's own
    address, when that is verified.

    Args:
        registry: where the batches are kept.
        plan: whose snapshot tells about the accounts at OpenCCC; they are left out without one.
        at: the day that ages are counted to; now when None.

    Raises:
        InputError: the snapshot cannot be read.
    """
    moment = now(at)
    rows = registry.read(lambda ledger: list(_ours(ledger, iso(moment))))
    if plan is not None:
        known = {row["cccid"]: row for row in snapshot(plan).iter_rows(named=True)}
        rows += registry.read(lambda ledger: list(_elsewhere(ledger, known)))
    ages = pl.Series([(moment - datetime.fromisoformat(row["made"])).days for row in rows], dtype=pl.Int64)
    aged = pl.DataFrame(rows, schema=_SCHEMA).with_columns(pl.col("made").str.head(10), days=ages)
    return Followed(frame=aged.sort("days", "cccid", descending=[True, False]), compared=plan is not None)


def _ours(ledger: Ledger, stamp: str) -> Iterator[Row]:
    secrets = ledger.accounts.secrets()
    every = ledger.accounts.every()
    by_proxy = _by_proxy(ledger, {one["batch"] for one in every})
    for one in every:
        state = "claimed" if one["state"] == "claimed" else "unclaimed"
        secret = _credentials(secrets.get(one["cccid"]), stamp)
        own = {"kept_by": "registry", "state": state, "credentials": secret, "made": one["made_at"]}
        own |= _BY_PROXY if (one["mis_code"], one["sis_id"]) in by_proxy else {}
        yield {"college": one["mis_code"], "sis_id": one["sis_id"], "cccid": one["cccid"]} | own


def _by_proxy(ledger: Ledger, batches: set[str]) -> set[tuple[str, str]]:
    """List the students of some batches for whom staff submit an application."""
    rows = (row for one in sorted(batches) for part in ledger.parts(one) for row in part)
    return {row[:2] for row in rows if _PROXY in row[4] and json.loads(row[4]).get(_PROXY) == "true"}


def _credentials(secret: dict[str, Any] | None, stamp: str) -> str:
    if secret is None:
        return "none"
    if secret["expires"] <= stamp:
        return "expired"
    return "delivered" if secret["delivered_at"] else "to_deliver"


def _elsewhere(ledger: Ledger, known: dict[str, dict[str, Any]]) -> Iterator[Row]:
    for code, sis_id, cccid, since, payload in ledger.accounts.at_openccc():
        fields = json.loads(payload)
        asked = plain_address(fields.get("email"))
        own = {"kept_by": "openccc", "state": _state(known.get(cccid), asked), "made": since}
        own |= _BY_PROXY if fields.get(_PROXY) == "true" else {}
        yield {"college": code, "sis_id": sis_id, "cccid": cccid} | own


def _state(row: dict[str, Any] | None, asked: str | None) -> str:
    if row is None:
        return "not_in_snapshot"
    if row["email"] is None or (asked is not None and same_mailbox(row["email"], asked)):
        own = asked is not None and "+" not in asked
        return "claimed" if own and row["email_verified"] == "true" else "unclaimed"
    return "claimed"
