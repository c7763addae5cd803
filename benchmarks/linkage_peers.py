"""The same linkage by Splink 5, with the comparisons and the training that its documentation shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    from benchmarks.linkage_data import Task

_LEAST: Final = 0.01
_SAMPLED_PAIRS: Final = 5e6
_SMALL: Final = 20_000  # rows


def splink(task: Task, /) -> pl.DataFrame:
    """Score a task with first and last name compared apart, the better of its two documented ways.

    Returns:
        id_l, id_r, match_probability, from a hundredth on.
    """
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415 - of the group `bench`

    frames = [_clean(pl.read_parquet(path), task.fields) for path in (task.left, task.right) if path]
    wide = sum(frame.height for frame in frames) <= _SMALL
    settings = SettingsCreator(
        link_type="dedupe_only" if task.right is None else "link_only",
        unique_id_column_name="id",
        comparisons=_comparisons(task.fields),
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in _rules(task.fields, wide=wide)],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    api = DuckDBAPI()
    names = ("a_left", "b_right")
    tables = [
        api.register(frame.to_arrow(), dataset_display_name=name)
        for frame, name in zip(frames, names, strict=False)
    ]
    linker = Linker(tables if task.right else tables[0], settings, log_level=None)
    sure = [block_on("first_name", "last_name", "birthdate")]
    if wide:  # exact agreement on all is rare in damaged data
        sure = [block_on("first_name", "birthdate"), block_on("last_name", "birthdate")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLED_PAIRS, seed=1)
    for rule in (("first_name", "last_name"), ("birthdate",)):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), max_pairs=_SAMPLED_PAIRS
        )
    scored = linker.inference.predict(threshold_match_probability=_LEAST)
    found: Any = pl.from_arrow(
        scored.as_duckdbpyrelation().select("id_l, id_r, match_probability").to_arrow_table()
    )
    return found


def _clean(frame: pl.DataFrame, fields: tuple[str, ...]) -> pl.DataFrame:
    text = pl.col(fields).cast(pl.String).str.strip_chars()
    frame = frame.select("id", pl.when(text != "").then(text).name.keep())
    plain = pl.col("first_name", "last_name").str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    # Splink reads dates of one shape only.
    date = pl.col("birthdate").str.replace(r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")
    return frame.with_columns(plain.str.to_lowercase(), date)


def _rules(fields: tuple[str, ...], *, wide: bool) -> list[tuple[str, ...]]:
    rules = [
        ("first_name", "last_name"),
        ("first_name", "birthdate"),
        ("last_name", "birthdate"),
        ("substr(first_name, 1, 2)", "substr(last_name, 1, 2)", "substr(birthdate, 1, 4)"),
    ]
    if wide:  # a small table can afford them
        rules += [("first_name",), ("last_name",), ("birthdate",)]
    rules += [(name,) for name in ("email", "phone", "ssid") if name in fields]
    rules += [("ssn_last4", name) for name in ("birthdate", "last_name") if "ssn_last4" in fields]
    if "zip" in fields:
        rules += [("zip", "first_name"), ("zip", "last_name")]
    return rules


def _comparisons(fields: tuple[str, ...]) -> list[Any]:
    from splink import comparison_library as cl  # noqa: PLC0415

    made = {
        "first_name": lambda: cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
        "last_name": lambda: cl.NameComparison("last_name").configure(term_frequency_adjustments=True),
        "birthdate": lambda: cl.DateOfBirthComparison("birthdate", input_is_string=True),
        "email": lambda: cl.EmailComparison("email"),
        "phone": lambda: cl.DamerauLevenshteinAtThresholds("phone", [1]),
        "ssid": lambda: cl.DamerauLevenshteinAtThresholds("ssid", [1, 2]),
        "ssn_last4": lambda: cl.ExactMatch("ssn_last4"),
        "zip": lambda: cl.LevenshteinAtThresholds("zip", [1]),
        "city": lambda: cl.JaroWinklerAtThresholds("city").configure(term_frequency_adjustments=True),
        "street": lambda: cl.JaroWinklerAtThresholds("street"),
        "middle_name": lambda: cl.JaroWinklerAtThresholds("middle_name"),
        "suffix": lambda: cl.ExactMatch("suffix"),
    }
    return [made[name]() for name in fields]
