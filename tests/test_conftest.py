"""The guard against tests that quietly do not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).with_name("conftest.py")

PASSES = "def test_a(): pass\n"
SKIPS = 'import pytest\ndef test_a(): pytest.skip("{}")\n' + PASSES.replace("_a", "_b")
EXPECTED = "import pytest\n@pytest.mark.xfail(strict=False)\ndef test_a(): assert {}\n"
MODULE = 'import pytest\npytest.importorskip("nothing_of_this_name")\n'


@pytest.mark.parametrize(
    ("test", "ci", "code"),
    [
        (PASSES, "1", 0),
        (SKIPS.format("needs another operating system"), "1", 0),
        (SKIPS.format("no browser"), "", 0),
        (SKIPS.format("no browser"), "1", 1),
        (MODULE + PASSES, "1", 5),
        (EXPECTED.format("False"), "1", 1),
        (EXPECTED.format("True"), "1", 1),
        ("", "1", 5),
    ],
)
def test_what_ci_lets_pass(tmp_path: Path, test: str, ci: str, code: int) -> None:
    (tmp_path / "conftest.py").write_text(GUARD.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "test_it.py").write_text(test, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(tmp_path)],
        check=False,
        capture_output=True,
        env={**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        encoding="utf-8",
    )
    assert done.returncode == code, done.stdout
