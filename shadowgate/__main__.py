"""``python -m shadowgate`` is the command ``shadowgate``."""

from __future__ import annotations

import sys

from shadowgate.command import main

sys.exit(main())
