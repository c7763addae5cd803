"""What tests share: a key of their own, one demo, and a guard against tests that quietly do not run."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest

from reconcile.heavy import quickly

with quickly():
    import jsonschema  # noqa: F401 - nbformat and altair bring it along

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.flow.run import Run

ALLOWED_SKIP = "another operating system"
# Hundreds of thousands of objects stay for the life of a test process; they are looked through less often.
gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def key_file(tmp_path_factory: pytest.TempPathFactory):
    """Keep the user's own SSN key out of the tests, and the tests out of the user's folders."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("key") / "ssn.key"
        patch.setenv("RECONCILE_KEY_FILE", str(path))
        patch.delenv("RECONCILE_SSN_KEY", raising=False)
        patch.delenv("RECONCILE_KEY_STORE", raising=False)
        patch.delenv("RECONCILE_DEBUG", raising=False)
        yield path


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the workspace of `demo_run`; read it, do not change it."""
    return tmp_path_factory.mktemp("shared") / "demo"


@pytest.fixture(scope="session")
def demo_run(demo_folder: Path) -> Run:
    """Run the demo once for all tests that look at its results."""
    from reconcile.flow.demo import demo  # noqa: PLC0415 - most tests do without

    return demo(out=demo_folder)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a small sample folder in the layout "colleague"; copy it with `plans.take`, do not change it."""
    from reconcile.sample import generate  # noqa: PLC0415 - most tests do without

    folder = tmp_path_factory.mktemp("shared") / "small"
    generate(out=folder, students=150, accounts=500, sis="colleague", seed=49)
    return folder


@pytest.fixture(scope="session")
def small_run(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the small sample once, up to a submitted batch; look at it, do not change it."""
    from plans import take  # noqa: PLC0415 - most tests do without

    from reconcile.flow.run import run  # noqa: PLC0415

    return run(take(small, tmp_path_factory.mktemp("shared") / "run"))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where CI is set, an expected failure fails, and so does a skip for another reason than the system."""
    if os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK and list(_not_run(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Name the tests that did not run although they should."""
    if os.environ.get("CI"):
        for line in _not_run(config):
            terminalreporter.write_line(f"NOT RUN {line}", red=True)


def _not_run(config: pytest.Config):
    stats = config.pluginmanager.get_plugin("terminalreporter").stats
    for report in stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if ALLOWED_SKIP not in reason:
            yield f"{report.nodeid}: {reason}"
    for outcome in ("xfailed", "xpassed"):
        for report in stats.get(outcome, []):
            yield f"{report.nodeid}: {outcome}"
