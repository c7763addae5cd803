from __future__ import annotations

import itertools
import json
import random
from collections import Counter

import numpy as np
import polars as pl
import pytest

from reconcile import link
from reconcile.block import pairs_of, rows_of
from reconcile.flow.partners import chances, in_common, levels
from reconcile.score.levels import PARTNERS, level_names
from reconcile.score.model import Model

NAMES = level_names(PARTNERS)
FIRST = ("none", "one_has", "both_have")


def tables(seed, rows=40):
    """Two tables of records, some of them thin, with some pairs that are sure."""
    draw = random.Random(seed)  # noqa: S311 - made-up pairs
    thin = tuple(np.array([draw.random() < 0.3 for _ in range(rows)]) for _ in range(2))
    chosen = sorted(draw.sample(list(itertools.product(range(rows), repeat=2)), 60))
    pairs = pairs_of(*(np.array(part) for part in zip(*chosen, strict=True)))
    return pairs, np.array([draw.random() < 0.5 for _ in chosen]), thin


def obvious(left, right, partners, thin):
    """The level of one pair, from what is known of its two records."""
    has = [bool(partners[0][left] - {right}), bool(partners[1][right] - {left})]
    lacks = [bool(thin[side][row]) and not has[side] for side, row in enumerate((left, right))]
    if all(lacks):
        return "missing"
    if any(lacks):
        side = lacks.index(False)
        return f"{('left', 'right')[side]}_{'has' if has[side] else 'free'}"
    return FIRST[sum(has)]


def known(pairs, sure, rows=40):
    partners = ([set() for _ in range(rows)], [set() for _ in range(rows)])
    for left, right in zip(*(part.tolist() for part in rows_of(pairs[sure])), strict=True):
        partners[0][left].add(right)
        partners[1][right].add(left)
    return partners


@pytest.mark.parametrize("seed", range(3))
def test_levels_are_those_of_looking_at_each_pair(seed):
    pairs, sure, thin = tables(seed)
    made = [NAMES[code] for code in levels(pairs, sure, thin, None)]
    rows = zip(*(part.tolist() for part in rows_of(pairs)), strict=True)
    partners = known(pairs, sure)
    assert made == [obvious(left, right, partners, thin) for left, right in rows]
    assert len(set(made)) > 5


def test_chances_are_those_of_all_pairs():
    pairs, sure, thin = tables(7)
    partners = known(pairs, sure)
    every = itertools.product(range(40), repeat=2)
    met = {
        (left, right) for left, right in zip(*(part.tolist() for part in rows_of(pairs[sure])), strict=True)
    }
    seen = Counter(obvious(left, right, partners, thin) for left, right in every if (left, right) not in met)
    made = chances(pairs, sure, thin, None, 1_600.0)
    for names in (FIRST, PARTNERS.second):
        together = sum(seen[name] for name in names)
        assert sum(made[name] for name in names) == pytest.approx(1)
        assert [made[name] for name in names] == pytest.approx([seen[n] / together for n in names], abs=0.05)


def test_in_one_table_only_a_shared_partner_speaks():
    pairs = pairs_of(np.array([0, 0, 1, 3]), np.array([1, 2, 2, 4]))
    sure = np.array([True, True, False, False])
    shared = in_common(pairs, sure, 5)
    assert [part.tolist() for part in rows_of(shared)] == [[1], [2]]
    made = [NAMES[code] for code in levels(pairs, sure, (np.zeros(5, dtype=bool),) * 2, shared)]
    assert made == ["missing", "missing", "in_common", "none"]


def test_a_model_saved_before_there_was_a_second_scale_still_works():
    rows = range(300)
    table = pl.DataFrame(
        {
            "id": rows,
            "first_name": [("Ana", "Ben", "Cleo", "Dina", "Emil")[n % 5] for n in rows],
            "last_name": ["".join(chr(97 + n // 7**k % 7) * 2 for k in range(4)) for n in rows],
            "birthdate": [
                f"{1980 + n % 23}-{1 + n % 12:02}-{2 + n % 26:02}" if n % 9 else None for n in rows
            ],
        }
    )
    dated = table.with_columns(pl.col("birthdate").fill_null("1990-05-05"))
    saved = json.loads(link(dated, table).model.to_json())
    for part in ("m", "u"):
        for level in PARTNERS.second:
            del saved[part][PARTNERS.name][level]
    told = link(dated, table, model=Model.from_json(json.dumps(saved)))
    assert set(PARTNERS.second) & set(told.report.patterns["level_partners"])
    assert told.pairs.filter(pl.col("id_l") == pl.col("id_r")).height == 300
