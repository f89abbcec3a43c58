"""Loads the plugin; everything else stands beside the tests that need it."""

from __future__ import annotations

pytest_plugins = ("shadowgate.plugin",)
