"""Made-up reconciliations for the tests of reports; drawn with a fixed seed, no person is in them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from reconcile.columns import Search, SisCccid, Status
from reconcile.results import BatchSummary, Input, Reconciliation, Source
from reconcile.words import wording

# status, the two facts, how many of 2,000
MIX = (
    (Status.OUT_OF_SCOPE, SisCccid.ABSENT, Search.NONE, 107),
    (Status.HELD, SisCccid.FRAUD, Search.CERTAIN, 9),
    (Status.HELD, SisCccid.ABSENT, Search.CERTAIN, 4),
    (Status.DUPLICATE_STUDENT, SisCccid.ABSENT, Search.NONE, 14),
    (Status.DUPLICATE_STUDENT, SisCccid.AGREES, Search.CERTAIN, 12),
    (Status.SHARED_CCCID, SisCccid.SHARED, Search.CERTAIN, 8),
    (Status.CONFLICT, SisCccid.OTHER_PERSON, Search.NONE, 11),
    (Status.CONFLICT, SisCccid.DOUBTFUL, Search.POSSIBLE, 17),
    (Status.SEVERAL_ACCOUNTS, SisCccid.AGREES, Search.SEVERAL, 6),
    (Status.SEVERAL_ACCOUNTS, SisCccid.ABSENT, Search.SEVERAL, 3),
    (Status.CONFIRMED, SisCccid.AGREES, Search.CERTAIN, 1371),
    (Status.UNKNOWN_CCCID, SisCccid.NOT_IN_SNAPSHOT, Search.NONE, 19),
    (Status.UNKNOWN_CCCID, SisCccid.RETIRED, Search.CERTAIN, 2),
    (Status.MALFORMED_CCCID, SisCccid.MALFORMED, Search.CERTAIN, 16),
    (Status.PENDING_LOAD, SisCccid.ABSENT, Search.CERTAIN, 5),
    (Status.RECOVERABLE, SisCccid.ABSENT, Search.CERTAIN, 120),
    (Status.REVIEW, SisCccid.ABSENT, Search.POSSIBLE, 54),
    (Status.BLOCKED, SisCccid.ABSENT, Search.NONE, 32),
    (Status.MINTABLE, SisCccid.ABSENT, Search.NONE, 190),
)


def reconciliation(*, demo: bool = True, seed: int = 7) -> Reconciliation:
    """Make a run over 2,000 students."""
    students = _students(demo, random.Random(seed))  # noqa: S311 - a test draws, nothing is secret
    return Reconciliation(
        title="Fall 2026, all colleges",
        stamp="2026-11-21T09:30:00+00:00",
        demo=demo,
        as_of=date(2026, 11, 20),
        issuer="demo" if demo else "openccc",
        population="enrolled students of colleges 891 and 892, terms 202610 and 202620, credit and noncredit",
        inputs=_inputs(),
        quarantine=pl.DataFrame(
            {
                "table": ["students", "students", "students", "accounts"],
                "line": [17, 805, 806, 12],
                "kind": ["id_missing", "id_not_unique", "id_not_unique", "stray_quote"],
                "column": ["sis_id", "sis_id", "sis_id", None],
                "message": [
                    "The id is empty.",
                    "The id stands on 2 rows (lines 805 and 806).",
                    "The id stands on 2 rows (lines 805 and 806).",
                    "A quote stands where none should; it was confined to this record.",
                ],
            }
        ),
        students=students,
        duplicates=pl.DataFrame(
            {
                "table": ["students", "accounts", "accounts"],
                "id_l": ["S10000003", "ABC0005", "ABC0001"],
                "id_r": ["S10000004", "ABC0006", "ABC0002"],
                "match_weight": [12.345678901, 8.5, 21.0],
                "match_probability": [0.99981, 0.91, 0.9999999],
                "band": ["review", "review", "link"],
                "reasons": ["agrees on last name and birthdate", "first name is a nickname", "agrees on SSN"],
            }
        ),
        crosswalk=students.filter(pl.col("cccid").is_not_null()).select(
            "sis_id",
            "cccid",
            origin=pl.lit("sis"),
            current=pl.lit("yes"),
            since=pl.lit(None, dtype=pl.String),
        ),
        findings=_findings(),
        batch=BatchSummary(
            id="B-2026-0001",
            state="minted" if demo else "submitted",
            mints=190,
            recoveries=120,
            proposer="researcher",
            approver="registrar" if demo else None,
            command="" if demo else "reconcile batch approve B-2026-0001 --registry registry.db",
        ),
        notes=(
            "The account snapshot is 41 days old; the plan allows 30. The gate stays closed.",
            "The snapshot holds own applications only: an absent account can only be created by OpenCCC.",
        ),
    )


def tiny() -> Reconciliation:
    """Make a run small enough to check by eye: one student of three statuses, nothing else."""
    whole = reconciliation(demo=False)
    students = pl.concat(
        whole.students.filter(status=status.value).head(1)
        for status in (Status.CONFIRMED, Status.RECOVERABLE, Status.OUT_OF_SCOPE)
    )
    table = next(entry for entry in whole.inputs if entry.table == "students")
    table = replace(table, source=replace(table.source, rows=4), folded=1, quarantined=0, accepted=3)
    return replace(
        whole,
        inputs=(table,),
        students=students,
        quarantine=whole.quarantine.clear(),
        duplicates=whole.duplicates.clear(),
        crosswalk=whole.crosswalk.clear(),
        findings=whole.findings.clear(),
        batch=None,
        notes=(),
    )


def _students(demo: bool, draw: random.Random) -> pl.DataFrame:
    facts = [(status, sis, search) for status, sis, search, count in MIX for _ in range(count)]
    draw.shuffle(facts)
    rows = []
    for at, (status, sis, search) in enumerate(facts):
        cccid = f"ABC{at + 1:04}"
        rows.append(
            {
                "sis_id": f"S1{at:07}",
                "status": status.value,
                "sis_cccid": sis.value,
                "search": search.value,
                "flags": ["twin", "confidential"] if at % 50 == 0 else [],
                "evidence": "agrees on first name, last name and birthdate; SSN differs",
                "action": wording(status).action,
                "cccid": None if sis is SisCccid.ABSENT else cccid,
                "proposed_cccid": cccid if status is Status.RECOVERABLE else None,
                "issued_cccid": cccid if demo and status is Status.MINTABLE else None,
                "snapshot_scope": "systemwide",
                "snapshot_as_of": "2026-11-18",
                "college": draw.choice(["891", "891", "892", None]),
                "terms": ["202610"],
                "credit": draw.choice(["true", "true", "false"]),
                "line": at + 2,
            }
        )
    return pl.DataFrame(rows, schema_overrides={"flags": pl.List(pl.String), "terms": pl.List(pl.String)})


def _inputs() -> tuple[Input, ...]:
    def made(table: str, rows: int, folded: int, quarantined: int, **more: object) -> Input:
        source = Source(
            path=Path(f"/shown/to/nobody/{table}_2026-11-20.csv"),
            sha256=(table.encode().hex() * 8)[:64],
            size=rows * 180,
            encoding="utf-8",
            dialect="comma, double quotes",
            rows=rows,
            columns=("a", "b"),
        )
        return Input(
            table=table,
            layout=str(more.pop("layout", "openccc")),
            source=source,
            folded=folded,
            quarantined=quarantined,
            accepted=rows - folded - quarantined,
            **more,  # type: ignore[arg-type]
        )

    return (
        made("students", 2241, 238, 3, layout="banner"),
        made("accounts", 8012, 0, 1, scope="own applications", as_of=date(2026, 10, 10)),
        made("applications", 2950, 0, 0),
        made("fraud", 61, 0, 0, layout="fraud"),
    )


def _findings() -> pl.DataFrame:
    rows = [
        (
            "students",
            "email_shape",
            "email",
            "critical",
            "An e-mail has one @ and a dot.",
            21,
            2000,
        ),
        ("students", "birthdate_range", "birthdate", "critical", "A birthdate lies after 1901.", 11, 2000),
        ("students", "suffix_known", "suffix", "info", "A suffix is one of Jr, Sr, II, III, IV.", 5, 2000),
        ("students", "zip_shape", "zip", "warning", "A ZIP has five digits, or nine.", 74, 2000),
        (
            "accounts",
            "cccid_shape",
            "cccid",
            "critical",
            "A CCCID is AAA0001.",
            0,
            8011,
        ),
    ]
    names = ("suite", "rule_id", "element", "severity", "message", "failures", "rows")
    return pl.DataFrame(rows, schema=names, orient="row")
