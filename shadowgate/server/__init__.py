"""Where PostGIS runs: a container, a local ephemeral cluster or an external server."""
