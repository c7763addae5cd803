"""The persons behind all records: who they are, before anybody writes them down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.sample import names, numbers, rates
from reconcile.sample.habits import CALLED, MAIL, MARKS, Text, texts
from reconcile.sample.kinds import Mask, Records, Rows, column, filled, some

if TYPE_CHECKING:
    from datetime import date

_EPOCH: Final = np.datetime64("1970-01-01", "D")
# Ages at a college: dual enrolment, the usual years, later, much later; share, from, to.
_AGES: Final = ((0.004, 10, 13), (0.116, 13, 18), (0.55, 18, 25), (0.22, 25, 40), (0.11, 40, 82))
_GROWN: Final = 20
_K12: Final = 30  # older persons left school before the state numbered its pupils
_SUFFIXES: Final = texts(["Jr.", "III", "II", "Sr.", "IV"])
_MAIL_SHAPES: Final = 5


@dataclass(kw_only=True)
class People:
    """One array a property; `birth` counts days since 1970-01-01, `records` carries the relations."""

    female: Mask
    birth: Rows
    records: Records

    def __getitem__(self, name: str) -> Text:
        """Take one property as texts."""
        return self.records[name]

    def __len__(self) -> int:
        """Count the persons."""
        return len(self.birth)


def whole_last(people: People, rows: Rows) -> Text:
    """Write the last name in full: both surnames with what stands between."""
    last, second, joint = (people[name][rows].copy() for name in ("last", "second", "joint"))
    two = filled(second)
    last[two] = last[two] + joint[two] + second[two]
    return last


def iso(days: Rows) -> Text:
    """Write days since 1970-01-01 as yyyy-mm-dd."""
    return (_EPOCH + days).astype("datetime64[D]").astype(str).astype(object)


def days_of(day: date) -> int:
    """Count the days from 1970-01-01."""
    return int((np.datetime64(day, "D") - _EPOCH).astype(np.int64))


def make(rng: np.random.Generator, students: int, others: int, as_of: date) -> People:
    """Make `students` persons of this college and `others` elsewhere, with relatives and namesakes."""
    count = students + others
    origin = rng.choice(len(rates.ORIGINS), size=count, p=list(rates.ORIGINS.values())).astype(np.int64)
    female = rng.random(count) < 0.54  # noqa: PLR2004 - share of women among students
    birth = _births(rng, count, as_of)
    drawn = names.draw(rng, origin, female)
    street, city, zips = numbers.addresses(rng, count)
    old_street, old_city, old_zip = numbers.addresses(rng, count)
    columns = {
        "first": drawn.first,
        "middle": drawn.middle,
        "last": drawn.last,
        "second": drawn.second,
        "joint": drawn.joint,
        "maiden": _maiden(rng, origin, female, birth, as_of),
        "suffix": np.full(count, None, dtype=object),
        "preferred": _preferred(rng, drawn.first),
        "phone": numbers.phones(rng, count),
        "old_phone": numbers.phones(rng, count),
        "ssn": _ssns(rng, count),
        "ssid": _ssids(rng, birth, as_of),
        "street": street,
        "city": city,
        "zip": zips,
        "old_street": old_street,
        "old_city": old_city,
        "old_zip": old_zip,
    }
    people = People(female=female, birth=birth, records=Records(np.arange(count, dtype=np.int64), columns))
    pairs = _relate(rng, people, students, as_of)
    for name in ("email", "old_email"):
        columns[name] = emails(rng, people)
    _share_mail(rng, people, pairs)
    _mark(rng, people, as_of)
    return people


def _births(rng: np.random.Generator, count: int, as_of: date) -> Rows:
    share, low, high = (np.array(values) for values in zip(*_AGES, strict=True))
    group = rng.choice(len(_AGES), size=count, p=share)
    years = low[group] + (high - low)[group] * rng.random(count)
    return np.asarray(days_of(as_of) - (years * 365.2425).astype(np.int64), dtype=np.int64)


def _maiden(rng: np.random.Generator, origin: Rows, female: Mask, birth: Rows, as_of: date) -> Text:
    grown = birth < days_of(as_of) - 365 * _GROWN
    rows = np.concatenate(
        [
            some(rng, grown & female, rates.CHANGED_SURNAME),
            some(rng, grown & ~female, rates.CHANGED_SURNAME / 10),
        ]
    )
    maiden = np.full(len(birth), None, dtype=object)
    maiden[rows] = names.surnames(rng, origin[rows], np.zeros(len(rows), dtype=bool))
    return maiden


def plain(name: str) -> str:
    """Write a name in capitals without marks, as the tables of habits have it."""
    return _PLAIN.get(name) or name.upper()


_PLAIN: Final = {marked: key for key, marked in MARKS.items()}


def _preferred(rng: np.random.Generator, first: Text) -> Text:
    preferred = np.full(len(first), None, dtype=object)
    rows = some(rng, filled(first), rates.PREFERRED_NAME)
    preferred[rows] = texts([next(iter(CALLED.get(plain(name), ())), None) for name in first[rows]])
    return preferred


def _ssns(rng: np.random.Generator, count: int) -> Text:
    ssn = numbers.ssns(rng, count)
    rows = some(rng, np.ones(count, dtype=bool), rates.ITIN)
    ssn[rows] = numbers.itins(rng, len(rows))
    ssn[rng.random(count) >= rates.HAS_SSN] = None
    return ssn


def _ssids(rng: np.random.Generator, birth: Rows, as_of: date) -> Text:
    ssid = np.full(len(birth), None, dtype=object)
    rows = some(rng, birth > days_of(as_of) - 365 * _K12, rates.HAS_SSID)
    ssid[rows] = numbers.zero_padded(
        rng.permutation(numbers.distinct(rng, len(rows), 8_999_999_999)) + 1_000_000_000, 10
    )
    return ssid


def emails(rng: np.random.Generator, people: People) -> Text:
    """Make a personal address for everybody from name, birth year and chance; no two are alike."""
    count = len(people)
    domains = texts(list(MAIL))[rng.choice(len(MAIL), size=count, p=list(MAIL.values()))]
    table = pl.DataFrame(
        {
            "first": column(people["first"]),
            "last": column(people["last"]),
            "number": pl.Series(rng.integers(1, 1000, count)).cast(pl.String),
            "year": column(iso(people.birth)).str.slice(2, 2),
            "shape": rng.integers(0, _MAIL_SHAPES, count),
        }
    )
    made = table.select(local=_local_part().str.strip_chars("._"))["local"] + "@" + column(domains)
    again = np.flatnonzero(made.is_first_distinct().not_().to_numpy())
    result = made.to_numpy().astype(object)
    result[again] = texts(
        [name.replace("@", f".{row:x}@") for name, row in zip(result[again], again.tolist(), strict=True)]
    )
    return np.asarray(result, dtype=object)


def _local_part() -> pl.Expr:
    first, last = (
        pl.col(name).fill_null("").str.normalize("NFKD").str.replace_all("[^A-Za-z]", "").str.to_lowercase()
        for name in ("first", "last")
    )
    number, year, shape = pl.col("number"), pl.col("year"), pl.col("shape")
    return (
        pl.when(shape == 0)
        .then(first + "." + last + number)
        .when(shape == 1)
        .then(first.str.head(1) + last + year)
        .when(shape == 2)  # noqa: PLR2004 - the third of five shapes
        .then(first + last.str.head(1) + number)
        .when(shape == 3)  # noqa: PLR2004
        .then(last + first + year)
        .otherwise(first + "_" + last)
    )


def _relate(rng: np.random.Generator, people: People, students: int, as_of: date) -> list[tuple[Rows, Rows]]:
    """Turn pairs of strangers into twins, siblings, parent and child, namesakes."""
    count = len(people)
    here, elsewhere = rng.permutation(students), students + rng.permutation(count - students)
    families = []
    for kind, share in rates.RELATIONS.items():
        wanted = min(round(share * students), len(here) // 2)
        a, here = here[:wanted], here[wanted:]
        near = min(wanted // 2, len(here))
        b, here = here[:near], here[near:]
        far = min(wanted - near, len(elsewhere))
        b, elsewhere = np.concatenate([b, elsewhere[:far]]), elsewhere[far:]
        strangers = min(round(share * (count - students) / 2), len(elsewhere) // 2)
        a = np.concatenate([a[: len(b)], elsewhere[:strangers]])
        b = np.concatenate([b, elsewhere[strangers : 2 * strangers]])
        elsewhere = elsewhere[2 * strangers :]
        _RELATING[kind](rng, people, a, b, days_of(as_of))
        people.records.mark(a, kind)
        people.records.mark(b, kind)
        if kind != "homonym":
            families.append((a, b))
    return families


def _copy(people: People, a: Rows, b: Rows, *properties: str) -> None:
    for name in properties:
        people[name][b] = people[name][a]


_HOME: Final = ("street", "city", "zip", "old_street", "old_city", "old_zip")
_SURNAME: Final = ("last", "second", "joint")


def _twins(rng: np.random.Generator, people: People, a: Rows, b: Rows, _today: int) -> None:
    _copy(people, a, b, *_SURNAME, *_HOME)
    people.birth[b] = people.birth[a]
    _copy(people, *_part(rng, a, b, 0.5), "phone")
    same = b[people["first"][a] == people["first"][b]]
    people["first"][same] = np.where(people.female[same], "Abigail", "Dominic")


def _siblings(rng: np.random.Generator, people: People, a: Rows, b: Rows, today: int) -> None:
    _copy(people, a, b, *_SURNAME, *_HOME)
    apart = rng.integers(400, 2600, len(a))
    people.birth[b] = np.where(
        people.birth[a] + apart < today - 4000, people.birth[a] + apart, people.birth[a] - apart
    )
    _copy(people, *_part(rng, a, b, 0.3), "phone")


def _jr_sr(rng: np.random.Generator, people: People, a: Rows, b: Rows, today: int) -> None:
    _copy(people, a, b, *_SURNAME, "first", "middle", *_HOME)
    people.female[a] = people.female[b] = False
    young = np.maximum(people.birth[a], today - 30 * 365)
    people.birth[a] = young
    people.birth[b] = young - rng.integers(20 * 365, 38 * 365, len(a))
    people["suffix"][a], people["suffix"][b] = "Jr.", "Sr."
    for name in ("preferred", "maiden"):
        people[name][np.concatenate([a, b])] = None
    _copy(people, *_part(rng, a, b, 0.3), "phone")


def _homonym(rng: np.random.Generator, people: People, a: Rows, b: Rows, _today: int) -> None:
    _copy(people, a, b, *_SURNAME, "first")
    people["maiden"][np.concatenate([a, b])] = None
    a, b = _part(rng, a, b, rates.HOMONYM_SAME_BIRTHDATE)
    people.birth[b] = people.birth[a]


def _part(rng: np.random.Generator, a: Rows, b: Rows, share: float) -> tuple[Rows, Rows]:
    rows = some(rng, np.ones(len(a), dtype=bool), share)
    return a[rows], b[rows]


_RELATING: Final = {"twins": _twins, "siblings": _siblings, "jr_sr": _jr_sr, "homonym": _homonym}


def _share_mail(rng: np.random.Generator, people: People, families: list[tuple[Rows, Rows]]) -> None:
    for pair in families:
        a, b = _part(rng, *pair, rates.FAMILY_EMAIL)
        _copy(people, a, b, "email")
        people.records.mark(np.concatenate([a, b]), "family_email")


def _mark(rng: np.random.Generator, people: People, as_of: date) -> None:
    records = people.records
    rows = some(rng, ~people.female & ~records.has("jr_sr"), rates.SUFFIX)
    people["suffix"][rows] = _SUFFIXES[rng.integers(0, len(_SUFFIXES), len(rows))]
    records.mark(~filled(people["first"]), "mononym")
    records.mark(people.birth > days_of(as_of) - round(13 * 365.2425), "under_13")
