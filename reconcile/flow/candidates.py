"""One student held against all accounts of a plan's snapshot, before an account is made by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.agreement import with_agreement
from reconcile.columns import CONSENT, EARLIER, FRAUD, PERSON, SSN_DERIVED
from reconcile.errors import GateClosed
from reconcile.flow.compared import look_up
from reconcile.flow.inputs import Inputs, read_inputs
from reconcile.flow.prepared import Prepared
from reconcile.flow.requests import ATTESTATION, reachable
from reconcile.flow.run import silent
from reconcile.flow.seen import remember
from reconcile.flow.snapshot import local_day, obstacles
from reconcile.mint.asked import FIELDS, NEEDED
from reconcile.registry.people import same_person
from reconcile.review import standing
from reconcile.review.cases import Cases, Part
from reconcile.show import Sheet, Shown
from reconcile.standardize import standardize
from reconcile.validate.suite import born_13_years_before, load_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from reconcile.plan import Plan
    from reconcile.registry import Registry

# What people type, of what is kept of a person.
_PERSON: Final = tuple(name for name in PERSON if name in FIELDS)
_KEPT: Final = (*PERSON, "former_names")
_WORDS: Final = (
    (0.9, "very likely the student's"),
    (0.5, "likely the student's"),
    (0.0, "perhaps the student's"),
)
_IN_USE: Final = "An account has this address already."
_NO_ADDRESS: Final = "There is no address."
_STANDS_IN: Final = "The college's mailbox stands in until the student reclaims the account."
_OURS: Final = "of this registry; in no snapshot yet"
_AMONG: Final = 5_000  # accounts by which the rarity of a name is judged
_FAULTS: Final = dict.fromkeys(("field", "message", "severity"), pl.String)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An account that may be the student's.

    Attributes:
        cccid: its number; college/SIS id where the registry is still asked for one.
        certain: it is the student's: name, birthdate and one independent field agree, or an application of
            the SIS id names it.
        blocks: it cannot be set aside by whoever asks for an account, a reviewer decides: it is certain, or
            so likely that a run would link it.
        verdict: what it comes to, in words ("certainly the student's").
        agreement: on what the two agree, how they are alike, and where they differ; no values.
        remark: what else is known of it; empty without.
        lines: field by field, as the review panel shows a pair: name, sides (pieces of text and whether they
            differ, a mask), words, bits. Holds names and birthdates.
        ours: the registry issued it, or is asked to, and no snapshot has it yet.
    """

    cccid: str
    certain: bool
    blocks: bool
    verdict: str
    agreement: str
    remark: str = ""
    lines: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    ours: bool = False

    @property
    def side_by_side(self) -> pl.DataFrame:
        """The two records, with values: field, student, account, agreement, weight (in words)."""
        rows = [
            (line["name"], *("".join(text for text, _ in side["pieces"]) for side in line["sides"]),
             line["words"], weight_words(line["bits"]))
            for line in self.lines
        ]  # fmt: skip
        names = ("field", "student", "account", "agreement", "weight")
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


