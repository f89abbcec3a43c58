"""Tell which servers this machine can host, a word a line: ``container``, ``local``, ``client``.

``client`` stands for the client tools that a server elsewhere needs. The script ``run`` asks this
before it installs anything.
"""

from __future__ import annotations

import sys

from shadowgate.errors import ServerError
from shadowgate.server.binaries import installations, with_postgis
from shadowgate.server.docker_daemon import connect_docker


def kinds() -> list[str]:
    """What is there, in the order in which ``auto`` prefers it."""
    found = installations()
    available = {
        "container": _docker_answers(),
        "local": with_postgis(found) is not None,
        "client": any(one.has_client_tools for one in found),
    }
    return [kind for kind, there in available.items() if there]


def _docker_answers() -> bool:
    try:
        connect_docker().close()
    except ServerError:
        return False
    return True


if __name__ == "__main__":
    sys.stdout.writelines(f"{kind}\n" for kind in kinds())
