from __future__ import annotations

import contextlib
import io
import random

import polars as pl
import pyarrow as pa
import pytest

from reconcile.read.columnar.ipc import declared

TABLE = pa.table({"id": ["0"] * 9000, "n": [7] * 9000, "kind": pa.array(["a"] * 9000).dictionary_encode()})


def written(codec: str | None, *, stream: bool) -> bytes:
    out = io.BytesIO()
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(out, TABLE.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(TABLE, max_chunksize=4000)
    return out.getvalue()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("codec", [None, "zstd", "lz4"])
def test_messages_tell_what_they_unpack_to(codec: str | None, stream: bool):
    plain, data = [*declared(written(None, stream=True))], written(codec, stream=stream)
    told = [*declared(data)]
    assert len(told) == 4  # the dictionary and three batches
    assert sum(told) == pytest.approx(sum(plain), abs=64)  # buffers are padded
    assert codec is None or len(data) < sum(told) / 3


def test_what_polars_writes_is_measured_as_well():
    out = io.BytesIO()
    pl.from_arrow(TABLE).write_ipc(out, compression="zstd")
    assert sum(declared(out.getvalue())) > 9000 * 9


def test_damage_ends_the_measuring():
    rng = random.Random(5)  # noqa: S311 - repeatable
    for stream in (False, True):
        data = written("lz4", stream=stream)
        for _ in range(300):
            damaged = bytearray(data)
            for _ in range(rng.randint(1, 4)):
                damaged[rng.randrange(len(data))] = rng.randrange(256)
            with contextlib.suppress(ValueError):
                sum(declared(bytes(damaged[: rng.randint(8, len(data))])))
