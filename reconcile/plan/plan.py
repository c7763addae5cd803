"""Reads a plan and refuses one that contradicts itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from reconcile.columns import UseCase
from reconcile.errors import InputError, PlanError
from reconcile.plan.inputs import (
    LAYOUTS,
    places_of,
    read_input,
    read_previous,
    repeated,
    require_files,
)
from reconcile.plan.reader import Reader
from reconcile.plan.sections import (
    InputPlan,
    Issuer,
    IssuerPlan,
    MintPlan,
    MisPlan,
    Population,
    RequestPlan,
    ReviewPlan,
    Scope,
    SnapshotPlan,
    Thresholds,
)
from reconcile.plan.upkeep import RetentionPlan, WritebackPlan, read_retention, read_writeback
from reconcile.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

_CCCID: Final = re.compile(r"[A-HJ-NP-Z]{3}(?!0000)[0-9]{4}")
_SERVER: Final = re.compile(r"postgresql(\+psycopg)?://")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._-]{1,40}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SQLITE: Final = "sqlite:///"
_MOST_REVIEWERS: Final = 2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One reconciliation, as a TOML file describes it.

    Attributes:
        path: the plan's own file.
        text: the file's content, which a run keeps beside its outputs.
        name: what the audit is titled.
        as_of: the day for which the question is asked.
        workspace: the folder of warehouse and runs.
        registry: the absolute path of a SQLite file, or a PostgreSQL URL (which may hold a password).
        issuer: who makes new CCCIDs.
        population: whom the reconciliation is about.
        students: the extract of the SIS.
        accounts: the snapshot of OpenCCC accounts.
        mint: who proposes the batch.
        applications: the applications staging file, None without one.
        fraud: the list of CCCIDs that were reported as fraud, None without one.
        crosswalk: CCCIDs of the past, None without them.
        consent: the guardians' consent to accounts of children under 13, None without any.
        request: what the requests for new accounts have in common, None where the rows say it.
        thresholds: from which probability on a pair is linked or reviewed.
        policy: how the data dictionary's rules are applied at this college.
        mis: how the numbers are reported to MIS, None without the section.
        writeback: in which shape numbers go back to the SIS.
        retention: after how many days what was made is removed.
        review: how many people have to agree on a pair.
    """

    path: Path
    text: str = field(repr=False)
    name: str
    as_of: date
    workspace: Path
    registry: str = field(repr=False)
    issuer: IssuerPlan
    population: Population
    students: InputPlan
    accounts: SnapshotPlan
    mint: MintPlan
    applications: InputPlan | None = None
    fraud: InputPlan | None = None
    crosswalk: InputPlan | None = None
    consent: InputPlan | None = None
    request: RequestPlan | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    policy: Policy = field(default_factory=Policy)
    mis: MisPlan | None = None
    writeback: WritebackPlan = field(default_factory=WritebackPlan)
    retention: RetentionPlan = field(default_factory=RetentionPlan)
    review: ReviewPlan = field(default_factory=ReviewPlan)

    @property
    def runs(self) -> Path:
        """The folder that gets one new folder a run."""
        return self.workspace / "runs"

    @property
    def inputs(self) -> dict[str, InputPlan]:
        """The inputs that the plan names, by their section."""
        return {name: given for name in LAYOUTS if (given := getattr(self, name)) is not None}

    @property
    def read_in_all(self) -> dict[str, InputPlan]:
        """The inputs and the earlier snapshot, by the section that describes each."""
        previous = self.accounts.previous
        return self.inputs if previous is None else self.inputs | {"accounts.previous": previous}

    @classmethod
    def read(cls, path: str | Path, /, *, files: bool = True) -> Self:
        """Read a plan.

        Args:
            path: the TOML file.
            files: require that the inputs are there; an approver needs none of them.

        Raises:
            InputError: there is no such file, or it is no UTF-8 text.
            PlanError: it is no TOML, or breaks the rules; every problem is named, sorted.
        """
        path = Path(path).expanduser().resolve()
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            raise InputError(
                f"{path} {what}; a plan is a TOML file. `reconcile plan new` writes one to edit."
            )
        text = _decode(path.read_bytes())
        if text is None:
            raise InputError(f"{path} is not UTF-8 text. Save it again with the encoding UTF-8.")
        return cls.parse(text, path=path, files=files)

    @classmethod
    def parse(cls, text: str, /, *, path: Path, files: bool = True) -> Self:
        """Make a plan of TOML text as if it stood in the file `path`.

        Raises:
            PlanError: it is no TOML, or breaks the rules; every problem is named, sorted.
        """
        reader = Reader(text, path)
        plan = cls(
            path=path,
            text=text,
            name=reader.text("reconciliation", "name"),
            as_of=reader.day("reconciliation", "as_of"),
            workspace=reader.place("reconciliation", "workspace", default="workspace"),
            registry=_registry(reader),
            issuer=_issuer(reader),
            population=_population(reader),
            students=read_input(reader, "students"),
            accounts=_accounts(reader),
            applications=_optional(reader, "applications"),
            fraud=_optional(reader, "fraud"),
            crosswalk=_optional(reader, "crosswalk"),
            consent=_optional(reader, "consent"),
            thresholds=_thresholds(reader),
            mint=_mint(reader),
            mis=_mis(reader) if reader.has("mis") else None,
            request=_request(reader) if reader.has("request") else None,
            writeback=read_writeback(reader),
            retention=read_retention(reader),
            review=_review(reader),
        )
        plan = replace(plan, policy=_policy(reader, plan))
        if files:
            _require_files(plan, reader)
        doubled = repeated(places_of(plan.inputs, plan.accounts.previous, reader), reader.faulty)
        problems = sorted({*reader.problems(), *_contradictions(plan, reader.faulty), *doubled})
        if problems:
            count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
            raise PlanError("\n  ".join((f"{path} cannot be used, {count}:", *problems)))
        return plan

    @staticmethod
    def template() -> str:
        """Give the commented plan that `reconcile plan new` writes."""
        return Path(__file__).with_name("template.toml").read_text(encoding="utf-8")


