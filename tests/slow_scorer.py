"""A slow, obvious scorer: one pair at a time, plain Python, to hold the fast one against."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import product

from rapidfuzz.distance import OSA, JaroWinkler

from reconcile.score.frequency import CHANCE
from reconcile.score.fuzzy import nickname_pairs
from reconcile.score.levels import RAREST


def spelling(a, b):
    similarity = JaroWinkler.similarity(a, b)
    if OSA.distance(a, b) <= 1 and similarity >= 0.7:
        longest = max(len(a), len(b))
        if longest >= 5:
            return "one_edit"
        if longest == 4:
            return "near"
    if similarity >= 0.88:
        return "near"
    two = OSA.distance(a, b) <= 2 and max(len(a), len(b)) >= 6 and similarity >= 0.7
    return "far" if similarity >= 0.8 or two else "different"


def first_spelling(a, b):
    short, long = sorted((a, b), key=len)
    if long.startswith(short) and len(short) == 1:
        return "initial"
    if long.startswith(short) and len(short) >= 3:
        return "nickname"
    if (min(a, b), max(a, b)) in nickname_pairs():
        return "nickname"
    return spelling(a, b)


def swapped(x, y):
    one, two = (x.get("key_first"), x.get("key_last")), (y.get("key_last"), y.get("key_first"))
    return one == two and one[0] != one[1]


def across(x, y, level, other):
    """Names that stand in each other's column, where neither of the two says anything in its own."""
    if not {level, other} <= {"different", "far", "missing"}:
        return None
    alike = [
        a is not None and b is not None and (a == b or spelling(a, b) == "one_edit")
        for a, b in ((x.get("key_first"), y.get("key_last")), (x.get("key_last"), y.get("key_first")))
    ]
    return {0: None, 1: "crossed", 2: "swapped_near"}[sum(alike)]


def parts_meet(x, y, name, least):
    """Whether one name is a part of the other, or both share so many parts."""
    a, b = set(x.get(f"key_{name}_parts") or []), set(y.get(f"key_{name}_parts") or [])
    return x[f"key_{name}"] in b or y[f"key_{name}"] in a or len(a & b) >= least


def first_level(x, y):
    level = own_first_level(x, y)
    return across(x, y, level, own_last_level(x, y)) or level


def last_level(x, y):
    level = own_last_level(x, y)
    return across(x, y, level, own_first_level(x, y)) or level


def own_first_level(x, y):  # noqa: PLR0911 - one return a level
    a, b = x.get("key_first"), y.get("key_first")
    if swapped(x, y):
        return "swapped"
    if a is None or b is None:
        return "missing"
    if a == b:
        return "exact"
    level = first_spelling(a, b)
    if level in {"different", "far", "initial"} and (a == y.get("key_middle") or b == x.get("key_middle")):
        return "middle"
    if level in {"different", "far"}:
        if a in (y.get("key_alias_first") or []) or b in (x.get("key_alias_first") or []):
            return "alias"
        if parts_meet(x, y, "first", 2):
            return "part"
    return level


def own_last_level(x, y):
    a, b = x.get("key_last"), y.get("key_last")
    if swapped(x, y):
        return "swapped"
    if a is None or b is None:
        return "missing"
    if a == b:
        return "exact"
    level = spelling(a, b)
    if level == "one_edit":
        return level
    if a in (y.get("key_alias_last") or []) or b in (x.get("key_alias_last") or []):
        return "alias"
    return "part" if parts_meet(x, y, "last", 1) else level


def middle_level(x, y):
    a, b = x.get("key_middle"), y.get("key_middle")
    if a is None or b is None:
        return "missing"
    if len(a) == 1 or len(b) == 1:
        return "initial" if a[0] == b[0] else "initial_different"
    if a == b:
        return "exact"
    return "different" if first_spelling(a, b) in {"different", "far"} else "near"


def birth_level(x, y):
    a, b = x.get("key_birth"), y.get("key_birth")
    if a is None or b is None:
        return "missing"
    if a == b:
        return "exact"
    if x["key_birth_weak"] or y["key_birth_weak"]:
        return "same_year" if a.year == b.year else "other_year"
    if (a.year, a.month, a.day) == (b.year, b.day, b.month):
        return "day_month_swapped"
    same = (a.year == b.year) + (a.month == b.month) + (a.day == b.day)
    if same < 2:
        return "different"
    return "one_digit" if one_digit(f"{a:%Y%m%d}", f"{b:%Y%m%d}") else "one_part"


def one_digit(a, b):
    wrong = [place for place, (p, q) in enumerate(zip(a, b, strict=True)) if p != q]
    if len(wrong) == 1:
        return True
    neighbours = len(wrong) == 2 and wrong[1] == wrong[0] + 1
    return neighbours and (a[wrong[0]], a[wrong[1]]) == (b[wrong[1]], b[wrong[0]])