@dataclass(frozen=True, kw_only=True, repr=False)
class Looked(Shown):
    """What looking for one student found; what it shows of itself holds no name and no birthdate.

    Attributes:
        fields: of the request, what the plan says of all requests filled in.
        known: whom the registry knows: college, sis_id, cccid, by.
        held: CCCIDs that the SIS holds for this SIS id.
        candidates: accounts that may be the student's, the likeliest first.
        barred: why no account may be made for this student; empty otherwise.
        faults: field, message, severity: what the dictionary says of the request.
        searched: how many accounts were looked through.
    """

    fields: Mapping[str, str | None]
    known: pl.DataFrame
    held: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    barred: str
    faults: pl.DataFrame
    searched: int

    @property
    def exists(self) -> tuple[str, ...]:
        """The numbers of accounts that are certainly the student's, or that SIS or registry hold."""
        certain = (one.cccid for one in self.candidates if one.certain)
        return tuple(dict.fromkeys((*self.held, *self.known["cccid"].drop_nulls(), *certain)))

    @property
    def settled(self) -> bool:
        """Whether nothing is created whatever anybody types: the account exists, is awaited, or is barred."""
        return bool(self.exists or self.known.height or self.barred)

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The candidates on whom whoever asks may decide; empty where something else settles it."""
        settled = self.settled or any(one.blocks for one in self.candidates)
        return () if settled else tuple(one.cccid for one in self.candidates)

    @property
    def wrong(self) -> pl.DataFrame:
        """The faults that no account is made with."""
        return self.faults.filter(pl.col("severity") == "critical")

    def _sheet(self) -> Sheet:
        rows = [(one.cccid, one.verdict, one.agreement, one.remark) for one in self.candidates]
        schema = dict.fromkeys(("account", "verdict", "evidence", "remark"), pl.String)
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        below = [
            Sheet(frame=frame_, title=title, unit=unit)
            for frame_, title, unit in (
                (self.known, "The registry knows", "record"),
                (pl.DataFrame({"cccid": self.held}), "The SIS holds", "number"),
                (self.faults, "What the dictionary says of the request", "finding"),
            )
            if frame_.height
        ]
        return Sheet(
            frame=frame,
            title="Accounts that may be the student's",
            note=f"{self.searched:,} accounts were looked through. {self.barred}".strip(),
            unit="account",
            below=tuple(below),
        )


class Lookup:
    """The accounts of a plan, read and made ready once, so that students are looked up one by one.

    Args:
        plan: its snapshot is looked through, its extract, applications and fraud list say what they know.
        progress: told the name of each step as it begins.
        at: the moment that counts as now, for the snapshot's age and for dates and ages in a request.

    Raises:
        GateClosed: the snapshot is too old or too broken to say that somebody has no account.
        InputError: an input cannot be read.
    """

    def __init__(
        self, plan: Plan, /, *, progress: Callable[[str], None] | None = None, at: datetime | None = None
    ) -> None:
        """Read the plan's inputs and prepare its accounts."""
        say = progress or silent
        inputs: Inputs = read_inputs(plan, progress=say)
        why = "; ".join(obstacles(plan, inputs, at=at))
        if why:
            raise GateClosed(f"The gate is closed: {why}. Nobody is looked up.")
        say("Prepare the accounts")
        self.plan = plan
        self._at = at
        self._inputs = inputs
        self._students, self._accounts = inputs.tables["students"], inputs.searched
        self._fraud = _numbers(
            inputs.tables.get("fraud", pl.DataFrame(schema=dict.fromkeys(FRAUD, pl.String)))
        )
        self._applied = inputs.tables.get("applications")
        self._ready = Prepared(self._accounts, id="cccid")

    def extract(self, sis_id: str, /, *, college: str | None = None) -> dict[str, str]:
        """Give what the extract has of a student, by the names of a request's fields; empty without one."""
        row = self._row(self._college(college), sis_id)
        own = {name: row[name] for name in (*_PERSON, *CONSENT) if row.get(name)}
        return {"college": str(row["college"]), "sis_id": sis_id, **own} if row else {}

    def defaults(self) -> dict[str, str]:
        """Give what the plan says of all requests, by the names of a request's fields."""
        mint, said = self.plan.mint, {"proxy_application": "false"}
        said |= {name: str(one) for name in ATTESTATION if (one := getattr(mint, name)) is not None}
        said |= self.plan.request.columns if self.plan.request is not None else {}
        college = self._college(None)
        return said | ({"college": college} if college else {})

    def born_after(self) -> str:
        """Give the birthdate after which a student is a child under 13, today where the machine stands."""
        return born_13_years_before(local_day(self._at)).isoformat()

    def of_a_child(self, fields: Mapping[str, str | None], /) -> bool:
        """Say whether the birthdate is that of a child under 13, for whom a guardian consents."""
        born = (fields.get("birthdate") or "").strip()
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", born) is not None and born > self.born_after()

    def one(self, fields: Mapping[str, str | None], /, *, registry: Registry, by: str) -> Looked:
        """Look for one student among all accounts, and in the registry.

        Args:
            fields: college, sis_id, and the fields of an account and of a request (`mint.asked.FIELDS`); what
                the extract has besides, such as the hash of an SSN, is compared too.
            registry: what it knows, and what its reviewers decided.
            by: who looks; the word of the same person as a reviewer does not count.
        """
        from reconcile.flow.single import look_up_one  # noqa: PLC0415 - it imports this module

        asked = self._filled(fields, registry)
        row = self._row(asked.get("college"), asked.get("sis_id"))
        student = self._student(fields, row)
        known = look_up_one(registry, asked | {"email": fields.get("email") or asked["email"]})
        found = (*self._candidates(student, registry, by), *self._registered(student, registry, known))
        return Looked(
            fields=MappingProxyType(asked),
            known=known,
            held=tuple(row.get("cccids") or ()) + tuple(row.get("future_cccids") or ()),
            candidates=found,
            barred=self._barred(row),
            faults=self._faults(asked, registry, typed=fields.get("email")),
            searched=self._ready.accounts,
        )

    def remember(self, registry: Registry, /, *, at: datetime | None = None) -> None:
        """Tell a registry which numbers the plan's files hold, so that it issues none of them again."""
        remember(self.plan, self._inputs, look_up(self._inputs), registry, at=at)

    def _college(self, college: str | None) -> str | None:
        only = self.plan.population.colleges
        return college or (only[0] if len(only) == 1 else None)

    def _filled(self, fields: Mapping[str, str | None], registry: Registry) -> dict[str, str | None]:
        """Fill in what the plan says of all requests, and the mailbox where no address is usable."""
        asked: dict[str, str | None] = {**dict.fromkeys(FIELDS), **self.defaults()}
        asked |= {name: text for name in FIELDS if (text := (fields.get(name) or "").strip())}
        table = pl.DataFrame([{"kind": "mint", **asked}], schema=dict.fromkeys(("kind", *asked), pl.String))
        made = reachable(table, self.plan, self._accounts, registry)
        return {name: made[name][0] for name in (*FIELDS, "email_in_use")}

    def _row(self, college: str | None, sis_id: str | None) -> dict[str, Any]:
        """The extract's row of a student; empty where it has none."""
        own = self._students.filter(sis_id=sis_id or "", college=college or "")
        return own.row(0, named=True) if own.height else {}

    def _student(self, typed: Mapping[str, str | None], own: Mapping[str, Any]) -> pl.DataFrame:
        """Lay what was typed over what the extract has of the same student, ready to be compared."""
        given: dict[str, Any] = {name: text for name in _PERSON if (text := (typed.get(name) or "").strip())}
        kept = [name for name in _KEPT if name in self._students.columns]
        row: dict[str, Any] = {name: own.get(name) for name in (*_PERSON, *kept)}
        row |= given | {"sis_id": typed.get("sis_id") or "new"}
        types = {name: self._students.schema.get(name, pl.String) for name in row}
        return standardize(pl.DataFrame([row], schema=types), id="sis_id").frame

    def _candidates(self, student: pl.DataFrame, registry: Registry, by: str) -> Iterator[Candidate]:
        limits = self.plan.thresholds
        pairs = self._ready.find(student, id="sis_id").pairs
        named = self._named(student["sis_id"][0])
        worth = (pl.col("match_probability") >= limits.review_probability) | (pl.col("band") != "none")
        found = pairs.filter(worth | pl.col("id_r").is_in(named))
        told = with_agreement(found.with_columns(pl.col("band", "guard").cast(pl.String)))
        theirs = self._accounts.filter(pl.col("cccid").is_in(found["id_r"].implode()))
        cases = Cases([Part(pairs=found, left=student, right=theirs, id=("sis_id", "cccid"))])
        apart = self._apart(student, theirs, registry, by)
        for at, row in enumerate(told.iter_rows(named=True)):
            number = row["id_r"]
            linked = row["match_probability"] >= limits.link_probability and row["guard"] is None
            told_by = row["independent"] or not limits.recoverable_needs_independent_field
            free = number in apart or number in self._fraud
            sure = not free and (number in named or (linked and told_by))
            yield Candidate(
                cccid=number,
                certain=sure,
                blocks=sure or (linked and number not in apart),
                verdict="certainly the student's" if sure else _verdict(row["match_probability"]),
                agreement=row["words"],
                remark=self._remark(row, named, apart),
                lines=tuple(cases.shown(at)["lines"]),
            )
        for number in named:
            if number not in found["id_r"].to_list():
                yield Candidate(
                    cccid=number, certain=True, blocks=True, verdict="certainly the student's", agreement="",
                    remark="an application of this SIS id names it; the snapshot does not compare",
                )  # fmt: skip

    def _registered(
        self, student: pl.DataFrame, registry: Registry, known: pl.DataFrame
    ) -> Iterator[Candidate]:
        """Look among those whom the registry gave a number, or is asked to, and no snapshot has yet.

        They stand among some of the accounts, so that a name is as rare as it is. None blocks: the review
        panel does not have them. Whoever asks sets them aside, and the approver sees that.
        """
        ours = _waiting(registry, known).filter(~pl.col("cccid").is_in(self._accounts["cccid"].implode()))
        if ours.is_empty():
            return
        theirs = standardize(ours, id="cccid").frame
        some = self._accounts.sample(min(self._accounts.height, _AMONG), seed=1).select(
            name for name in self._accounts.columns if name in theirs.columns
        )
        pairs = Prepared(pl.concat([theirs, some], how="diagonal_relaxed"), id="cccid").find(
            student, id="sis_id"
        ).pairs  # fmt: skip
        worth = pl.col("match_probability") >= self.plan.thresholds.review_probability
        found = pairs.filter(
            worth | (pl.col("band") != "none"), pl.col("id_r").is_in(ours["cccid"].implode())
        )
        told = with_agreement(found.with_columns(pl.col("band", "guard").cast(pl.String)))
        cases = Cases([Part(pairs=found, left=student, right=theirs, id=("sis_id", "cccid"))])
        for at, row in enumerate(told.iter_rows(named=True)):
            yield Candidate(
                cccid=row["id_r"], certain=False, blocks=False, verdict=_verdict(row["match_probability"]),
                agreement=row["words"], remark=_OURS, lines=tuple(cases.shown(at)["lines"]), ours=True,
            )  # fmt: skip

    def _named(self, sis_id: str) -> list[str]:
        """List the accounts that applications name for a student's SIS id."""
        if self._applied is None:
            return []
        return (
            self._applied.filter(pl.col("sis_id") == sis_id)["cccid"].drop_nulls().unique().sort().to_list()
        )

    def _apart(self, student: pl.DataFrame, theirs: pl.DataFrame, registry: Registry, by: str) -> set[str]:
        """List the accounts that a reviewer, somebody else than who asks, called another person's."""
        said = registry.decisions(reviewers=self.plan.review.reviewers).filter(decision="different")
        others = [not same_person(name, by) for name in said["by"].to_list()]
        holds = standing(
            said.filter(pl.Series(others, dtype=pl.Boolean)), student, theirs, id=("sis_id", "cccid")
        )
        return set(holds.frame["id_r"].to_list())

    def _remark(self, row: Mapping[str, Any], named: list[str], apart: set[str]) -> str:
        number = row["id_r"]
        earlier = number.endswith(EARLIER)
        said = {
            "reported as fraud": number in self._fraud,
            "an application of this SIS id names it": number in named,
            "a reviewer called it another person's": number in apart,
            (row["guard"] or "").replace("_", " "): row["guard"] is not None,
            "it is gone or may be another person's since the earlier snapshot": earlier,
            "its number stands on several accounts": "#" in number and not earlier,
        }
        return "; ".join(text for text, holds in said.items() if holds)

    def _barred(self, row: Mapping[str, Any]) -> str:
        """Say why nothing may be created for a student of the extract."""
        if row.get("deceased") == "true":
            return "The SIS says that this person is deceased. No account is made."
        holds = {*(row.get("hold") or "").split()}
        if holds & {*self.plan.mint.upload_holds} if self.plan.mint.upload_holds else holds:
            return "A hold in the SIS forbids it. Clear it with the office that set it."
        return ""

    def _faults(
        self, asked: Mapping[str, str | None], registry: Registry, *, typed: str | None
    ) -> pl.DataFrame:
        """List what is wrong with a request, by field, in the dictionary's words."""
        from reconcile.flow.batches import judge_requests  # noqa: PLC0415 - Great Expectations is slow

        table = pl.DataFrame([dict(asked)], schema=dict.fromkeys(asked, pl.String))
        judged = judge_requests(registry, table, plan=self.plan, at=self._at)
        rules = load_suite("mint_request", as_of=self.plan.as_of, policy=self.plan.policy)["expectations"]
        columns = {one["meta"]["rule_id"]: one["meta"]["column"] for one in rules}
        rows = [
            (columns.get(rule), message, severity)
            for rule, message, severity in judged.failures.select("rule_id", "message", "severity")
            .cast(pl.String)
            .iter_rows()
            if columns.get(rule) not in SSN_DERIVED
        ]
        rows += [(name, words, "critical") for name, words in NEEDED.items() if not asked.get(name)]
        if ("birthdate", "critical") in {(name, severity) for name, _, severity in rows}:
            rows = [row for row in rows if row[0] not in CONSENT]  # nobody knows how old they are
        if asked["email"] != (typed or "").strip() and asked["email"]:
            rows.append(("email", f"{_IN_USE if typed else _NO_ADDRESS} {_STANDS_IN}", "info"))
        order = pl.col("field").replace_strict({n: at for at, n in enumerate(FIELDS)}, default=len(FIELDS))
        return pl.DataFrame(rows, schema=_FAULTS, orient="row").unique(maintain_order=True).sort(order)


