"""Kinds of objects, in PostgreSQL's words, and what kinds have in common."""

from __future__ import annotations

VIEWS = ("view", "materialized view")
STORED = ("table", "materialized view")
"""What has rows of its own, and can have indexes."""
RELATIONS = ("table", "foreign table", *VIEWS)
"""What has columns and is read as a table is."""
PARTS = ("column", "constraint", "trigger", "rule", "policy")
"""What has its name within a relation."""
IN_A_SCHEMA = (
    *RELATIONS,
    "sequence",
    "index",
    "routine",
    "type",
    "statistics",
    "collation",
    "conversion",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "text search template",
)
KINDS = (
    "schema",
    *IN_A_SCHEMA,
    *PARTS,
    "extension",
    "event trigger",
    "publication",
    "default privileges",
    "system privileges",
    "role",
    "setting",
    "server setting",
    "replication slot",
    "database",
)
"""Kinds of objects that an expectation can name."""
