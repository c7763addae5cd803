"""The command that shows the data dictionary itself."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import Annotated

import typer

from reconcile.cli.validate import Language, Suite


def dictionary(
    word: Annotated[
        str | None,
        typer.Argument(help="An element by any of its names, or a rule by its id.", metavar="ELEMENT"),
    ] = None,
    *,
    suite: Annotated[Suite | None, typer.Option(help="Only what this suite checks.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write all of it as an HTML page.", metavar="FILE")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the names in the list.")] = Language.EN,
) -> None:
    """Show the data dictionary, an element or a rule of it.

    An entry has the facts, what its rules check, how grave each is in which
    suite, and what is said in English and Spanish. In the list 2c 1w 1i are
    two critical rules, a warning and an information.

    Example: `reconcile dictionary email`

    Example: `reconcile dictionary --suite mint_request`

    Example: `reconcile dictionary --page dictionary.html`
    """
    from reconcile import resources  # noqa: PLC0415 - `--help` stays quick
    from reconcile.validate.dictionary import read_dictionary  # noqa: PLC0415
    from reconcile.validate.lookup import describe, overview_text  # noqa: PLC0415

    elements = read_dictionary(resources.expectations())
    if page is not None:
        from reconcile.files import write_private  # noqa: PLC0415
        from reconcile.validate.book import dictionary_html  # noqa: PLC0415

        write_private(page, dictionary_html(elements))
        typer.echo(f"Page  {page}")
    only = suite.value if suite else None
    if word is not None:
        typer.echo(describe(word, suite=only))
    elif page is None:
        typer.echo(overview_text(elements, suite=only, language=language.value))
