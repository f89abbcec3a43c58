"""The project's own conftest: shadowgate's plugin is loaded by ``addopts`` in pyproject.toml."""
