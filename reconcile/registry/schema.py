"""Which schema a registry has, and the way to the newest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from reconcile.errors import RegistryError
from reconcile.registry.tables import SCHEMA

if TYPE_CHECKING:
    from alembic.config import Config


def version(connection: sa.Connection, /) -> str | None:
    """Read the schema's version; None when the database is empty.

    Raises:
        RegistryError: the database holds tables of something else.
    """
    names = sa.inspect(connection).get_table_names()
    if not names:
        return None
    if "alembic_version" in names and "meta" in names:
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return str(found)
    raise RegistryError(
        "The database holds tables of something else, so it is no registry. Name another file or database."
    )


def upgrade(connection: sa.Connection, found: str | None, /) -> None:
    """Bring a schema to the newest version inside the transaction that is open.

    Raises:
        RegistryError: a newer release of the toolkit made the registry.
    """
    if found == SCHEMA:
        return
    from alembic import command  # noqa: PLC0415 - only needed when a registry is made or moved on

    require_known(found)
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def require_known(found: str | None, /) -> None:
    """Refuse a schema that a newer release of the toolkit made.

    Raises:
        RegistryError: it is one.
    """
    if found not in (None, SCHEMA) and found not in _known(configuration()):
        raise RegistryError(
            f"The registry has schema {found}, this release knows {SCHEMA}: a newer release made it. "
            "Upgrade reconcile; nothing was changed."
        )


def configuration() -> Config:
    """Describe to Alembic where the migrations are, in a checkout and in a wheel."""
    from alembic.config import Config  # noqa: PLC0415 - only needed when a registry is made or moved on

    config = Config()
    config.set_main_option("script_location", "reconcile.registry:migrations")
    return config


def _known(config: Config) -> set[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