def email_level(x, y):
    a, b = x.get("key_email"), y.get("key_email")
    if a is None or b is None:
        return "missing"
    if a == b:
        return "exact"
    a, b = a.split("@")[0], b.split("@")[0]
    numbers = [re.sub("[^0-9]", "", part) for part in (a, b)]
    words = [re.sub("[0-9]", "", part) for part in (a, b)]
    level = "local_part" if a == b else "different"
    if a != b and numbers[0] == numbers[1] and (words[0] == words[1] or spelling(*words) == "one_edit"):
        level = "near"
    alike = any(x.get(k) and x.get(k) == y.get(k) for k in ("key_first", "key_last"))
    return "missing" if level != "different" and alike and len(numbers[0]) < 2 else level


def phone_level(x, y):
    a, b = x.get("key_phone"), y.get("key_phone")
    if a is None or b is None:
        return "missing"
    return "exact" if a == b else "one_digit" if one_digit(a, b) else "different"


def zip_level(x, y):
    a, b = x.get("key_zip"), y.get("key_zip")
    if a is None or b is None:
        return "missing"
    return "exact" if a == b else "near" if a[:3] == b[:3] else "different"


LEVELS = {
    "first_name": first_level,
    "middle_name": middle_level,
    "last_name": last_level,
    "birthdate": birth_level,
    "email": email_level,
    "phone": phone_level,
    "zip": zip_level,
}
COLUMNS = {"first_name": "first", "middle_name": "middle", "last_name": "last", "birthdate": "birth"}


def weight(field, level, x, y, rows, model):  # noqa: PLR0917 - a test's plain function
    """log2(m/u) of one field; u of an exact value is its frequency, of a last name given the first name."""
    swapped_last = field == "last_name" and level in {"swapped", "swapped_near", "crossed"}
    if level == "missing" or swapped_last:
        return 0.0
    if level != "exact":
        return math.log2(model.m[field][level] / model.u[field][level])
    bits = rarity(field, x, rows)
    if field == "first_name" and born(x) is not None and born(x) == born(y):
        bits = in_year(x, rows)
    if field == "last_name" and x.get("key_first") is not None and x["key_first"] == y.get("key_first"):
        first = rarity("first_name", x, rows)
        named = [(row["key_first"], row["key_last"]) for row in rows]
        full = Counter(name for name in named if None not in name)
        mine = (x["key_first"], x["key_last"])
        dates = {row["key_birth"] for row, name in zip(rows, named, strict=True) if name == mine} - {None}
        apart = None not in {x.get("key_birth"), y.get("key_birth")} and x["key_birth"] != y["key_birth"]
        shared = max(len(dates) - (2 if apart else 1), 0) + 1
        together = -math.log2(shared / (full.total() + 2 ** (first + bits)))
        bits = min(round(max(together - first, 0)), RAREST)
    return math.log2(model.m[field]["exact"]) + bits


def born(row):
    return row["key_birth"].year if row.get("key_birth") is not None else None


def rarity(field, x, rows):
    """How often a stranger has the value, in whole bits."""
    return min(round(-math.log2(share(field, x, rows))), RAREST)


def share(field, x, rows):
    column = f"key_{COLUMNS.get(field, field)}"
    counts = Counter(row.get(column) for row in rows if row.get(column) is not None)
    chance = day(x, rows) if field == "birthdate" else CHANCE[column]
    return (max(counts[x[column]] - 2, 0) + 1) / (counts.total() + 1 / chance)


def day(x, rows):
    """The chance of a day before it is counted: a part of its year's."""
    years = Counter(born(row) for row in rows if born(row) is not None)
    span = max(years) - min(years) + 1
    return (years[born(x)] + 1) / (years.total() + span) / 365.25


def in_year(x, rows):
    """How often a stranger born in the same year has the first name, in whole bits."""
    same = [row for row in rows if born(row) == born(x) and row.get("key_first") is not None]
    here = sum(row["key_first"] == x["key_first"] for row in same)
    chance = share("first_name", x, rows)
    ratio = (max(here - 2, 0) + 4) / (chance * max(len(same) - 2, 0) + 4)
    return min(round(-math.log2(min(chance * ratio, 1))), RAREST)


def score(left, right, model):
    """Yield (id_l, id_r, {field: (level, weight)}) of every pair."""
    rows = [*left, *right] if left is not right else left
    for x, y in product(left, right):
        if left is right and x["id"] >= y["id"]:
            continue
        levels = {field: judge(x, y) for field, judge in LEVELS.items()}
        yield (
            x["id"],
            y["id"],
            {f: (level, weight(f, level, x, y, rows, model)) for f, level in levels.items()},
        )
