"""The truth: its comparison against a slow and obvious one, and the rules case by case."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from reconcile.sample import accounts, evidence, people, roster, students, truth
from reconcile.sample.compare import LIGHT, compare, view
from reconcile.sample.damage import fold

AS_OF = date(2026, 11, 16)
BAD_DATE = ("placeholder", "missing_birthdate", "impossible", "future_birthdate", "birthdate_before")


def rng(step: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([21, step]))


@pytest.fixture(scope="module")
def facts() -> truth.Facts:
    plan = roster.plan(rng(1), 1_500, 3_000)
    persons = people.make(rng(2), len(plan.state), plan.persons - len(plan.state), AS_OF)
    opened = accounts.make(rng(3), persons, plan, AS_OF)
    enrolled = students.make(rng(4), persons, plan, opened, AS_OF)
    pairs = evidence.applied(rng(5), plan, opened, enrolled)
    reports = evidence.fraud(rng(6), plan, opened, AS_OF)
    return truth.Facts(
        roster=plan,
        students=enrolled,
        accounts=opened,
        pairs=pairs,
        fraud=evidence.standing(opened, reports),
        as_of=AS_OF,
    )


def rows(records) -> list[dict]:
    labels = records.labels().to_list()
    return [
        {name: values[row] for name, values in records.columns.items()}
        | {"person": int(records.person[row]), "kinds": labels[row].split(";")}
        for row in range(len(records))
    ]


def bare(name: str | None) -> str | None:
    return fold(name.upper()).upper() if name else None


def obvious(one: dict, two: dict, *, applied: bool) -> tuple[bool, bool, bool]:
    """Say whether name, birthdate and an independent field agree, as the module's text has it."""
    kinds = one["kinds"] + two["kinds"]
    first, last = (tuple(bare(record[name]) for record in (one, two)) for name in ("first", "last"))
    former = (bare(one["former_last"]), bare(two["former_last"]))
    same = first[0] == first[1] and last[0] == last[1] and None not in last
    remembered = (former[0] and former[0] == last[1]) or (former[1] and former[1] == last[0])
    heavy = {"surname_change", "missing_first_name", "missing_last_name"} & set(kinds)
    heavy |= {"half"} if kinds.count("half_surname") == 2 and last[0] != last[1] else set()
    if "first_is_middle" in kinds:
        known = first[0] is not None and first[0] == bare(two["middle"])
        known |= first[1] is not None and first[1] == bare(one["middle"])
        heavy |= set() if known else {"middle"}
    slight = not heavy and sum(kind in LIGHT for kind in kinds) <= 3
    bad = any(kind.startswith(BAD_DATE) for kind in kinds)
    both = all({"day_month_swapped", "digit_error"} & set(record["kinds"]) for record in (one, two))
    near = not bad and (one["birthdate"] == two["birthdate"] or not both)
    other = applied
    for name in ("ssid", "phone", "email", "ssn"):
        if one[name] and one[name] == two[name]:
            other |= not (name == "email" and one[name].endswith("my.example.edu"))
    other |= bool(one["street"]) and (one["street"], one["zip"]) == (two["street"], two["zip"])
    return bool(same or remembered or slight), near, other


def test_comparing_equals_the_slow_and_obvious_way(facts):
    linked = pl.DataFrame(dict(zip(("row", "row_r"), map(pl.Series, facts.pairs), strict=True)))
    made = compare(view(facts.students), view(facts.accounts), linked)
    left, right = rows(facts.students), rows(facts.accounts)
    joined = set(zip(*(side.tolist() for side in facts.pairs), strict=True))
    assert made.height > 1_000
    for pair in made.iter_rows(named=True):
        one, two = left[pair["row"]], right[pair["row_r"]]
        if {"ssn_dummy", "ssn_malformed"} & {*one["kinds"], *two["kinds"]}:
            continue
        agreeing = obvious(one, two, applied=(pair["row"], pair["row_r"]) in joined)
        assert pair["certain"] == all(agreeing), (pair, one["kinds"], two["kinds"])
        assert pair["agreeing"] == sum(agreeing), (pair, one["kinds"], two["kinds"])


def test_labels_and_statuses_go_together(facts):
    enrolled, status = facts.students, truth.statuses(facts)
    by_status = {name: np.asarray((status == name).to_numpy()) for name in truth.STATUSES}
    assert status.is_in(truth.STATUSES).all()
    assert (by_status["out_of_scope"] == ~enrolled.in_scope).all()
    absent = enrolled.has("cccid_absent")
    for name in ("recoverable", "review", "blocked", "mintable"):
        assert absent[by_status[name]].all(), name
    for name in ("confirmed", "conflict", "unknown_cccid", "malformed_cccid", "shared_cccid"):
        assert not absent[by_status[name]].any(), name
    assert enrolled.has("cccid_unknown", "cccid_retired", "cccid_malformed")[
        by_status["unknown_cccid"] | by_status["malformed_cccid"]
    ].all()
    assert not enrolled.has("missing_birthdate", "missing_last_name")[by_status["mintable"]].any()
    assert enrolled.has("cccid_shared")[by_status["shared_cccid"]].all()


def test_nobody_who_is_deceased_or_on_hold_is_linked(facts):
    status = truth.statuses(facts)
    barred = pl.Series((facts.students["deceased"] != None) | (facts.students["hold"] != None))  # noqa: E711
    assert set(status.filter(barred)) <= {"held", "out_of_scope"}
