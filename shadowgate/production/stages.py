"""The stages of a rollout after which production is looked at."""

from __future__ import annotations

STAGES = ("canary", "gradual", "full", "stabilisation")
"""Stages of the rollout plan after which a server is migrated: the canary in the first two, from
the 100 % on the primary."""

SHADOW = "reports/shadow.json"
"""The shadow run that is taken if it is there and none is named."""
