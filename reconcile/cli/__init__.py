"""The command `reconcile`: parse, call, print; whatever thinks lives elsewhere.

Exit codes: 0 done; 1 the gate is closed; 2 an input, a plan or the command itself cannot be used;
3 a defect of ours; 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from reconcile.cli.app import app
from reconcile.cli.failures import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None, /) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: without the program's name; those of the process when None.
    """
    for stream in (sys.stdout, sys.stderr):  # a cp1252 console shows a ? where it lacks a letter
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    given.sort(key=lambda word: word != "--debug")  # understood before and after the command
    try:
        code = app(given, prog_name="reconcile", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - the one place where every failure becomes a message
        return explain(error, debug="--debug" in given)
    if code == INTERRUPTED:
        sys.stderr.write("\nStopped. Finished runs and the registry are as they were.\n")
    return code or 0
