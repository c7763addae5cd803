"""What became of the accounts of one snapshot in a later one: counts, tables, a chart; nobody's data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.report.chart import FONT, Drawing, altair, drawing
from reconcile.show import Listing, Sheet, Shown
from reconcile.words import FIELD_WORDS, counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

SYSTEMWIDE: Final = "systemwide"
FIELDS: Final = {
    **{name: FIELD_WORDS.get(name, name) for name in ("first_name", "middle_name", "last_name", "birthdate")},
    **{name: FIELD_WORDS.get(name, name) for name in ("email", "phone", "ssn")},
    "email_verification": "e-mail verified",
    "phone_verification": "phone verified",
    "terms": "terms accepted",
    "identity_verification": "identity verified",
}
# What OpenCCC notes by itself is drawn apart, since it changes most often.
_NOTED: Final = ("email_verification", "phone_verification", "terms", "identity_verification")
_SHOWN: Final = 12  # accounts in a notebook
_NAMES: Final = 120  # pixels for the names of fields, the same above and below
# Told apart by words and figures too; the colours stay apart for common kinds of colour blindness.
SHAPES: Final = {
    "another": ("another value", "#c65200"),
    "near": ("nearly alike", "#0072b2"),
    "written": ("capitals, marks, blanks only", "#767676"),
    "added": ("was empty", "#00875f"),
    "gone": ("is empty now", "#a8479a"),
}
PERSONS: Final = (
    "cccid", "seen", "changed", "compared", "severity", "rules", "why", "what_to_do", "now_under",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One of the two, and what became of the rows of its file.

    Attributes:
        name: of the file.
        sha256: of its bytes.
        scope: "systemwide", "district" or "own_applications".
        as_of: the day that it was said to be of.
        latest: the last day in its columns of times.
        malformed: how many of the CCCIDs compared break the format.
        rows: of the file: what -> how many; the first is the sum of the others.
    """

    name: str
    sha256: str
    scope: str
    as_of: date | None
    latest: str | None
    malformed: int
    rows: Mapping[str, int]

    @property
    def compared(self) -> int:
        """How many accounts were compared."""
        return self.rows["compared"]


