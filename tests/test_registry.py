"""The package itself is light: nobody pays for SQLAlchemy who does not open a registry."""

from __future__ import annotations

import subprocess
import sys

import pytest

import reconcile.registry

LIGHT = """
import sys
import reconcile.registry, reconcile.mint.batch, reconcile.mint.credentials, reconcile.mint.handover
assert not {"sqlalchemy", "alembic"} & sys.modules.keys()
assert reconcile.registry.Registry.__name__ == "Registry"
"""


def test_sqlalchemy_is_imported_when_the_store_is_asked_for():
    subprocess.run([sys.executable, "-c", LIGHT], check=True)


def test_other_names_are_not_there():
    with pytest.raises(AttributeError, match="no attribute 'Ledger'"):
        _ = reconcile.registry.Ledger