def _decode(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")  # Windows' Notepad likes to put a mark in front
    except UnicodeDecodeError:
        return None


def _registry(reader: Reader) -> str:
    url = reader.text("registry", "url", default="registry.sqlite")
    if _SERVER.match(url):
        return url
    place = url.removeprefix(_SQLITE)
    if "://" in place:  # the URL itself stays unsaid, it may hold a password
        reader.fault(
            "registry", "url", "another kind of URL was found; a path or postgresql://... is needed."
        )
    path = reader.resolve(place)
    if path.is_dir():
        reader.fault("registry", "url", f"{path} is a folder; name a file in it.")
    return str(path)


def _issuer(reader: Reader) -> IssuerPlan:
    kind = reader.one_of("issuer", "kind", list(Issuer))
    span = reader.texts("issuer", "range", required=False)
    if span and not (len(span) == 2 and all(_CCCID.fullmatch(end) for end in span) and span[0] <= span[1]):  # noqa: PLR2004 - first and last
        reader.fault(
            "issuer", "range", 'first and last CCCID are needed, such as ["ZAA0001", "ZZZ9999"], in order.'
        )
        span = ()
    ends = (span[0], span[1]) if span else None
    return IssuerPlan(kind=Issuer(kind), range=ends, authority=reader.maybe_text("issuer", "authority"))


def _population(reader: Reader) -> Population:
    credit = reader.texts("population", "credit")
    for word in credit:
        if word not in {"credit", "noncredit"}:
            reader.fault("population", "credit", f'"{word}" was found; "credit" or "noncredit" is needed.')
    return Population(
        colleges=reader.texts("population", "colleges"),
        terms=reader.texts("population", "terms"),
        enrolled_only=reader.flag("population", "enrolled_only"),
        credit=credit,
        person_types=reader.texts("population", "person_types"),
    )


def _require_files(plan: Plan, reader: Reader) -> None:
    for place, given in places_of(plan.inputs, plan.accounts.previous, reader).items():
        require_files(given, place, reader)
    if plan.policy.local is not None and not plan.policy.local.is_file():
        reader.fault("rules", "local", f"{plan.policy.local} does not exist.")


def _optional(reader: Reader, section: str) -> InputPlan | None:
    return read_input(reader, section) if reader.has(section) else None


def _accounts(reader: Reader) -> SnapshotPlan:
    given = read_input(reader, "accounts")
    return SnapshotPlan(
        **{one.name: getattr(given, one.name) for one in fields(given)},
        scope=Scope(reader.one_of("accounts", "scope", list(Scope))),
        as_of=reader.day("accounts", "as_of"),
        max_age_days=reader.days("accounts", "max_age_days", default=SnapshotPlan.max_age_days),
        max_set_aside=reader.days("accounts", "max_set_aside", default=SnapshotPlan.max_set_aside),
        previous=read_previous(reader, given),
        max_changed=reader.share("accounts", "max_changed", default=SnapshotPlan.max_changed),
    )


def _thresholds(reader: Reader) -> Thresholds:
    usual, section = Thresholds(), "thresholds"
    return Thresholds(
        link_probability=reader.share(section, "link_probability", default=usual.link_probability),
        review_probability=reader.share(section, "review_probability", default=usual.review_probability),
        recoverable_needs_independent_field=reader.flag(
            section,
            "recoverable_needs_independent_field",
            default=usual.recoverable_needs_independent_field,
        ),
        pending_load_days=reader.days(section, "pending_load_days", default=usual.pending_load_days),
    )


def _review(reader: Reader) -> ReviewPlan:
    reviewers = reader.count("review", "reviewers") or ReviewPlan.reviewers
    if reviewers > _MOST_REVIEWERS:
        reader.fault("review", "reviewers", f"{reviewers} was found; 1 or {_MOST_REVIEWERS} is needed.")
    return ReviewPlan(reviewers=reviewers)


def _mint(reader: Reader) -> MintPlan:
    return MintPlan(
        proposer=reader.text("mint", "proposer"),
        upload_holds=reader.texts("mint", "upload_holds", required=False),
        attested_by=reader.maybe_text("mint", "attested_by"),
        attested_authority=reader.maybe_text("mint", "attested_authority"),
        attested_on=reader.maybe_day("mint", "attested_on"),
        mailbox=_mailbox(reader),
        mailbox_verified_on=reader.maybe_day("mint", "mailbox_verified_on"),
    )


def _mis(reader: Reader) -> MisPlan:
    submitted = reader.places("mis", "submitted", required=False)
    terms = reader.values("mis", "terms")
    for term, code in terms.items():
        if not isinstance(code, str):
            reader.fault("mis", "terms", f'{term}: a text between quotes is needed, such as "267".')
    return MisPlan(
        missing=reader.text("mis", "missing"),
        terms=MappingProxyType({term: str(code) for term, code in terms.items()}),
        submitted=(submitted,) if isinstance(submitted, Path) else submitted or (),
        identifiers=reader.maybe_place("mis", "identifiers"),
    )


def _request(reader: Reader) -> RequestPlan:
    return RequestPlan(
        use_case=UseCase(reader.one_of("request", "use_case", list(UseCase))),
        cannot_self_serve=reader.text("request", "cannot_self_serve"),
        identity_check=reader.text("request", "identity_check"),
        proxy_application=reader.flag("request", "proxy_application", default=False),
    )


def _mailbox(reader: Reader) -> str | None:
    given = reader.maybe_text("mint", "mailbox")
    if given and not _ADDRESS.fullmatch(given):
        reader.fault(
            "mint", "mailbox",
            "an address of the college such as accounts@college.edu is needed, without a plus sign: each "
            "student's id is added behind one.",
        )  # fmt: skip
    return given


def _policy(reader: Reader, plan: Plan) -> Policy:
    local = reader.maybe_place("rules", "local")
    return Policy(
        wide_cccid=reader.flag("rules", "wide_cccid", default=False),
        mailbox=plan.mint.mailbox is not None,
        systemwide=plan.accounts.scope is Scope.SYSTEMWIDE,
        local=local,
        at_most=MappingProxyType(reader.numbers("rules", "at_most")),
    )


def _contradictions(plan: Plan, faulty: set[tuple[str, str]]) -> Iterator[str]:
    """Name keys that do not go together; keys that are faulty by themselves are left out."""

    def sound(*keys: tuple[str, str]) -> bool:
        return not faulty.intersection(keys)

    if sound(("issuer", "kind"), ("issuer", "range")):
        yield from _issuing(plan, scoped=sound(("accounts", "scope")))
    if sound(("accounts", "as_of"), ("reconciliation", "as_of")) and plan.accounts.as_of > plan.as_of:
        yield (
            f"[accounts] as_of: the snapshot is of {plan.accounts.as_of}, after the plan's own day "
            f"{plan.as_of} in [reconciliation] as_of. Correct one of them."
        )
    limits = plan.thresholds
    if limits.review_probability > limits.link_probability:
        yield (
            f"[thresholds] review_probability: {limits.review_probability} is above link_probability "
            f"{limits.link_probability}; pairs between the two are reviewed, so it cannot be."
        )
    if sound(("registry", "url")) and not _SERVER.match(plan.registry):
        yield from _registry_place(plan)
    attested = (plan.mint.attested_by, plan.mint.attested_authority, plan.mint.attested_on)
    if any(attested) and not all(attested):
        yield "[mint] attested_by: it goes with attested_authority and attested_on; one is missing."


def _issuing(plan: Plan, *, scoped: bool) -> Iterator[str]:
    issuer = plan.issuer
    if issuer.kind is Issuer.OPENCCC and (issuer.range or issuer.authority):
        key = "range" if issuer.range else "authority"
        yield f'[issuer] {key}: with kind = "openccc" OpenCCC chooses the numbers; leave this key out.'
    if issuer.kind is Issuer.REGISTRY:
        for key in ("range", "authority"):
            if not getattr(issuer, key):
                yield (
                    f'[issuer] {key}: is missing; with kind = "registry" the toolkit mints, '
                    "only from a range that a named authority allotted."
                )
    if scoped and issuer.kind is not Issuer.OPENCCC and plan.accounts.scope is not Scope.SYSTEMWIDE:
        yield (
            f'[issuer] kind: "{issuer.kind}" does not go with [accounts] scope = "{plan.accounts.scope}": '
            "below systemwide an absent account can only be created by the OpenCCC hand-over, which looks "
            'again. Set kind = "openccc", or take a systemwide snapshot.'
        )


def _registry_place(plan: Plan) -> Iterator[str]:
    if Path(plan.registry).is_relative_to(plan.runs):
        yield (
            f"[registry] url: {plan.registry} is in the folder of outputs {plan.runs}; "
            "what must never be lost stands elsewhere, by default beside the plan."
        )
