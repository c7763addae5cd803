"""Made-up tables to link: persons drawn widely, and second records of them that are damaged."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl

LETTERS = "abcdefghijklmnoprstuvwz"


def crowd(rows, seed):
    """A table large enough to learn from: records drawn widely, a fifth of them a damaged copy."""
    draw = random.Random(seed)  # noqa: S311 - made-up records
    firsts, lasts = [word(draw, 6) for _ in range(300)], [word(draw, 7) for _ in range(500)]
    made = []
    for number in range(rows):
        if number % 5 == 4:
            person = dict(draw.choice(made[-4:]))
            person["last_name"] = person["last_name"][1:] if draw.random() < 0.2 else person["last_name"]
        else:
            born = date(1980, 1, 1) + timedelta(days=draw.randrange(9000))
            person = {
                "first_name": draw.choice(firsts),
                "last_name": draw.choice(lasts),
                "birthdate": born.isoformat(),
            }
        made.append(person | {"id": number})
    return pl.DataFrame(made)


HOUSED = {"building": "code", "box": "code", "adviser": "category"}


def housed(rows, seed):
    """Persons with few names, twelve to a building, box and adviser, and badly kept copies of two thirds.

    The three say the same thing three times, which weights that take fields for independent cannot know.
    A copy's id is "r" and the person's.
    """
    draw = random.Random(seed)  # noqa: S311 - made-up records
    firsts, lasts = [word(draw, 5) for _ in range(50)], [word(draw, 6) for _ in range(80)]
    left, right = [], []
    for number in range(rows):
        house = draw.randrange(rows // 12)
        person = {
            "id": f"{number:05}",
            "first_name": draw.choice(firsts),
            "last_name": draw.choice(lasts),
            "birthdate": (date(1998, 1, 1) + timedelta(days=draw.randrange(700))).isoformat(),
            "building": f"B{house:04}",
            "box": f"{house * 7919 % 10007:05}",
            "adviser": f"A{house * 31 % 997}",
        }
        left.append(person)
        if number % 3:
            right.append(damaged(person, draw) | {"id": f"r{number:05}"})
    return pl.DataFrame(left), pl.DataFrame(right)


def copied(rows, seed):
    """The same persons and copies by name and birthdate alone."""
    left, right = housed(rows, seed)
    return left.drop(HOUSED), right.drop(HOUSED)


def damaged(person, draw):
    """Spoil some fields."""
    made = dict(person)
    for field in ("first_name", "last_name"):
        chance = draw.random()
        if chance < 0.15:
            made[field] = made[field][:2] + draw.choice(LETTERS) + made[field][3:]
        elif chance < 0.25:
            made[field] = word(draw, 6)
    chance = draw.random()
    if chance < 0.15:
        made["birthdate"] = made["birthdate"][:8] + f"{draw.randrange(1, 29):02}"
    elif chance < 0.25:
        made["birthdate"] = None
    return made


def word(draw, length):
    return "".join(draw.choice(LETTERS) for _ in range(length))
