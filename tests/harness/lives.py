"""Many long lives of accounts beside an attacker; tests/test_mint_account_life.py plays a few short ones."""

from __future__ import annotations

import argparse

from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test
from test_mint_account_life import Accounts, lives

from . import common


def main() -> None:
    """Play lives until one goes wrong; the steps that led there are then printed, as short as they can be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=1_000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    run_state_machine_as_test(seed(asked.seed)(Accounts), settings=lives(asked.lives, asked.steps))
    common.show(f"{asked.lives:,} lives of {asked.steps} steps each: no account was ever the attacker's.")


if __name__ == "__main__":
    main()
