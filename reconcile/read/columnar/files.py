"""Parquet and Arrow files batch by batch, measured by what they declare before anything is unpacked."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reconcile.read.columnar.ipc import FILE_MARK, declared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from reconcile.read.limits import Limits

_BATCH: Final = 65_536  # rows
_UNSUSPICIOUS: Final = 20_000_000  # values up to which no ratio is a bomb
_USUAL: Final = 5  # bytes a value
_AT_ONCE: Final = 100_000_000  # bytes
_FEW: Final = 64  # rows
_VIEW: Final = 16  # bytes, of which the first four tell how long a text is


class ParquetColumns:
    """A Parquet file: its footer says how large its columns are."""

    def __init__(self, data: bytes, /) -> None:
        """Read its footer; ArrowException or OSError where that is damaged."""
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._data = data
        self._file = pq.ParquetFile(io.BytesIO(data))
        self.schema = self._file.schema_arrow

    def declared(self, columns: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Give values and bytes of each group of rows; to ask for a damaged column of one would end all."""
        facts = self._file.metadata
        yield facts.num_rows * max(len(columns), 1), 0
        for group in range(facts.num_row_groups):
            yield 0, facts.row_group(group).total_byte_size

    def batches(self, columns: Sequence[int], *, folded: bool = True) -> Iterator[pa.RecordBatch]:
        """Give rows, texts in their dictionaries until they are counted: one may stand in every row.

        Where not all texts have one (OSError, "Not yet implemented"), they are unpacked a few rows at a time:
        each may begin like the one before, and be as long as all that is there.
        """
        import pyarrow.parquet as pq  # noqa: PLC0415

        names = [self.schema.names[i] for i in columns]
        texts = [self.schema.names[i] for i in columns if folded and _is_text(self.schema.field(i).type)]
        longest = max((size for _, size in self.declared(columns)), default=1)
        rows = _BATCH if folded else min(_BATCH, max(_FEW, _AT_ONCE // max(longest, 1)))
        file = pq.ParquetFile(io.BytesIO(self._data), read_dictionary=texts)
        wanted = names if len(columns) < len(self.schema) else None  # a name may stand twice
        return file.iter_batches(rows, columns=wanted)


class ArrowColumns:
    """An Arrow file or stream: its messages say how large their buffers are."""

    def __init__(self, data: bytes, /) -> None:
        """Read its schema; ArrowException or OSError where that is damaged."""
        self._data = data
        self.schema = self._open(None).schema

    def _open(self, columns: Sequence[int] | None) -> Any:  # noqa: ANN401 - a file or a stream
        import pyarrow as pa  # noqa: PLC0415

        options = pa.ipc.IpcReadOptions(included_fields=None if columns is None else [*columns])
        is_file = self._data.startswith(FILE_MARK)
        opened = pa.ipc.open_file if is_file else pa.ipc.open_stream
        return opened(io.BytesIO(self._data), options=options)

    def declared(self, _: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Give the bytes of each batch; its values are counted when it is read."""
        return ((0, size) for size in declared(self._data))

    def batches(self, columns: Sequence[int], *, folded: bool = True) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - as above
        """Give rows of these columns."""
        if not columns:
            return iter(())
        opened = self._open(columns)
        if self._data.startswith(FILE_MARK):
            return (opened.get_batch(i) for i in range(opened.num_record_batches))
        return iter(opened)


def _check_declared(pieces: Iterator[tuple[int, int]], packed: int, path: Path, limits: Limits) -> None:
    """Refuse what says itself that it unpacks to too much."""
    values = size = 0
    for more, larger in pieces:
        values, size = values + more, size + larger
        _check(values, size, packed, path, limits)


def _check(values: int, size: int, packed: int, path: Path, limits: Limits) -> None:
    limits.check("values", values, what=f"{path} has too many values")
    limits.check("unpacked", size, what=f"{path} unpacks to too many bytes")
    grown = max(values if values > _UNSUSPICIOUS else 0, size if size > _UNSUSPICIOUS * _USUAL else 0)
    limits.check("ratio", grown // packed, what=f"{path} unpacks to too many times its size")


def gather(
    file: ParquetColumns | ArrowColumns, columns: Sequence[int], packed: int, path: Path, limits: Limits
) -> pa.Table:
    """Read columns while their values and texts, dictionaries unfolded, stay within the limits.

    Args:
        file: is measured by what it declares before anything of it is unpacked.
        columns: their places.
        packed: bytes of the file.
        path: for messages.
        limits: what is refused.

    Raises:
        InputError: a limit is passed.
        ArrowException, ValueError, OSError: the file is damaged.
    """
    import pyarrow as pa  # noqa: PLC0415

    _check_declared(file.declared(columns), packed, path, limits)
    kept, unknown = list[pa.RecordBatch](), False
    try:
        kept = [*_counted(file.batches(columns), packed, path, limits)]
    except OSError as error:
        unknown = "Not yet implemented" in str(error)
        if not unknown:
            raise
    if unknown:
        kept = [*_counted(file.batches(columns, folded=False), packed, path, limits)]
    schema = pa.schema([file.schema.field(i) for i in columns])
    return pa.Table.from_batches(kept) if kept else schema.empty_table()


def _counted(
    batches: Iterator[pa.RecordBatch], packed: int, path: Path, limits: Limits
) -> Iterator[pa.RecordBatch]:
    values = size = 0
    for batch in batches:
        batch.validate(full=True)  # offsets beyond the buffers would be followed
        values += batch.num_rows * max(batch.num_columns, 1)
        size += batch.nbytes + sum(map(_unfolded, batch.columns))
        _check(values, size, packed, path, limits)
        yield batch


def _unfolded(column: pa.Array[Any]) -> int:
    """Bytes of the texts of a column of which several cells may share one."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if _is_view(column.type):
        views = column.buffers()[1]
        held = np.frombuffer(memoryview(views or b""), dtype=np.int32)[:: _VIEW // 4]
        return int(held[column.offset : column.offset + len(column)].sum(dtype=np.int64))
    if not isinstance(column, pa.DictionaryArray) or not _is_text(column.dictionary.type):
        return 0
    texts: Any = column.dictionary
    lengths = pc.take(pc.binary_length(texts), column.indices)
    return int(pc.sum(pc.cast(lengths, pa.int64())).as_py() or 0)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(test(kind) for test in tests)


def _is_view(kind: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    return pa.types.is_string_view(kind) or pa.types.is_binary_view(kind)
