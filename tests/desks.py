"""A desk for tests: a few invented people who may be one another, and a registry to decide in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from reconcile.registry import Registry
from reconcile.registry.access import Asked, ask, grant, name_first
from reconcile.review.cases import Cases, Part
from reconcile.review.session import Session

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = ("first_name", "last_name", "birthdate", "email", "phone", "street", "zip", "ssn_hmac")
_HOME = ("12 Elm St", "95814")
STUDENTS = pl.DataFrame(
    [
        ("S1", "Zythromanda", "Qarvellonix", "2001-02-03", "z@example.net", "555-0101", *_HOME, "k", []),
        ("S2", "Béatrïx", "Nuñez", "2000-05-05", None, None, *_HOME, None, []),
        ("S3", "Zythromander", "Qarvellonix", "2001-03-02", None, "5550101", *_HOME, None, ["AAA0009"]),
        ("S4", "Ann", "Lee", "1999-12-31", None, None, None, None, None, []),
        ("S5", "Zyth", "Qarvellonix", "1979-07-07", None, None, *_HOME, None, ["AAA0008"]),
    ],
    schema=["sis_id", *PEOPLE, "cccids"],
    orient="row",
)
ACCOUNTS = pl.DataFrame(
    [
        ("DEC2001", "Zythromanda", "Quarvelonix", "2001-02-03", "z@example.net", "(555) 0101", *_HOME, "k"),
        ("ABD1234", "Beatrix", "Nunez", "2000-05-05", None, None, *_HOME, None),
        ("MAR0012", "Anne", "Lee", "1999-12-31", "<b>anne</b>@example.net", None, None, None, None),
        ("MAR0013", "Zythromanda", "Quarvelonix", "2001-02-04", None, None, None, None, None),
    ],
    schema=["cccid", *PEOPLE],
    orient="row",
)


def _pairs(*rows: tuple[str, str, float, str, str | None]) -> pl.DataFrame:
    made = pl.DataFrame(
        rows, schema=["id_l", "id_r", "match_probability", "band", "guard"], orient="row",
        schema_overrides={"guard": pl.String},
    )  # fmt: skip
    return made.with_columns(
        match_weight=(pl.col("match_probability") / (1 - pl.col("match_probability"))).log(2),
        level_first_name=pl.lit("one_edit"),
        w_first_name=pl.lit(3.25),
        level_phone=pl.lit("exact"),
        w_phone=pl.lit(8.0),
        level_ssn=pl.lit("exact"),
        w_ssn=pl.lit(12.0),
    )


LINKS = _pairs(
    ("S1", "DEC2001", 0.98, "review", "name_differs"),
    ("S1", "MAR0013", 0.4, "review", None),
    ("S2", "ABD1234", 0.9, "review", None),
    ("S4", "MAR0012", 0.2, "review", None),
    ("S5", "MAR0013", 0.02, "none", None),
)
DUPLICATES = _pairs(
    ("S1", "S3", 0.7, "review", None), ("S1", "S5", 0.995, "link", None), ("S3", "S5", 0.3, "review", None)
)
PARTS = (
    Part(pairs=LINKS, left=STUDENTS, right=ACCOUNTS, id=("sis_id", "cccid")),
    Part(pairs=DUPLICATES, left=STUDENTS, id=("sis_id", "sis_id")),
)
# What must never be in a notebook: names, birthdates and addresses of the people above.
PERSONAL = {
    value
    for table in (STUDENTS, ACCOUNTS)
    for name in PEOPLE
    for value in table[name].drop_nulls()
    if len(value) > 3
}


def with_roles(registry: Registry, **roles: str) -> None:
    """Put roles in force, named by Dora, and give each person theirs."""
    name_first(registry, "Dora")
    for name, role in roles.items():
        asked = Asked(name, "Clerk", "Pat Example", "x@college.edu", "district", role, "fall", None)
        grant(registry, ask(registry, asked, by="Dora"), by="Dora")


def open_registry(folder: Path) -> Registry:
    return Registry.open(folder / "registry.sqlite", demo=True)


def session(
    registry: Registry, *, reviewer: str = "Ana", parts: Any = PARTS, veiled: bool = False, **options: Any
) -> Session:
    return Session(Cases(parts, veiled=veiled), registry, reviewer=reviewer, **options)


def key(made: Session) -> tuple[str, str]:
    """The ids of the pair in question."""
    assert made.place is not None
    return made.cases.keys[made.place][1:]


def many(pairs: int) -> tuple[Part, ...]:
    """As many pairs of invented people as wanted."""
    numbers = range(pairs)
    left = pl.DataFrame(
        {
            "sis_id": [f"S{n:06}" for n in numbers],
            "first_name": [f"Firsta{n % 700}" for n in numbers],
            "last_name": [f"Lastb{n % 900}" for n in numbers],
            "birthdate": [f"{1960 + n % 40}-0{1 + n % 9}-11" for n in numbers],
            "cccids": [[] for _ in numbers],
        },
        schema_overrides={"cccids": pl.List(pl.String)},
    )
    right = left.drop("cccids", "sis_id").with_columns(cccid=pl.Series([f"A{n:06}" for n in numbers]))
    rows = ((f"S{n:06}", f"A{n:06}", 0.1 + 0.8 * n / pairs, "review", None) for n in numbers)
    return (Part(pairs=_pairs(*rows), left=left, right=right, id=("sis_id", "cccid")),)
