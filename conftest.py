"""Loads the plugin, also where the package was not installed; fixtures stand with their tests."""

from __future__ import annotations

pytest_plugins = ("shadowgate.plugin",)
