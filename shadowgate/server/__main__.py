"""Tell which servers this machine can host, a word a line: ``container``, ``local``, ``client``.

``client`` stands for the client tools that a server elsewhere needs. The script ``run`` asks this
before it installs anything.
"""

from __future__ import annotations

import sys

from shadowgate.server.binaries import installations, with_postgis
from shadowgate.server.docker_daemon import docker_error


def kinds() -> list[str]:
    """What is there, in the order in which ``auto`` prefers it."""
    found = installations()
    available = {
        "container": docker_error() is None,
        "local": with_postgis(found) is not None,
        "client": any(one.has_client_tools for one in found),
    }
    return [kind for kind, there in available.items() if there]


if __name__ == "__main__":
    sys.stdout.writelines(f"{kind}\n" for kind in kinds())
