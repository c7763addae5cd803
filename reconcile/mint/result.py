"""What OpenCCC answered to an upload, row by row: entered where it fits, shown to a person where not.

A result file speaks of exactly the rows that were uploaded. A row that nobody asked for, one that is missing
or stands there twice is no matter of taste: the file is refused and every such row is named. A number
that cannot be right (another student's, voided, or inside our own range) is a conflict: it is kept and
shown, and given to nobody.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.cccid import well_formed
from reconcile.errors import InputError, IssuerError, RegistryError
from reconcile.mint.issue import give_up, held_before
from reconcile.mint.rows import KEY, hash_frame
from reconcile.mint.states import BatchState, Issuer
from reconcile.registry.canon import digest
from reconcile.registry.people import machine, require_name
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger
    from reconcile.registry.life import Answer

OUTCOMES: Final = ("created", "exists", "failed")
COLUMNS: Final = ("row", "college", "sis_id", "outcome", "cccid", "reason")
_SHOWN: Final = 5
_LATE: Final = (BatchState.DELIVERED, BatchState.LOADED)

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True, repr=False)
class Answered(Shown):
    """What a result file changed.

    Attributes:
        batch: the batch's id.
        frame: row (of the file, below its header), college, sis_id, outcome ("created", "exists", "failed",
            "conflict"), cccid, reason, new (False where the registry knew the answer already).
        waiting: rows of the upload that have no answer yet.
    """

    batch: str
    frame: pl.DataFrame
    waiting: int

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome."""
        found = Counter(self.frame["outcome"].to_list())
        return {name: found.get(name, 0) for name in (*OUTCOMES, "conflict")}

    @property
    def conflicts(self) -> pl.DataFrame:
        """The rows that a person has to look at: row, college, sis_id, reason."""
        return self.frame.filter(pl.col("outcome") == "conflict").select("row", "college", "sis_id", "reason")

    def _sheet(self) -> Sheet:
        told = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        counts = pl.DataFrame({"answer": list(self.counts), "rows": list(self.counts.values())})
        conflicts = Sheet(frame=self.conflicts, title="Answers that cannot be right")
        return Sheet(
            frame=counts,
            title=f"Batch {self.batch}: {told}",
            below=(conflicts,) if self.conflicts.height else (),
            note=f"{self.waiting:,} rows of the upload wait for an answer.",
        )


def enter_result(
    registry: Registry,
    batch_id: str,
    rows: pl.DataFrame,
    /,
    *,
    by: str,
    file: str,
    file_hash: str = "",
    partial: bool = False,
    wide: bool = False,
    at: datetime | None = None,
) -> Answered:
    """Enter OpenCCC's answers: numbers for the students, failures for whoever mends them.

    Entering the same file again changes nothing. Another answer to a row that failed, or that was a conflict,
    takes its place; a number that was entered is not changed by a file.

    Args:
        registry: where the batch is kept.
        batch_id: a batch that was handed over.
        rows: row (of the file, below its header), college (null: the batch's only one), sis_id, outcome
            ("created", "exists", "failed"), cccid, reason.
        by: who enters it.
        file: what the file is called, for messages.
        file_hash: of its bytes, for the log.
        partial: allow that rows of the upload are missing; they go on waiting.
        wide: take the future's form of CCCIDs too, where the plan says so ([rules] wide_cccid).
        at: when; now when None.

    Raises:
        InputError: rows are unknown, missing or repeated, or say what cannot be; all are named.
        IssuerError: the batch's numbers are issued here.
        RegistryError: no such batch, or it was not handed over.
    """
    require_name(by, "A result needs the name of who enters it")

    def work(ledger: Ledger) -> Answered:
        row = _handed_over(ledger, batch_id)
        asked = {row[:2]: row[2] for row in ledger.rows(batch_id).iter_rows() if row[2] != "recover"}
        known = ledger.life.answers(batch_id)
        given = _in_form(rows, asked)
        problems = [*_malformed(given, wide=wide), *_strangers(given, asked), *_repeated(given)]
        problems += [] if partial else _missing(given, set(awaited(ledger, batch_id).iter_rows()), asked)
        problems += _changed(given, known)
        if problems:
            raise InputError(
                f"{file} is no result of batch {batch_id} as it stands: {'; '.join(problems)}. Rows "
                "count from 1, without the header. Correct the file, or put its words into the mapping, and "
                "enter it again; nothing was entered."
            )
        return _enter(ledger, row, given, known, asked, by=by, file_hash=file_hash)

    return registry.write(work, at=at)


