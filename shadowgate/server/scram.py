"""The superuser's password of a server that is made for a run, and what the server keeps of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_SALT_BYTES = 12
_ITERATIONS = 1
"""The usual 4,096 make a password that a person thought of hard to guess, and every session pay for
it: 6 of its 11 ms. This one is random."""


def random_password() -> str:
    """Make a password of 192 random bits, in letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(24)


def verifier(password: str) -> str:
    """What a server stores instead of a password, as ``CREATE ROLE … PASSWORD`` takes it.

    So a server can be told of its password without being told it. The format is that of
    ``pg_authid.rolpassword``, the keys are those of RFC 5802, section 3, with SHA-256.

    Args:
        password: in ASCII, which SASLprep leaves as it is; as random as one by
            :func:`random_password`, since it is hashed only once.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_b64(salt)}${_b64(stored_key)}:{_b64(server_key)}"


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
