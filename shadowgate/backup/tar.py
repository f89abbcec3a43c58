"""See that a tar archive is whole: pg_restore takes a truncated one for a complete one."""

from __future__ import annotations

from shadowgate.errors import BackupError

_BLOCK = 512
_SIZE = slice(124, 136)


class TarScan:
    """Reads a tar archive through in chunks, from member header to member header."""

    def __init__(self) -> None:
        self._header = b""
        self._skip = 0
        """Bytes up to the next header."""
        self._ended = False

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk.

        Raises:
            BackupError: a member's header is damaged.
        """
        position = 0
        while position < len(chunk) and not self._ended:
            if self._skip:
                step = min(self._skip, len(chunk) - position)
                self._skip -= step
                position += step
                continue
            taken = chunk[position : position + _BLOCK - len(self._header)]
            self._header += taken
            position += len(taken)
            if len(self._header) == _BLOCK:
                self._pass_member(self._header)
                self._header = b""

    def finish(self) -> None:
        """Judge the end.

        Raises:
            BackupError: the archive stops before its end mark.
        """
        if not self._ended:
            raise BackupError(
                "the tar archive ends in the middle: the backup is truncated",
                todo="copy the backup again and compare its size with the original's",
            )

    def _pass_member(self, header: bytes) -> None:
        if not header.strip(b"\0"):
            self._ended = True
            return
        size = header[_SIZE]
        try:
            # Members of 8 GiB and more have their size in base 256, marked by the top bit.
            octal = not size[0] & 0x80
            length = int(size.strip(b" \0"), 8) if octal else int.from_bytes(size[1:], "big")
        except ValueError as error:
            raise BackupError(
                "the tar archive has a damaged member header",
                todo="copy the backup again and compare its checksum with the original's",
            ) from error
        self._skip = -(-length // _BLOCK) * _BLOCK