def _handed_over(ledger: Ledger, batch_id: str) -> dict[str, Any]:
    row = ledger.batch(batch_id)
    if row is None:
        raise RegistryError(f"There is no batch {batch_id} in this registry. Check the id and the registry.")
    if row["issuer"] != Issuer.OPENCCC:
        raise IssuerError(f"The numbers of batch {batch_id} are issued here; no result file belongs to it.")
    if row["state"] not in (BatchState.HANDED_OVER, *_LATE):
        raise RegistryError(
            f"Batch {batch_id} is {row['state']}; a result is read only when it was handed over to OpenCCC."
        )
    return row


def _in_form(rows: pl.DataFrame, asked: dict[Key, str]) -> list[dict[str, Any]]:
    """Trim, and fill in the college where a batch has only one."""
    colleges = {college for college, _ in asked}
    only = next(iter(colleges)) if len(colleges) == 1 else None
    table = rows.select(COLUMNS).with_columns(
        pl.col("college", "sis_id", "outcome", "cccid", "reason").cast(pl.String).str.strip_chars()
    )
    given = list(table.iter_rows(named=True))
    for row in given:
        row["college"] = row["college"] or only
    return given


def _malformed(given: list[dict[str, Any]], *, wide: bool) -> Iterator[str]:
    numbers = pl.Series([row["cccid"] for row in given], dtype=pl.String)
    fine = numbers.to_frame("n").select(well_formed(pl.col("n"), wide=wide)).to_series().to_list()
    faults: dict[str, list[int]] = {}
    for row, formed in zip(given, fine, strict=True):
        if not row["sis_id"] or not row["college"]:
            faults.setdefault("no student is named (college and SIS id)", []).append(row["row"])
        elif row["outcome"] not in OUTCOMES:
            faults.setdefault(
                "what became of the row is said by a word that the mapping does not have", []
            ).append(row["row"])
        elif row["outcome"] != "failed" and not formed:
            faults.setdefault("there is no well-formed CCCID although the row did not fail", []).append(
                row["row"]
            )
        elif row["outcome"] == "failed" and row["cccid"]:
            faults.setdefault("a row failed and names a CCCID all the same", []).append(row["row"])
    for text, lines in faults.items():
        yield f"{text} ({_lines(lines)})"


def _strangers(given: list[dict[str, Any]], asked: dict[Key, str]) -> Iterator[str]:
    bare = Counter((college, sis_id.lstrip("0")) for college, sis_id in asked)
    unknown = [row for row in given if row["sis_id"] and row["college"] and _key(row) not in asked]
    if unknown:
        text = f"{_lines([row['row'] for row in unknown])}: nobody asked for this student in the batch"
        shortened = [row for row in unknown if bare[row["college"], row["sis_id"].lstrip("0")] == 1]
        if shortened:
            text += (
                f" ({len(shortened):,} of them would fit if leading zeros were lost; save the file with "
                "the column "
                "as text)"
            )
        yield text