def _waiting(registry: Registry, known: pl.DataFrame) -> pl.DataFrame:
    """Give the people of the registry but those that it knows as the student; cccid, or college/SIS id."""
    from reconcile.registry.known import living  # noqa: PLC0415 - brings SQLAlchemy

    found = registry.inspect(lambda connection: living(connection, _PERSON)).filter(kind="mint")
    others = found.join(known, on=["college", "sis_id"], how="anti")
    number = pl.coalesce("cccid", pl.concat_str("college", pl.lit("/"), "sis_id"))
    return others.select(*_PERSON, cccid=number).unique("cccid", maintain_order=True)


def weight_words(bits: float | None, /) -> str:
    """Say what a field weighs.

    >>> weight_words(9.0), weight_words(-0.5), weight_words(-7.0)
    ('speaks strongly for it', 'says little', 'speaks strongly against it')
    """
    if bits is None:
        return ""
    strength = "strongly " if abs(bits) >= _STRONG else ""
    if abs(bits) < _LITTLE:
        return "says little"
    return f"speaks {strength}{'for' if bits > 0 else 'against'} it"


_LITTLE: Final = 1.0  # bits: odds of two to one
_STRONG: Final = 5.0  # odds of thirty to one


def _verdict(probability: float) -> str:
    return next(words for limit, words in _WORDS if probability >= limit)


def _numbers(table: pl.DataFrame) -> set[str]:
    return {*table["cccid"].drop_nulls().str.strip_chars().str.to_uppercase()}
