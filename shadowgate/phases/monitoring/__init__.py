"""Phase 3: what the server does can be read afterwards."""