def _repeated(given: list[dict[str, Any]]) -> Iterator[str]:
    students: dict[Key, list[int]] = {}
    numbers: dict[str, list[int]] = {}
    for row in given:
        students.setdefault(_key(row), []).append(row["row"])
        if row["cccid"]:
            numbers.setdefault(row["cccid"], []).append(row["row"])
    twice = [lines for lines in students.values() if len(lines) > 1]
    if twice:
        yield f"a student stands in several rows ({_groups(twice)})"
    shared = [lines for cccid, lines in numbers.items() if len(lines) > 1]
    if shared:
        yield f"one CCCID is given to several students ({_groups(shared)})"


def awaited(ledger: Ledger, batch_id: str, /) -> pl.DataFrame:
    """Name the students of an upload whose answer is still to come; not those who got a number elsewhere.

    Columns: college, sis_id, in request-key order.
    """
    schema = dict.fromkeys(KEY, pl.String)
    answered = pl.DataFrame(list(ledger.life.answers(batch_id)), schema=schema, orient="row")
    held = held_before(ledger, batch_id).rename({"mis_code": "college"})
    asked = ledger.rows(batch_id).filter(pl.col("kind") != "recover").rename({"mis_code": "college"})
    rows = asked.select(KEY).join(answered, on=KEY, how="anti", maintain_order="left")
    return rows.join(held, on=KEY, how="anti", maintain_order="left")


def _missing(given: list[dict[str, Any]], waiting: set[Key], asked: dict[Key, str]) -> Iterator[str]:
    there = {_key(row) for row in given}
    gone = [place for place, key in enumerate(asked, 1) if key in waiting - there]
    if gone:
        shown = ", ".join(map(str, gone[:_SHOWN]))
        yield (
            f"{len(gone):,} rows of the upload have no answer (row "
            f"{shown}{', ...' if len(gone) > _SHOWN else ''} "
            "of the upload file, not counting its header); enter the file as partial if the rest is to come"
        )


def _changed(given: list[dict[str, Any]], known: dict[Key, Answer]) -> Iterator[str]:
    """Name rows that say something else than what was entered before; failures and conflicts may change."""
    lines = [
        row["row"]
        for row in given
        if (old := known.get(_key(row))) is not None
        and old.outcome in {"created", "exists"}
        and (old.outcome, old.cccid) != (row["outcome"], row["cccid"])
    ]
    if lines:
        yield (
            f"{_lines(lines)}: an earlier result gave this student another answer; void the number that is "
            "wrong (`reconcile registry void`) instead of changing the file"
        )


def _enter(
    ledger: Ledger,
    row: dict[str, Any],
    given: list[dict[str, Any]],
    known: dict[Key, Answer],
    asked: dict[Key, str],
    *,
    by: str,
    file_hash: str,
) -> Answered:
    from reconcile.registry.ledger import place_of  # noqa: PLC0415 - brings SQLAlchemy
    from reconcile.registry.life import Answer  # noqa: PLC0415

    batch_id = row["id"]
    conflicts = _conflicts(ledger, batch_id, given, known)
    held = _numbers_of(ledger, batch_id)
    answers, fresh, shown = [], [], []
    for one in given:
        key = _key(one)
        outcome, reason = one["outcome"], one["reason"]
        if key in conflicts:
            outcome, reason = "conflict", conflicts[key]
        answer = Answer(*key, outcome, one["cccid"], reason)
        old = known.get(key)
        new = old is None or (old.outcome, old.cccid) != (answer.outcome, answer.cccid)
        shown.append((one["row"], *key, outcome, one["cccid"], reason, new))
        answers.append(answer)
        if new:
            fresh.append(answer)
    if fresh:
        issues = [
            (a.mis_code, a.sis_id, place_of(a.cccid or ""), a.cccid or "", _KINDS[a.outcome])
            for a in fresh
            if a.outcome in _KINDS and held.get((a.mis_code, a.sis_id)) != a.cccid
        ]
        instead = {issue[:2]: issue[3] for issue in issues if asked[issue[:2]] == "replace"}
        give_up(ledger, row, row["approver"] or "", instead)
        ledger.issue(issues, batch_id)
        ledger.life.see([place_of(a.cccid) for a in fresh if a.cccid])
        every = ledger.life.numbers(batch_id).drop("state")
        audit = ledger.log(
            "answered", batch_id, who=by, machine=machine(), file=file_hash, answers=len(fresh),
            issued=len(issues), conflicts=sum(a.outcome == "conflict" for a in fresh),
            hash=digest([list(answer) for answer in fresh]), issued_hash=hash_frame(every),
        )  # fmt: skip
        ledger.life.add_answers(batch_id, fresh, audit=audit)
        if row["state"] in _LATE and issues:
            ledger.life.move(batch_id, row["state"])
    names = dict.fromkeys(COLUMNS, pl.String) | {"row": pl.Int64, "new": pl.Boolean}
    waiting = awaited(ledger, batch_id).height
    return Answered(batch=batch_id, frame=pl.DataFrame(shown, schema=names, orient="row"), waiting=waiting)


