"""The public surface: what is promised, how it is called, and what importing it costs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import reconcile
from reconcile import errors

VERBS = (
    "find_duplicates", "join", "link", "mint", "read", "report", "resolve", "review", "run",
    "standardize", "validate",
)  # fmt: skip
HEAVY = (
    "IPython", "alembic", "altair", "duckdb", "great_expectations", "jupyterlab", "pandas", "rapidfuzz",
    "sqlalchemy", "vl_convert",
)  # fmt: skip


def test_the_list_is_sorted_short_and_true() -> None:
    names = reconcile.__all__
    by_case = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert list(names) in (sorted(names), by_case)
    assert len(names) == len(set(names)) <= 25
    assert [name for name in names if not hasattr(reconcile, name)] == []
    assert set(VERBS) <= set(names)


def test_everything_listed_is_described() -> None:
    assert [name for name in reconcile.__all__ if not (getattr(reconcile, name).__doc__ or "").strip()] == []


def test_every_kind_of_error_is_listed() -> None:
    """What is a special case of a listed one is caught by it, and has its name in reconcile.errors."""
    known = {thing for thing in vars(errors).values() if inspect.isclass(thing)}
    kinds = {thing for thing in known if issubclass(thing, errors.ReconcileError)}
    listed = {name for name in reconcile.__all__ if inspect.isclass(getattr(reconcile, name))}
    assert {thing.__name__ for thing in kinds if errors.ReconcileError in thing.__bases__} <= listed
    for thing in kinds:
        assert listed.intersection(base.__name__ for base in thing.__mro__[:2])


def test_verbs_stay_callable_after_every_submodule_was_imported() -> None:
    """Importing the folder `reconcile.read` could put the folder into the place of the function."""
    for found in pkgutil.walk_packages(reconcile.__path__, "reconcile."):
        if not found.name.endswith(("__main__", "migrations.env")):
            importlib.import_module(found.name)
    assert [name for name in VERBS if not inspect.isfunction(getattr(reconcile, name))] == []
    before = printed(f"import reconcile\nprint([getattr(reconcile, v).__module__ for v in {VERBS!r}])")
    assert before == str([getattr(reconcile, verb).__module__ for verb in VERBS])


@pytest.mark.parametrize(
    "script",
    [
        "import reconcile",
        "import sys; sys.argv = ['reconcile', '--help']\nfrom reconcile.cli import main\nmain(['--help'])",
        "from reconcile.cli import main\nmain(['run', '--help'])",
    ],
    ids=["import", "help", "help of a command"],
)
def test_nothing_heavy_is_imported(script: str) -> None:
    """A second of patience is all there is; counted in packages, since seconds depend on the machine."""
    told = printed(f"{script}\nimport sys\nprint('heavy', sorted({set(HEAVY)!r} & set(sys.modules)))")
    assert told.splitlines()[-1] == "heavy []"


@pytest.mark.parametrize("verb", VERBS)
def test_data_is_positional_and_options_have_names(verb: str) -> None:
    parameters = inspect.signature(getattr(reconcile, verb)).parameters.values()
    kinds = {parameter.kind for parameter in parameters}
    assert kinds <= {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.KEYWORD_ONLY}
    flags = [p for p in parameters if isinstance(p.default, bool)]
    assert all(flag.kind is inspect.Parameter.KEYWORD_ONLY for flag in flags)


@pytest.mark.parametrize("verb", VERBS)
def test_no_function_hides_in_a_verb(verb: str) -> None:
    """A verb is a plain function that a notebook can ask for its help."""
    function = getattr(reconcile, verb)
    assert inspect.isfunction(function)
    assert function.__name__ == verb
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty


def test_every_module_says_what_it_is_for() -> None:
    silent = []
    for found in pkgutil.walk_packages(reconcile.__path__, "reconcile."):
        spec = found.module_finder.find_spec(found.name)  # type: ignore[call-arg]
        source = spec.loader.get_source(found.name) if spec else ""
        if not source.lstrip().startswith(('"""', 'r"""')):
            silent.append(found.name)
    assert silent == []


def printed(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
