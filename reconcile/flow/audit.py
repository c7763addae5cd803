"""The audit of students without a CCCID: a run's facts, and what was approved and decided since."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import InputError, OutputError
from reconcile.exports import write_book
from reconcile.files import write_private
from reconcile.flow.disclosed import has_registry, note_disclosed
from reconcile.flow.latest import last_folder, read_run
from reconcile.flow.looked_into import look_into, with_columns
from reconcile.flow.restored import restore
from reconcile.flow.run import silent
from reconcile.html import element
from reconcile.registry.disclosures import AUDIT
from reconcile.report.audit import audit_html
from reconcile.report.audit_book import STUDENTS, audit_pages
from reconcile.report.equation import equation, proof
from reconcile.report.missing import WHY_WORDS, missing
from reconcile.report.published import published_html, published_pages, published_tables
from reconcile.report.trend import trend_chart
from reconcile.report.where import where_chart
from reconcile.show import Listing, Sheet, Shown
from reconcile.words import GROUPS, Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from reconcile.plan import Plan
    from reconcile.report.chart import Drawing
    from reconcile.report.equation import Equation
    from reconcile.report.evidence import Evidence
    from reconcile.report.missing import Missing
    from reconcile.results import Reconciliation

FORMS: Final = (".html", ".xlsx")
_SHOWN: Final = 60  # rows of a table in a notebook


@dataclass(frozen=True, kw_only=True, repr=False)
class Audit(Shown):
    """An audit, to look at in a notebook and to write.

    Attributes:
        plan: whose students.
        run: the facts of the run.
        evidence: what is known beside it.
        by: columns of the extract that students are counted by.
    """

    plan: Plan = field(repr=False)
    run: Reconciliation = field(repr=False)
    evidence: Evidence = field(repr=False)
    by: tuple[str, ...] = ()

    @cached_property
    def missing(self) -> Missing:
        """The students without a usable CCCID, counted."""
        return missing(self.run.students, by=self.by)

    @cached_property
    def equation(self) -> Equation:
        """The rows of the run."""
        return equation(self.run)

    @property
    def reasons(self) -> Listing:
        """Why students have no usable CCCID, and what comes next."""
        words = {why.value: text for why, text in WHY_WORDS.items()}
        frame = self.missing.reasons.select(
            pl.col("why").replace_strict(words, return_dtype=pl.String),
            "students",
            *(
                pl.col(group.value).alias(GROUPS[group].title.lower())
                for group in (Group.WRITE, Group.PERSON, Group.DATA)
            ),
        )
        return _listing(frame, "Why students have no usable CCCID", "reason")

    @property
    def proof(self) -> Listing:
        """The row equation in numbers."""
        lines = [(line.what, line.total, line.terms) for line in proof(self.equation, self.missing)]
        kinds = {"figure": pl.String, "count": pl.Int64, "is the sum of": pl.String}
        return _listing(pl.DataFrame(lines, schema=kinds, orient="row"), "Every row is accounted for", "line")

    @property
    def places(self) -> list[Drawing]:
        """A chart for each dimension."""
        return [where_chart(one) for one in self.missing.by]

    @property
    def trend(self) -> Drawing:
        """Earlier runs beside this one."""
        return trend_chart(self.evidence.runs)

    @property
    def approvals(self) -> Listing:
        """Who proposed and who approved what."""
        note = " ".join((self.evidence.registry, *self.evidence.told)).replace("`", "")
        days = [pl.col(name).str.head(10) for name in ("proposed_at", "approved_at")]
        return _listing(self.evidence.batches.with_columns(days), "Who approved what", "batch", note=note)

    @property
    def quality(self) -> Listing | Drawing:
        """How good the links are, as far as people have looked; before that, what is missing."""
        said = self.evidence.verdict.replace("`", "")
        if self.evidence.enough and self.evidence.measures.height:
            return _listing(self.evidence.measures, "Quality of the links", "measure", note=said)
        from reconcile.report.chart import Drawing  # noqa: PLC0415 - only here

        return Drawing(spoken=said, html=element("p", said))

    @property
    def for_publication(self) -> list[Listing]:
        """The tables that may be published."""
        return [
            _listing(table, "For publication", "line") for table in published_tables(self.missing).values()
        ]

    def html(self) -> str:
        """Give the page."""
        return audit_html(self.run, equation=self.equation, evidence=self.evidence, by=self.by)

    def write(self, file: Path, /, *, publish: bool = False) -> Path:
        """Write the audit as a page or a workbook, readable by its owner only.

        Args:
            file: ends in .html or .xlsx; the workbook has one row a student, by SIS id.
            publish: leave out numbers under ten and what gives them back, ids, and names of staff.

        Raises:
            InputError: the file has another ending.
            OutputError: there is such a file.
            RegistryError: the registry refuses to note who got the workbook.
        """
        require_form(file)
        if file.exists():
            raise OutputError(f"{file} exists already and is not overwritten. Name another file.")
        if publish:
            return self._published(file)
        if file.suffix.lower() == ".html":
            return write_private(file, self.html())
        pages = audit_pages(self.run, equation=self.equation, missing=self.missing, evidence=self.evidence)
        write_book(file, pages)
        if has_registry(self.plan):
            note_disclosed(self.plan, AUDIT, file, columns=STUDENTS, people=self.missing.without)
        return file

    def _published(self, file: Path) -> Path:
        if file.suffix.lower() == ".html":
            return write_private(file, published_html(self.run, self.missing))
        return write_book(file, published_pages(self.run, self.missing))

    @property
    def summary(self) -> pl.DataFrame:
        """The figures of the first screen: what, students."""
        made = self.missing
        rows = [
            ("students in scope", self.equation.in_scope),
            ("with a CCCID that is theirs", made.usable),
            ("without a CCCID", made.absent),
            ("with one that is wrong or cannot be used", made.unusable),
            *(
                (f"of those without a usable one: {GROUPS[group].title.lower()}", count)
                for group in (Group.WRITE, Group.PERSON, Group.DATA)
                for count in [int(made.reasons[group.value].sum())]
            ),
        ]
        return pl.DataFrame(rows, schema={"what": pl.String, "students": pl.Int64}, orient="row")

    def _sheet(self) -> Sheet:
        note = f"{self.run.title}, as of {self.run.as_of}, run of {self.run.stamp}."
        return Sheet(frame=self.summary, title="Audit of students without a CCCID", note=note, unit="line")


def audit(
    plan: Plan,
    /,
    *,
    run: Path | None = None,
    by: Iterable[str] = (),
    at: datetime | None = None,
    progress: Callable[[str], None] = silent,
) -> Audit:
    """Audit a run of a plan: the last one, or the one in a folder; nothing is written.

    Args:
        plan: whose runs, registry and extract.
        run: the folder of a run; the last one when None.
        by: columns of the extract to count students by, beside college, term, credit, program and dual
            enrollment, which are found by themselves.
        at: the moment that counts as now; the clock's when None.
        progress: told the name of each step as it begins.

    Raises:
        InputError: no such run, one of an earlier version or changed since; or a column is not there, or is
            refused because it speaks of citizenship, SSNs, homelessness, incarceration or one person.
        ConservationError: figures do not add up.
        RegistryError: the registry cannot be opened.
    """
    progress("Read the run's folder")
    done = read_run(run or last_folder(plan))
    facts = restore(done)
    progress("Look for columns of the extract")
    students, added, told = with_columns(plan, done, facts.students, by)
    wanted = plan.population.terms
    if wanted:  # a student of the plan's term may have others too
        of_plan = pl.col("terms").list.eval(pl.element().filter(pl.element().is_in(wanted)))
        students = students.with_columns(terms=of_plan)
    written = (at or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M:%S UTC")
    progress("Look into the registry and earlier runs")
    evidence = look_into(plan, done, written=written, told=told)
    made = Audit(plan=plan, run=replace(facts, students=students), evidence=evidence, by=added)
    proof(made.equation, made.missing)
    return made


def require_form(file: Path, /) -> None:
    """Refuse a file that is neither a page nor a workbook.

    Raises:
        InputError: it is neither.
    """
    if file.suffix.lower() not in FORMS:
        raise InputError(f"{file} ends neither in .html nor in .xlsx. Name a page or a workbook.")


def _listing(frame: pl.DataFrame, title: str, unit: str, *, note: str = "") -> Listing:
    sheet = Sheet(frame=frame, title=title, unit=unit, rows=_SHOWN, note=note)
    return Listing(frame=frame, sheet=sheet)