_KINDS: Final = {"created": "mint", "exists": "recover"}


def _conflicts(
    ledger: Ledger, batch_id: str, given: list[dict[str, Any]], known: dict[Key, Answer]
) -> dict[Key, str]:
    """Say which answers cannot be right, by request key; the words name nobody."""
    from reconcile.registry.ledger import place_of  # noqa: PLC0415 - brings SQLAlchemy

    named = {
        _key(row): place_of(row["cccid"])
        for row in given
        if row["cccid"] and getattr(known.get(_key(row)), "outcome", "") not in _KINDS
    }
    places = sorted(set(named.values()))
    voided, held = ledger.life.voided(places), ledger.life.held(places)
    ours = _numbers_of(ledger, batch_id)
    given_up = {(code, sis_id): cccid for code, sis_id, cccid, _ in ledger.life.replacements(batch_id)}
    ranges = ledger.ranges()
    found = {}
    for row in given:
        key = _key(row)
        if key not in named:
            continue
        place, created = named[key], row["outcome"] == "created"
        others = [one for one in held.get(place, ()) if one[2] != "voided" and one[:2] != key]
        if place in voided:
            found[key] = "the number was voided here and is never used again"
        elif any(code == key[0] for code, _, _ in others):
            found[key] = "another student of the college holds the number"
        elif created and others:
            found[key] = "the number is called new, and a student of another college holds it already"
        elif created and any(first <= place <= last for first, last in ranges):
            found[key] = "the number is called new, and lies in a range that this registry issues from"
        elif key in ours and ours[key] not in (row["cccid"], given_up.get(key)):
            found[key] = "the student got another number meanwhile"
        elif given_up.get(key) == row["cccid"]:
            found[key] = "the number is the one that was to be replaced"
    return found


def _numbers_of(ledger: Ledger, batch_id: str) -> dict[Key, str]:
    return {row[:2]: row[3] for row in ledger.served(batch_id).iter_rows()}


def _key(row: dict[str, Any]) -> Key:
    return row["college"] or "", row["sis_id"] or ""


def _lines(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:_SHOWN]))
    return f"row {shown}{', ...' if len(lines) > _SHOWN else ''}; {len(lines):,} in all"


def _groups(groups: list[list[int]]) -> str:
    shown = "; ".join("rows " + " and ".join(map(str, lines[:_SHOWN])) for lines in groups[:_SHOWN])
    return f"{shown}{'; ...' if len(groups) > _SHOWN else ''}"


def open_conflicts(registry: Registry, batch_id: str, /) -> pl.DataFrame:
    """List the answers to a batch that cannot be right: college, sis_id, cccid, reason."""
    answers = registry.read(lambda ledger: ledger.life.answers(batch_id))
    rows = [(a.mis_code, a.sis_id, a.cccid, a.reason) for a in answers.values() if a.outcome == "conflict"]
    schema = dict.fromkeys(("college", "sis_id", "cccid", "reason"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")
