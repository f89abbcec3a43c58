"""Runs revisions against the library's database, or writes their SQL (--sql)."""

import os

from alembic import context
from sqlalchemy import create_engine

URL = os.environ.get("DATABASE_URL", "postgresql+psycopg://localhost/library")

if context.is_offline_mode():
    context.configure(url=URL, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(URL).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
