"""Great Expectations over our own engine; the only module that imports great_expectations.

Importing it costs 3 to 5 seconds, so it is imported inside the function that runs a suite. The
execution engine answers every metric that a suite asks for from ONE statement of
`count_if(...)`, and never hands out values: lists of unexpected values stay empty.

It leans on internals of 1.24 (the metric registry and ids, Validator, the retry loop of the metric graph);
docs/adr says under which condition it goes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from reconcile.errors import ReconcileError
from reconcile.heavy import quickly
from reconcile.sql import quote
from reconcile.validate.predicates import METRICS, columns, counted, failing

os.environ["GX_ANALYTICS_ENABLED"] = "False"  # read while it is imported
_warnings_are_shown = warnings.showwarning
with warnings.catch_warnings(), quickly():
    warnings.simplefilter("ignore")  # it imports modules that Python deprecates
    from great_expectations.core.batch import Batch
    from great_expectations.core.expectation_suite import ExpectationSuite
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.core.id_dict import IDDict
    from great_expectations.exceptions.exceptions import GreatExpectationsError, MetricResolutionError
    from great_expectations.execution_engine.execution_engine import ExecutionEngine
    from great_expectations.expectations import core as _core  # noqa: F401 - registers the expectations
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metrics.metric_provider import MetricProvider
    from great_expectations.expectations.registry import _registered_metrics, register_metric
    from great_expectations.expectations.row_conditions import Condition
    from great_expectations.validator.validator import Validator

    if warnings.showwarning is not _warnings_are_shown:  # it sends the whole process's warnings to a log
        logging.captureWarnings(capture=False)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from great_expectations.validator.metric_configuration import MetricConfiguration

    from reconcile.engine import Table

_RUNNING = threading.Lock()
_COUNT = ".unexpected_count"
_LOOKED_AT = ".filtered_row_count"
_ROW_COUNT = "unexpected_rows_query.row_count"
_COUNTED = {metric: f"{metric}{_COUNT}" for metric in METRICS.values()} | {
    "unexpected_rows_query": _ROW_COUNT
}
_WITHHELD = (".unexpected_values", ".unexpected_index_list", ".unexpected_index_query", ".unexpected_rows")
_TABLE = ("table.row_count", "table.columns", "unexpected_rows_query.table")


@dataclass(frozen=True)
class Outcome:
    """What Great Expectations says of one rule.

    Attributes:
        rule_id: the rule.
        success: False also when the rule could not be evaluated.
        errored: True when the rule could not be evaluated.
        failures: rows that break it, 1 for a broken rule about the whole table, None when errored.
        rows: rows that it looked at, None when errored.
    """

    rule_id: str
    success: bool
    errored: bool
    failures: int | None
    rows: int | None


def run(suite: dict[str, Any], table: Table, /) -> dict[str, Outcome]:
    """Run a suite over a table and return an outcome a rule, by rule id.

    Args:
        suite: as the suite's JSON, its parameters filled in.
        table: every column that the rules read is text, or a list of texts.
    """
    engine = _DuckDB(table, tuple(suite["meta"]["columns"]))
    rules = ExpectationSuite(name=suite["name"], expectations=_understood(suite["expectations"]))
    validator = _Validator(execution_engine=engine, batches=[Batch(data=table)])  # type: ignore[arg-type] # our own handle
    # Given here and not to the validator, which keeps only one rule of a type on a column.
    with _built_once():
        result = validator.validate(rules, catch_exceptions=True, result_format="BASIC")
    assert isinstance(result, ExpectationSuiteValidationResult)  # noqa: S101 - it says so of a whole suite
    ids = [rule["meta"]["rule_id"] for rule in suite["expectations"]]
    unanswered = {name: Outcome(name, success=False, errored=True, failures=None, rows=None) for name in ids}
    return unanswered | {one.rule_id: one for one in (_outcome(one, engine.rows) for one in result.results)}


@contextlib.contextmanager
def _built_once() -> Iterator[None]:
    """Keep each rule's configuration, and the rule of each configuration, while a suite runs.

    Great Expectations builds them anew whenever they are read, about a hundred times a rule, and hashes JSON
    to tell metrics apart; that was most of what a small table cost.
    """
    configuration: Any = Expectation.configuration
    quicker = (
        (Expectation, "configuration", property(_once(configuration.fget))),
        (ExpectationConfiguration, "to_domain_obj", _once(ExpectationConfiguration.to_domain_obj)),
        (IDDict, "to_id", _written),
    )
    with _RUNNING, contextlib.ExitStack() as stack:
        for owner, name, made in quicker:
            stack.callback(setattr, owner, name, vars(owner)[name])
            setattr(owner, name, made)
        yield


def _once(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Keep what is built of an object, and the object too, so that no other gets its id."""
    kept: dict[int, tuple[Any, Any]] = {}

    def built(source: Any) -> Any:  # noqa: ANN401 - a rule or a configuration
        if id(source) not in kept:
            kept[id(source)] = (source, build(source))
        return kept[id(source)][1]

    return built


def _written(arguments: IDDict) -> str:
    """Tell a metric's arguments from others' for as long as the suite runs."""
    return repr(sorted(arguments.items()))


def _understood(rules: list[dict[str, Any]]) -> list[Expectation]:
    """Build the rules that Great Expectations accepts; one that it does not is left without an answer."""
    made = []
    for rule in rules:
        with contextlib.suppress(ValueError, TypeError, GreatExpectationsError):
            made.append(ExpectationConfiguration(**rule).to_domain_obj())
    return made