@dataclass(frozen=True, kw_only=True, repr=False)
class SnapshotChanges(Shown):
    """Two snapshots of accounts, compared; no name, birthdate or address is in it.

    Attributes:
        earlier: the one before.
        later: the one after.
        unchanged: how many accounts are alike in both.
        new: CCCIDs in the later alone.
        vanished: CCCIDs in the earlier alone.
        changes: cccid, field, shape: what changed, a row a field; see `reconcile.flow.shaped.shapes`.
        emails: what, accounts: what became of e-mails that had been verified and changed.
        findings: rule_id, severity, accounts, message, what_to_do: the rules of the suite snapshot_change
            that found something, the gravest first.
        for_a_person: accounts on which a person has to look: cccid, seen ("both" or "before"), changed,
            compared (the two rows as a pair of records), severity, rules, why, what_to_do, now_under (the
            accounts that the earlier holder has today).
        notes: what a reader must know.
    """

    earlier: Snapshot
    later: Snapshot
    unchanged: int
    new: pl.Series = field(repr=False)
    vanished: pl.Series = field(repr=False)
    changes: pl.DataFrame = field(repr=False)
    emails: pl.DataFrame = field(repr=False)
    findings: pl.DataFrame = field(repr=False)
    for_a_person: pl.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> int:
        """How many accounts are in both and differ."""
        return self.changes["cccid"].n_unique()

    @property
    def counts(self) -> pl.DataFrame:
        """What became of the accounts: what, earlier, later; the last row is the sum of each."""
        rows = [
            ("unchanged", self.unchanged, self.unchanged),
            ("changed", self.changed, self.changed),
            (self.words["vanished"], self.vanished.len(), None),
            (self.words["new"], None, self.new.len()),
            ("compared", self.earlier.compared, self.later.compared),
        ]
        schema = {"what": pl.String, "earlier": pl.Int64, "later": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def words(self) -> dict[str, str]:
        """How accounts of one snapshot alone are called: gone and new only where the other holds all."""
        gone = "vanished" if self.later.scope == SYSTEMWIDE else "not in the later, which is a part of all"
        new = "new" if self.earlier.scope == SYSTEMWIDE else "not in the earlier, which is a part of all"
        return {"vanished": gone, "new": new}

    @property
    def fields(self) -> pl.DataFrame:
        """How many accounts changed in what, by the shape of the change: field, changed, a column a shape."""
        counted_ = self.changes.group_by("field", "shape").len("accounts")
        table = counted_.pivot("shape", index="field", values="accounts")
        lacking = [pl.lit(0).alias(shape) for shape in SHAPES if shape not in table.columns]
        numbers = [pl.col(shape).fill_null(0).cast(pl.Int64) for shape in SHAPES]
        order = pl.DataFrame({"field": list(FIELDS)})
        return (
            order.join(table.with_columns(lacking), on="field", maintain_order="left")
            .with_columns(numbers)
            .select("field", pl.sum_horizontal(*SHAPES).alias("changed"), *SHAPES)
        )

    @property
    def what_changed(self) -> Listing:
        """`fields` in words, as a table that shows itself."""
        heads = {shape: words for shape, (words, _) in SHAPES.items()}
        told = self.fields.with_columns(pl.col("field").replace(FIELDS)).rename(heads)
        sheet = Sheet(frame=told, title="Accounts in both that changed", unit="field", rows=told.height)
        return Listing(frame=self.fields, sheet=sheet)

    @property
    def gravest(self) -> Listing:
        """The first accounts for a person to look at; `for_a_person` has them all."""
        told = self.for_a_person.select("cccid", "severity", "compared", "now_under")
        note = "An account without a comparison left the snapshot." if told["compared"].null_count() else ""
        sheet = Sheet(frame=told, title="Accounts to look at", note=note, unit="account", rows=_SHOWN)
        return Listing(frame=self.for_a_person, sheet=sheet)

    @property
    def to_look_at(self) -> Listing:
        """How many accounts each rule found, and what to do; `for_a_person` lists them."""
        told = self.findings.select("severity", "accounts", "message", "what_to_do")
        sheet = Sheet(frame=told, title="For a person to look at", unit="rule", rows=told.height)
        return Listing(frame=self.findings, sheet=sheet)

    @property
    def mail(self) -> Listing:
        """`emails` as a table that shows itself."""
        sheet = Sheet(
            frame=self.emails, title="E-mails that changed after they had been verified", unit="line"
        )
        return Listing(frame=self.emails, sheet=sheet)

    @property
    def chart(self) -> Drawing:
        """How many accounts changed in what; a bar a field, its parts the shapes of the change."""
        bars = self.fields.to_dicts()
        if not bars:
            return Drawing(spoken="No account in both snapshots changed.", html=_nothing())
        spoken = "; ".join(f"{FIELDS[bar['field']]} {_label(bar)}" for bar in bars)
        title = "What changed in accounts that are in both snapshots"
        return drawing(_chart(bars), title=title, spoken=f"{title}: {spoken}.")

    def _sheet(self) -> Sheet:
        rows = pl.DataFrame(
            [
                (one.name, what, count)
                for one in (self.earlier, self.later)
                for what, count in one.rows.items()
            ],
            schema={"snapshot": pl.String, "what": pl.String, "rows": pl.Int64},
            orient="row",
        )
        note = f"{counted(self.for_a_person.height, 'account')} for a person to look at."
        below = (Sheet(frame=rows, title="How the rows come about", unit="line", rows=rows.height),)
        title = f"{self.earlier.name} and {self.later.name}"
        return Sheet(
            frame=self.counts, title=title, note=" ".join((note, *self.notes)), unit="line", below=below
        )


def _nothing() -> Any:  # noqa: ANN401 - html
    from reconcile.html import element  # noqa: PLC0415 - only here

    return element("p", "No account in both snapshots changed.")


def _label(bar: Mapping[str, Any]) -> str:
    """Say a bar in figures: the sum, and its parts where there are several."""
    parts = [f"{bar[shape]:,} {words}" for shape, (words, _) in SHAPES.items() if bar[shape]]
    return parts[0] if len(parts) == 1 else f"{bar['changed']:,}: {', '.join(parts)}"


def _chart(bars: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - altair's
    alt = altair()

    groups = (
        ("The person's own", [bar for bar in bars if bar["field"] not in _NOTED]),
        ("Noted by OpenCCC, on a scale of its own", [bar for bar in bars if bar["field"] in _NOTED]),
    )
    shown = [SHAPES[shape] for shape in SHAPES if any(bar[shape] for bar in bars)]
    scale = alt.Scale(domain=[words for words, _ in shown], range=[colour for _, colour in shown])
    legend = alt.Legend(title=None, orient="bottom", symbolType="square", columns=3)
    colour = alt.Color("shape:N", scale=scale, legend=legend)
    drawn = [_bars(title, some, colour) for title, some in groups if some]
    return alt.vconcat(*drawn, spacing=14).properties(padding={"left": 8, "right": 24, "top": 2, "bottom": 2})


def _bars(title: str, bars: list[dict[str, Any]], colour: Any) -> Any:  # noqa: ANN401 - altair's
    alt = altair()

    names = [FIELDS[bar["field"]] for bar in bars]
    parts = [
        {"field": FIELDS[bar["field"]], "shape": words, "accounts": bar[shape], "order": at}
        for bar in bars
        for at, (shape, (words, _)) in enumerate(SHAPES.items())
        if bar[shape]
    ]
    ends = [
        {"field": FIELDS[bar["field"]], "accounts": bar["changed"], "label": f"{bar['changed']:,}"}
        for bar in bars
    ]
    y = alt.Y("field:N", sort=names, axis=alt.Axis(title=None, minExtent=_NAMES))
    x = alt.X("accounts:Q", axis=None, scale=alt.Scale(zero=True, nice=False))
    bar = alt.Chart(alt.InlineData(values=parts)).mark_bar(size=17)
    label = alt.Chart(alt.InlineData(values=ends)).mark_text(align="left", dx=6)
    drawn = bar.encode(y=y, x=x.stack("zero"), color=colour, order="order:Q") + label.encode(
        y=y, x=x, text="label:N"
    )
    head = alt.TitleParams(title, anchor="start", fontSize=13, color="currentColor", font=FONT, frame="group")
    return drawn.properties(width=480, height=alt.Step(25), title=head)
