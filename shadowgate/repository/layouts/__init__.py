"""The layouts of migrations that teams have, each told by its files and read by one function."""

from __future__ import annotations

from shadowgate.repository.layouts import (
    alembic,
    dbmate,
    django,
    flyway,
    golang_migrate,
    goose,
    plain,
    sqitch,
    supabase,
)
from shadowgate.repository.layouts.layout import Layout

LAYOUTS: tuple[Layout, ...] = (
    supabase.LAYOUT,
    flyway.LAYOUT,
    golang_migrate.LAYOUT,
    dbmate.LAYOUT,
    goose.LAYOUT,
    sqitch.LAYOUT,
    alembic.LAYOUT,
    django.LAYOUT,
    plain.LAYOUT,
)
"""A file is taken by the first that knows it."""

BY_NAME = {layout.name: layout for layout in LAYOUTS}

__all__ = ["BY_NAME", "LAYOUTS", "Layout"]
