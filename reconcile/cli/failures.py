"""Turns whatever was raised into one message and an exit code, without a value of anybody's data."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from reconcile.errors import ReconcileError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE: Final = 2
DEFECT: Final = 3

_HELP: Final = "Usage: "

_REPORT: Final = (
    "This is a defect of reconcile, not of your data. Finished runs and the registry are as they were.\n"
    "To report it, send the lines above and what --debug adds: places in the code, no values.\n"
    "Do not send your files, and no screenshot that shows a student."
)


def explain(error: Exception, /, *, debug: bool = False) -> int:
    """Print what happened on stderr and return the exit code."""
    message, code = _told(error)
    say(message if message.startswith(_HELP) else f"reconcile: {message}")
    if debug or os.environ.get("RECONCILE_DEBUG"):
        say("\n".join(places(error)))
    if code == DEFECT:
        say(_REPORT)
    return code


def say(message: str) -> None:
    """Write a line to stderr; never through rich, which would read [section] as markup."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def places(error: BaseException, /) -> Iterator[str]:
    """List where in the code an error and its causes passed: types and lines, no messages, no locals."""
    yield f"{type(error).__name__}, raised through:"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from places(cause)


def _told(error: Exception) -> tuple[str, int]:
    if isinstance(error, ReconcileError):
        return str(error), error.exit_code
    if isinstance(error, typer.TyperException):
        return _misuse(error), USAGE
    if isinstance(error, typer.Abort):
        return "Nothing was answered, so nothing was done.", USAGE
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"The system refused: {error.strerror}{where}. Free it, or name another place.", USAGE
    if isinstance(error, MemoryError):
        return "The memory of this machine was not enough. Close other programs, or read fewer rows.", USAGE
    # The text of a foreign exception may quote a value, so that its type and place have to do.
    return f"{type(error).__name__} at {_place(error)}.", DEFECT


def _place(error: Exception) -> str:
    ours = Path(__file__).resolve().parent.parent
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).is_relative_to(ours)] or list(frames)
    if not inside:
        return "an unknown place"
    last = inside[-1]
    file = Path(last.filename)
    return f"{file.relative_to(ours.parent) if file.is_relative_to(ours) else file.name}:{last.lineno}"


def _misuse(error: typer.TyperException) -> str:
    """Say what is wrong with the command line, and what was probably meant."""
    message = error.format_message()
    if message.startswith(_HELP):  # nothing was asked for
        return message
    message = message.split(" (Possible")[0].split(" Did you mean")[0].rstrip(".")
    message = message.replace("Value error, ", "")
    context = getattr(error, "ctx", None)
    if context is None:
        return message + "."
    option = getattr(error, "option_name", None)
    known: list[str] = []
    wrong = ""
    if option:
        names = [name for parameter in context.command.params for name in parameter.opts]
        wrong, known = option, [*(name for name in names if name.startswith("-")), "--help"]
    elif "No such command" in message:
        wrong, known = message.split("'")[1], list(context.command.commands)
    hint = nearest(wrong, known) if wrong else ""
    return f"{message}.{hint}\nTry: {context.command_path} --help"
