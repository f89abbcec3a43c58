"""Whatever becomes of a run, what it made is cleaned up: by a process that outlives it.

Every run starts one or two of them, so what is imported here takes little time.
"""

from shadowgate.cleanup.guardian import Guardian, guarded_folder

__all__ = ["Guardian", "guarded_folder"]
