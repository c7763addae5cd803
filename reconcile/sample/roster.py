"""Who stands in which file: the plan of a sample before anybody has a name.

The first persons are this college's, in the order of their SIS records; the rest only have accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from reconcile.sample import rates
from reconcile.sample.kinds import Mask, Rows, some

SCOPES: Final = tuple(rates.SCOPE)
STATES: Final = tuple(rates.CCCID_STATE)
_SCOPE: Final = {name: code for code, name in enumerate(SCOPES)}
_STATE: Final = {name: code for code, name in enumerate(STATES)}
_FEW: Final = 12  # duplicate accounts of strangers that even a small set shows


@dataclass(frozen=True, kw_only=True)
class Roster:
    """The plan: arrays by person of this college, by SIS record, and by account.

    Attributes:
        scope: of each person here, an index of SCOPES.
        state: what the SIS holds for each person here, an index of STATES.
        record_person: the person of each SIS record.
        second_record: SIS records that are a person's second one.
        account_person: the person of each account, accounts that left the snapshot included.
        retired: accounts that left the snapshot and live on in the SIS.
        present: accounts that the snapshot holds.
        persons: how many there are in all.
    """

    scope: Rows
    state: Rows
    record_person: Rows
    second_record: Mask
    account_person: Rows
    retired: Mask
    present: Mask
    persons: int

    def of_state(self, *names: str) -> Mask:
        """Say for which persons here the SIS holds one of these."""
        return np.isin(self.state, [_STATE[name] for name in names])

    def of_scope(self, *names: str) -> Mask:
        """Say which persons here are of one of these scopes."""
        return np.isin(self.scope, [_SCOPE[name] for name in names])


def plan(rng: np.random.Generator, students: int, accounts: int) -> Roster:
    """Decide how many records and accounts every person has."""
    twice = min(round(rates.TWO_SIS_IDS * students), students // 2)
    here = students - twice
    scope = rng.choice(len(SCOPES), size=here, p=list(rates.SCOPE.values()))
    if here == 1:
        scope[:] = _SCOPE["student"]
    state = _states(rng, scope)
    record_person = np.concatenate(
        [np.arange(here), rng.choice(np.flatnonzero(scope == _SCOPE["student"]), size=twice, replace=False)]
    )
    order = rng.permutation(students)
    mine, retired = _accounts_here(rng, state)
    live = np.flatnonzero(~retired)
    present = np.zeros(len(mine), dtype=bool)
    present[rng.permutation(live)[:accounts]] = True
    rest = accounts - int(present.sum())
    again = min(max(round(rates.SECOND_ACCOUNT["elsewhere"] * rest), _FEW), rest // 20)
    others = here + np.arange(rest - again)
    theirs = np.concatenate([others, rng.choice(others, size=again, replace=False)]) if rest else others
    return Roster(
        scope=scope,
        state=state,
        record_person=record_person[order],
        second_record=(order >= here),
        account_person=np.concatenate([mine, theirs]),
        retired=np.concatenate([retired, np.zeros(len(theirs), dtype=bool)]),
        present=np.concatenate([present, np.ones(len(theirs), dtype=bool)]),
        persons=here + len(others),
    )


def _states(rng: np.random.Generator, scope: Rows) -> Rows:
    state = rng.choice(len(STATES), size=len(scope), p=list(rates.CCCID_STATE.values()))
    odd = ~np.isin(state, (_STATE["right"], _STATE["absent"]))
    state[odd & (scope != _SCOPE["student"])] = _STATE["right"]
    state[np.isin(scope, (_SCOPE["employee"], _SCOPE["vendor"]))] = _STATE["absent"]
    applied = np.flatnonzero(scope == _SCOPE["applicant"])
    state[applied[rng.random(len(applied)) < 0.4]] = _STATE["absent"]  # noqa: PLR2004 - not loaded yet
    return state


def _accounts_here(rng: np.random.Generator, state: Rows) -> tuple[Rows, Mask]:
    chance = np.array([rates.HAS_ACCOUNT[name] for name in STATES])
    has = rng.random(len(state)) < chance[state]
    second = [np.flatnonzero(state == _STATE["several"])]
    second += [
        some(rng, has & (state == _STATE[name]), rates.SECOND_ACCOUNT[name]) for name in ("absent", "right")
    ]
    gone = np.flatnonzero(state == _STATE["retired"])
    persons = np.concatenate([np.flatnonzero(has), *second, gone])
    retired = np.zeros(len(persons), dtype=bool)
    retired[len(persons) - len(gone) :] = True
    return persons, retired
