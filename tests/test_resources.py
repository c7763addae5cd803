"""Shipped folders are found in a checkout and in a wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from reconcile import resources
from reconcile.errors import ReconcileError

ROOT = Path(__file__).resolve().parent.parent
ASK = """
import reconcile.resources as r
print(r.__file__, r.checkout(), r.notebooks(), r.expectations(), r.sample(), sep="\\n")
"""


def test_a_checkout_uses_its_own_folders_never_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert resources.checkout() == ROOT
    assert resources.notebooks() == ROOT / "notebooks"
    assert resources.expectations() == ROOT / "expectations"
    assert resources.sample() == ROOT / "data" / "sample"

    package = tmp_path / "reconcile"
    for folder in (package / "_shipped" / "notebooks", tmp_path / "notebooks"):
        folder.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "reconcile"\n', encoding="utf-8")
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.notebooks() == tmp_path / "notebooks"


@pytest.mark.parametrize("of_checkout", [True, False])
def test_an_incomplete_installation_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, of_checkout: bool
) -> None:
    if of_checkout:
        (tmp_path / "pyproject.toml").write_text('name = "reconcile"', encoding="utf-8")
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "reconcile")
    with pytest.raises(ReconcileError, match="git restore" if of_checkout else "Install the package again"):
        resources.sample()


def test_the_wheel_carries_them_into_an_empty_folder(tmp_path: Path) -> None:
    """Builds with the backend itself: no network, and no build environment that would need one."""
    build = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    wheels, site, empty = (tmp_path / name for name in ("wheels", "site", "empty"))
    for folder in (wheels, site, empty):
        folder.mkdir()
    subprocess.run([sys.executable, "-c", build, str(wheels)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        carried = set(archive.namelist())
    package = (path for path in (ROOT / "reconcile").rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert carried >= {path.relative_to(ROOT).as_posix() for path in package}
    # Our dependencies stay reachable; the checkout, which its .pth file would add, does not.
    path = os.pathsep.join((str(site), sysconfig.get_path("purelib")))
    asked = subprocess.run(
        [sys.executable, "-S", "-P", "-c", ASK],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert asked.returncode == 0, asked.stderr
    place, checkout, *folders = asked.stdout.split("\n")[:5]
    assert Path(place).is_relative_to(site)
    assert checkout == "None"
    shipped = site.resolve() / "reconcile" / "_shipped"
    assert [Path(folder) for folder in folders] == [
        shipped / name for name in ("notebooks", "expectations", "sample")
    ]