def _outcome(result: Any, rows: int) -> Outcome:  # noqa: ANN401 - GX types its results loosely
    rule_id = result.expectation_config.meta["rule_id"]
    info = result.exception_info or {}
    details = [info] if "raised_exception" in info else list(info.values())
    if any(one["raised_exception"] for one in details):
        return Outcome(rule_id, success=False, errored=True, failures=None, rows=None)
    found = result.result
    if "unexpected_count" in found:
        failures, looked_at = found["unexpected_count"], found["element_count"]
    elif result.expectation_config.type == "unexpected_rows_expectation":
        failures, looked_at = found["observed_value"], rows
    else:
        failures, looked_at = int(not result.success), rows
    return Outcome(rule_id, success=bool(result.success), errored=False, failures=failures, rows=looked_at)


class _Validator(Validator):
    """Runs without a project around it, which would have a folder, an id and settings of its own."""

    _include_rendered_content = False

    def _determine_progress_bars(self) -> bool:
        return False


class _Answered(MetricProvider):
    """Tells the metric graph that a metric needs no other metric before it."""

    @classmethod
    def _get_evaluation_dependencies(cls, *_: object, **__: object) -> dict[str, Any]:
        return {}


class _DuckDB(ExecutionEngine[str]):
    """Answers all metrics of a suite at once; a metric that fails takes no other one along."""

    def __init__(self, table: Table, known: tuple[str, ...]) -> None:
        super().__init__()
        self._known = known
        self._table = table
        self._columns = table.columns
        self._counts: dict[str, int | None] = {}
        self.rows = table.rows

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: dict[Any, Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 - GX's signature
    ) -> dict[Any, Any]:
        """Resolve metrics; called again with the same ones while some of them fail."""
        asked = list(metrics_to_resolve)
        if not asked:
            return metrics or {}
        counts = {one.id: text for one in asked if (text := self._expression(one))}
        self._count([text for text in dict.fromkeys(counts.values()) if text not in self._counts])
        failed = [one for one in asked if one.id in counts and self._counts[counts[one.id]] is None]
        if failed:
            raise MetricResolutionError(message="The rule could not be evaluated.", failed_metrics=failed)
        return {
            one.id: self._counts[counts[one.id]] if one.id in counts else self._plain(one) for one in asked
        }

    def _count(self, expressions: list[str]) -> None:
        """Count in one statement; only when that fails, one by one, so as to find the culprit."""
        try:
            self._counts |= self._ask(expressions)
        except ReconcileError:
            if len(expressions) == 1:
                self._counts[expressions[0]] = None
                return
            for expression in expressions:
                self._count([expression])

    def _ask(self, expressions: list[str]) -> dict[str, int | None]:
        if not expressions:
            return {}
        wanted = ", ".join(f"{text} AS {quote(str(n))}" for n, text in enumerate(expressions))
        row = self._table.engine.frame(f"SELECT {wanted} FROM {quote(self._table.name)}").row(0)
        return {text: int(count) for text, count in zip(expressions, row, strict=True)}

    def _expression(self, metric: MetricConfiguration) -> str:
        """Write the count that answers a metric, empty when no count does."""
        kwargs = dict(metric.metric_domain_kwargs) | dict(metric.metric_value_kwargs)
        condition = kwargs.get("row_condition")
        kwargs["row_condition"] = condition.dict() if isinstance(condition, Condition) else condition
        name = metric.metric_name
        if name == "table.row_count" or name.endswith(_LOOKED_AT):
            where = counted(kwargs)
            return f"coalesce(count_if({where}), 0)" if where else "count(*)"
        if name == _ROW_COUNT or name.endswith(_COUNT):
            rule = "unexpected_rows_query" if name == _ROW_COUNT else name.removesuffix(_COUNT)
            return self._failures(rule, kwargs)
        return ""

    def _failures(self, rule: str, kwargs: dict[str, Any]) -> str:
        """Write the count of a rule's failing rows; one that cannot be asked for has no answer."""
        try:
            text = f"coalesce(count_if({failing(rule, kwargs, table=self._table.name)}), 0)"
        except ReconcileError:
            text = f"{rule} {kwargs}"
            self._counts[text] = None
        if set(columns(kwargs, known=self._known)) - set(self._columns):
            self._counts[text] = None  # it would fail, and take the statement of all others along
        return text

    def _plain(self, metric: MetricConfiguration) -> list[str] | None:
        if metric.metric_name == "table.columns":
            return list(self._columns)
        return None if metric.metric_name.endswith("_query") else []

    def get_batch_data_and_markers(self, batch_spec: object) -> NoReturn:
        """Refuse: a batch is handed over when the validator is made."""
        raise NotImplementedError

    def _comparison_condition_to_filter_clause(self, condition: object) -> NoReturn:
        raise NotImplementedError

    def _nullity_condition_to_filter_clause(self, condition: object) -> NoReturn:
        raise NotImplementedError

    def _and_condition_to_filter_clause(self, condition: object) -> NoReturn:
        raise NotImplementedError

    def _or_condition_to_filter_clause(self, condition: object) -> NoReturn:
        raise NotImplementedError


def _register() -> None:
    """Tell GX which metrics our engine answers: the counts, the schema, and empty lists of values."""
    wanted = {*_TABLE, *_COUNTED.values()}
    wanted |= {f"{metric}{suffix}" for metric in METRICS.values() for suffix in (*_WITHHELD, _LOOKED_AT)}
    for name in sorted(wanted & set(_registered_metrics)):
        register_metric(
            metric_name=name,
            metric_domain_keys=_registered_metrics[name]["metric_domain_keys"],
            metric_value_keys=_registered_metrics[name]["metric_value_keys"],
            execution_engine=_DuckDB,
            metric_class=_Answered,
            metric_provider=None,
        )


_register()
