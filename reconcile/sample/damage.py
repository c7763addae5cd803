"""What goes wrong between a person and a record of that person, kind by kind.

`damage` takes faultless records and applies every kind of `rates.ERRORS` in the order of that table,
so that each finds what the kinds before it have left: a surname is halved before it is mistyped.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from reconcile.sample import rates
from reconcile.sample.habits import CALLED, COLLEGE_MAIL, Text, texts
from reconcile.sample.kinds import Mask, Records, Rows, column, filled, some
from reconcile.sample.people import People, days_of, iso, plain, whole_last

if TYPE_CHECKING:
    from collections.abc import Callable

_ADDRESS: Final = ("street", "city", "zip")
_NAMES: Final = ("first", "middle", "last")
_KEYBOARD: Final = """
a=sq b=vn c=xv d=sf e=wr f=dg g=fh h=gj i=uo j=hk k=jl l=k m=n n=bm o=ip p=o q=w r=et s=ad t=ry u=yi v=cb w=qe
x=zc y=tu z=x
"""
_NEIGHBOURS: Final = dict(pair.split("=") for pair in _KEYBOARD.split())
_EARLIEST, _YOUNGEST = "1930-01-01", 3_660
_DUMMIES: Final = texts(["999999999", "123456789", "000000000", "111111111"])


class Scene(NamedTuple):
    """What a change may look at."""

    rng: np.random.Generator
    people: People
    records: Records
    today: int
    sis: bool


def copy_of(people: People, person: Rows, **more: Text) -> Records:
    """Write faultless records of some persons."""
    whole = whole_last(people, person)
    columns = {name: people[name][person] for name in ("first", "middle", "suffix", "preferred")}
    columns |= {name: people[name][person] for name in ("email", "phone", "ssn", "ssid", *_ADDRESS)}
    columns |= {"last": whole, "birthdate": iso(people.birth[person]), **more}
    for name in ("former_first", "former_last"):
        columns[name] = np.full(len(person), None, dtype=object)
    records = Records(person, columns)
    records.errors = people.records.errors[person].copy()
    records.mark(filled(people["second"][person]), "two_surnames")
    taxpayer = column(columns["ssn"]).str.starts_with("9").fill_null(value=False).to_numpy()
    records.mark(np.asarray(taxpayer), "itin")
    return records


def damage(rng: np.random.Generator, people: People, records: Records, as_of: date, *, sis: bool) -> None:
    """Apply the error model to records of the SIS or of OpenCCC."""
    scene = Scene(rng, people, records, days_of(as_of), sis)
    for kind, (in_sis, in_accounts) in rates.ERRORS.items():
        eligible, change = _STEPS[kind]
        rows = some(rng, eligible(scene), in_sis if sis else in_accounts)
        if len(rows):
            change(scene, rows)
    if sis:
        _narrow(scene)


def fold(name: str) -> str:
    """Take the marks from letters."""
    bare = name.replace("đ", "d").replace("Đ", "D")
    return "".join(sign for sign in unicodedata.normalize("NFD", bare) if not unicodedata.combining(sign))


def _has(*names: str) -> Callable[[Scene], Mask]:
    def eligible(scene: Scene) -> Mask:
        made = np.ones(len(scene.records), dtype=bool)
        for name in names:
            made &= filled(scene.records[name])
        return made

    return eligible


def _untouched_date(scene: Scene) -> Mask:
    kinds = ("day_month_swapped", "digit_error", "placeholder_birthdate")
    return filled(scene.records["birthdate"]) & ~scene.records.has(*kinds)


def _marked(scene: Scene) -> Mask:
    made = np.zeros(len(scene.records), dtype=bool)
    for name in ("first", "last"):
        marks = column(scene.records[name]).str.contains("[^\\x00-\\x7F]").fill_null(value=False)
        made |= marks.to_numpy()
    return made & ~scene.records.has("diacritics_garbled")


def _map(kind: str, names: tuple[str, ...], rewrite: Callable[[str], str]) -> Callable[[Scene, Rows], None]:
    def change(scene: Scene, rows: Rows) -> None:
        for name in names:
            old = scene.records[name][rows]
            scene.records.change(kind, name, rows, texts([text and rewrite(text) for text in old]))

    return change


def _erase(kind: str, *names: str) -> Callable[[Scene, Rows], None]:
    return lambda scene, rows: scene.records.erase(kind, names, rows)


def _replace(kind: str, name: str, source: str) -> Callable[[Scene, Rows], None]:
    def change(scene: Scene, rows: Rows) -> None:
        scene.records.change(kind, name, rows, scene.people[source][scene.records.person[rows]])

    return change


def _garble(name: str) -> str:
    return name.encode("utf-8").decode("cp1252", errors="ignore")


def _marries(scene: Scene) -> Mask:
    return filled(scene.people["maiden"][scene.records.person])


def _surname_change(scene: Scene, rows: Rows) -> None:
    """Record the earlier surname alone; of the others, a third remember it as a former name."""
    records, maiden = scene.records, scene.people["maiden"][scene.records.person]
    records.change("surname_change", "last", rows, maiden[rows])
    rest = _marries(scene) & ~records.has("surname_change")
    known = some(scene.rng, rest, 1 / 3)
    records["former_last"][known] = maiden[known]
    records["former_first"][known] = records["first"][known]


def _two_names(scene: Scene) -> Mask:
    whole = ~scene.records.has("surname_change")
    return filled(scene.people["second"][scene.records.person]) & whole


def _half(scene: Scene, rows: Rows) -> None:
    person = scene.records.person[rows]
    first_one = scene.rng.random(len(rows)) < 0.75  # noqa: PLR2004 - more often the father's
    halves = np.where(first_one, scene.people["last"][person], scene.people["second"][person])
    scene.records.change("half_surname", "last", rows, halves)
    scene.records.unmark(scene.records.has("half_surname"), "two_surnames")


def _punctuated(scene: Scene) -> Mask:
    found = column(scene.records["last"]).str.contains("[ '-]").fill_null(value=False)
    return np.asarray(found.to_numpy())


def _rejoin(scene: Scene, rows: Rows) -> None:
    made = []
    for last, way in zip(scene.records["last"][rows], scene.rng.integers(0, 3, len(rows)), strict=True):
        if "-" in last or "'" in last:
            made.append(last.replace("'", "").replace("-", " " if way else ""))
        else:
            made.append(last.replace(" ", "-") if way else last[0] + last[1:].replace(" ", "").lower())
    scene.records.change("hyphen", "last", rows, texts(made))


def _suffix_in_last(scene: Scene, rows: Rows) -> None:
    records = scene.records
    suffix = records["suffix"][rows]
    records.change(
        "suffix_in_last", "last", rows, np.asarray(records["last"][rows] + " " + suffix, dtype=object)
    )
    records["suffix"][rows] = None


def _middle_first(scene: Scene, rows: Rows) -> None:
    records = scene.records
    records.change("first_is_middle", "first", rows, records["middle"][rows])
    records["middle"][rows] = None


def _nicknamed(scene: Scene) -> Mask:
    known = (
        column(scene.records["first"]).str.normalize("NFD").str.replace_all("\\p{M}", "").str.to_uppercase()
    )
    made = known.is_in(list(CALLED)).fill_null(value=False).to_numpy()
    return np.asarray(made) & ~scene.records.has("first_is_middle")


def _nickname(scene: Scene, rows: Rows) -> None:
    made = []
    for first, chance in zip(scene.records["first"][rows], scene.rng.random(len(rows)), strict=True):
        short = CALLED.get(fold(plain(first)), (first,))
        made.append(short[int(chance * len(short))])
    scene.records.change("nickname", "first", rows, texts(made))


def _typo(scene: Scene, rows: Rows) -> None:
    in_last = scene.rng.random(len(rows)) < 0.6  # noqa: PLR2004 - surnames are longer
    for name, mine in (("last", rows[in_last]), ("first", rows[~in_last])):
        chances = scene.rng.random((len(mine), 3))
        old = scene.records[name][mine]
        new = [mistyped(text, *chance) for text, chance in zip(old, chances.tolist(), strict=True)]
        scene.records.change("typo", name, mine, texts(new))


def mistyped(text: str, place: float, way: float, which: float) -> str:
    """Make one slip of the finger at a place given as a share of the text's length.

    >>> mistyped("Garcia", 0.5, 0.1, 0.0)
    'Garica'
    """
    if len(text) < 3:  # noqa: PLR2004 - nothing would be left
        return text
    at = 1 + int(place * (len(text) - 2))
    if way < 0.25:  # noqa: PLR2004
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if way < 0.5:  # noqa: PLR2004
        return text[:at] + text[at + 1 :]
    if way < 0.65:  # noqa: PLR2004
        return text[:at] + text[at] + text[at:]
    near = _NEIGHBOURS.get(fold(text[at]).lower(), "e")
    return text[:at] + near[int(which * len(near))] + text[at + 1 :]


def _swap_names(scene: Scene, rows: Rows) -> None:
    records = scene.records
    first = records["first"][rows]
    records.change("names_swapped", "first", rows, records["last"][rows])
    records["last"][rows] = first


def _swappable(scene: Scene) -> Mask:
    days = column(scene.records["birthdate"]).str.slice(8, 2).cast(int, strict=False).fill_null(99).to_numpy()
    return _untouched_date(scene) & np.asarray(days <= 12)  # noqa: PLR2004


def _swap_date(scene: Scene, rows: Rows) -> None:
    old = scene.records["birthdate"][rows]
    new = texts([f"{text[:5]}{text[8:]}-{text[5:7]}" for text in old])
    scene.records.change("day_month_swapped", "birthdate", rows, new)


def _digit(scene: Scene, rows: Rows) -> None:
    chances = scene.rng.random(len(rows)).tolist()
    old = scene.records["birthdate"][rows]
    latest = str(iso(np.array([scene.today - _YOUNGEST]))[0])
    new = [one_digit(text, chance, latest) for text, chance in zip(old, chances, strict=True)]
    scene.records.change("digit_error", "birthdate", rows, texts(new))


def one_digit(text: str, chance: float, latest: str) -> str:
    """Change one digit of a date so that it stays a possible birthdate.

    >>> one_digit("2004-02-29", 0.5, "2016-11-16")
    '2004-02-09'
    """
    made = [text[:at] + digit + text[at + 1 :] for at in (2, 3, 5, 6, 8, 9) for digit in "0123456789"]
    possible = [other for other in made if other != text and _EARLIEST < other < latest and _is_day(other)]
    return possible[int(chance * len(possible))]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _placeholder(scene: Scene, rows: Rows) -> None:
    old = scene.records["birthdate"][rows]
    zero = scene.rng.random(len(rows)) < 0.4  # noqa: PLR2004
    new = np.where(zero & scene.sis, "1900-01-01", [text[:4] + "-01-01" for text in old])
    scene.records.change("placeholder_birthdate", "birthdate", rows, new.astype(object))


def _impossible(scene: Scene, rows: Rows) -> None:
    days = texts(["02-30", "02-31", "04-31", "06-31", "09-31", "11-31"])[scene.rng.integers(0, 6, len(rows))]
    old = scene.records["birthdate"][rows]
    new = texts([f"{text[:5]}{day}" for text, day in zip(old, days, strict=True)])
    scene.records.change("impossible_birthdate", "birthdate", rows, new)


def _future(scene: Scene, rows: Rows) -> None:
    days = scene.today + scene.rng.integers(1, 30 * 365, len(rows))
    scene.records.change("future_birthdate", "birthdate", rows, iso(days))


def _before_1901(scene: Scene, rows: Rows) -> None:
    old = scene.records["birthdate"][rows]
    years = scene.rng.integers(1880, 1901, len(rows))
    new = texts([f"{year}{text[4:]}" for text, year in zip(old, years, strict=True)])
    scene.records.change("birthdate_before_1901", "birthdate", rows, new)


def _dummy_ssn(scene: Scene, rows: Rows) -> None:
    dummies = _DUMMIES[scene.rng.integers(0, len(_DUMMIES), len(rows))]
    scene.records.change("ssn_dummy", "ssn", rows, dummies)


def _letters(name: str) -> str:
    return "".join(sign for sign in fold(name).lower() if sign.isalpha())


def _college_email(scene: Scene, rows: Rows) -> None:
    person = scene.records.person[rows]
    first, last = scene.people["first"][person], scene.people["last"][person]
    locals_ = [_letters((one or "")[:1] + two) for one, two in zip(first, last, strict=True)]
    made = [f"{name}{number % 10**6}@{COLLEGE_MAIL}" for name, number in zip(locals_, person, strict=True)]
    scene.records.change("college_email", "email", rows, texts(made))


def _old_address(scene: Scene, rows: Rows) -> None:
    for name in _ADDRESS:
        _replace("old_address", name, f"old_{name}")(scene, rows)


def _narrow(scene: Scene) -> None:
    """Drop the marks that a SIS of one byte a letter cannot hold."""
    for name in (*_NAMES, "preferred", "former_last", "former_first"):
        wide = column(scene.records[name]).str.contains("[^\\x00-\\xFF]").fill_null(value=False).to_numpy()
        rows = np.flatnonzero(wide & ~scene.records.has("diacritics_garbled"))
        scene.records.change(
            "diacritics_lost", name, rows, texts([fold(text) for text in scene.records[name][rows]])
        )


def _personal_mail(scene: Scene) -> Mask:
    return filled(scene.records["email"]) & ~scene.records.has("college_email")


_STEPS: Final[dict[str, tuple[Callable[[Scene], Mask], Callable[[Scene, Rows], None]]]] = {
    "sparse": (_has("street"), _erase("sparse", "street", "city", "zip", "ssn", "ssid", "email", "phone")),
    "surname_change": (_marries, _surname_change),
    "half_surname": (_two_names, _half),
    "hyphen": (_punctuated, _rejoin),
    "suffix_in_last": (_has("suffix", "last"), _suffix_in_last),
    "first_is_middle": (_has("first", "middle"), _middle_first),
    "nickname": (_nicknamed, _nickname),
    "typo": (_has("first", "last"), _typo),
    "names_swapped": (_has("first", "last"), _swap_names),
    "missing_first_name": (_has("first", "last"), _erase("missing_first_name", "first")),
    "missing_last_name": (_has("first", "last"), _erase("missing_last_name", "last")),
    "missing_middle_name": (_has("middle"), _erase("missing_middle_name", "middle")),
    "middle_initial": (_has("middle"), _map("middle_initial", ("middle",), lambda text: text[0])),
    "diacritics_garbled": (_marked, _map("diacritics_garbled", ("first", "last"), _garble)),
    "diacritics_lost": (_marked, _map("diacritics_lost", _NAMES, fold)),
    "upper_case": (_has("last"), _map("upper_case", _NAMES, str.upper)),
    "day_month_swapped": (_swappable, _swap_date),
    "digit_error": (_untouched_date, _digit),
    "placeholder_birthdate": (_untouched_date, _placeholder),
    "missing_birthdate": (_has("birthdate"), _erase("missing_birthdate", "birthdate")),
    "impossible_birthdate": (_untouched_date, _impossible),
    "future_birthdate": (_untouched_date, _future),
    "birthdate_before_1901": (_untouched_date, _before_1901),
    "missing_ssn": (_has("ssn"), _erase("missing_ssn", "ssn")),
    "ssn_dummy": (_has("ssn"), _dummy_ssn),
    "ssn_malformed": (_has("ssn"), _map("ssn_malformed", ("ssn",), lambda text: text[:8])),
    "college_email": (_has("email"), _college_email),
    "old_email": (_personal_mail, _replace("old_email", "email", "old_email")),
    "missing_email": (_has("email"), _erase("missing_email", "email")),
    "old_phone": (_has("phone"), _replace("old_phone", "phone", "old_phone")),
    "missing_phone": (_has("phone"), _erase("missing_phone", "phone")),
    "old_address": (_has("street"), _old_address),
    "missing_address": (_has("street"), _erase("missing_address", *_ADDRESS)),
    "missing_ssid": (_has("ssid"), _erase("missing_ssid", "ssid")),
}
