"""What Alembic runs: the steps on the connection, and in the transaction, that schema.py opened."""

from __future__ import annotations

from alembic import context

# Anything that imports every module of the package comes by here too, without Alembic behind it.
if hasattr(context, "config"):
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()
