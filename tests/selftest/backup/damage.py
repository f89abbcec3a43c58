"""Ways in which a dump gets damaged on its way, drawn from seeded random numbers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

Damage = Callable[[bytes, Random], bytes]


def _block(content: bytes, random: Random) -> tuple[int, int]:
    """Where a block of it begins and ends: a sector or a page, as media lose them."""
    size = min(random.choice((16, 512, 4096)), len(content))
    start = random.randrange(len(content) - size + 1)
    return start, start + size


def _cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content))]


def _flip(content: bytes, random: Random) -> bytes:
    place = random.randrange(len(content))
    changed = content[place] ^ 1 << random.randrange(8)
    return content[:place] + bytes([changed]) + content[place + 1 :]


def _overwrite(content: bytes, random: Random, *, zeros: bool) -> bytes:
    start, end = _block(content, random)
    filler = bytes(end - start) if zeros else random.randbytes(end - start)
    return content[:start] + filler + content[end:]


def _lose(content: bytes, random: Random) -> bytes:
    start, end = _block(content, random)
    return content[:start] + content[end:]


def _double(content: bytes, random: Random) -> bytes:
    start, end = _block(content, random)
    return content[:end] + content[start:]


def _insert(content: bytes, random: Random) -> bytes:
    start, end = _block(content, random)
    return content[:start] + random.randbytes(end - start) + content[start:]


def _change_line_ends(content: bytes, random: Random) -> bytes:
    """What a transfer as text does to it."""
    back = random.random() < 0.5
    return content.replace(b"\r\n", b"\n") if back else content.replace(b"\n", b"\r\n")


def _append(content: bytes, random: Random) -> bytes:
    return content + random.choice((content, bytes(4096), random.randbytes(64)))


DAMAGES: dict[str, Damage] = {
    "cut off": _cut,
    "a bit flipped": _flip,
    "a block zeroed": lambda content, random: _overwrite(content, random, zeros=True),
    "a block overwritten": lambda content, random: _overwrite(content, random, zeros=False),
    "a block lost": _lose,
    "a block twice": _double,
    "bytes inserted": _insert,
    "line ends changed": _change_line_ends,
    "something appended": _append,
}


def damage_file(whole: Path, damaged: Path, random: Random) -> str:
    """Write a damaged copy of a file; return what was done to it."""
    name = random.choice(sorted(DAMAGES))
    damaged.write_bytes(DAMAGES[name](whole.read_bytes(), random))
    return name


def damage_folder(whole: Path, damaged: Path, random: Random) -> str:
    """Write a damaged copy of a folder: a file of it damaged, lost or mixed up with another."""
    shutil.copytree(whole, damaged)
    files = sorted(damaged.iterdir())
    file = random.choice(files)
    match random.randrange(6):
        case 0:
            file.unlink()
            return f"{file.name} lost"
        case 1:
            other = random.choice([each for each in files if each != file])
            shutil.copyfile(other, file)
            return f"{file.name} is {other.name}"
        case 2:
            file.write_bytes(b"")
            return f"{file.name} empty"
        case _:
            content = file.read_bytes()
            return f"{file.name}: {damage_file(file, file, random)}" if content else "nothing"
