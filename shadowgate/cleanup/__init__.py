"""Whatever becomes of a run, what it made is cleaned up: by a process that outlives it.

Every run starts one or two of them, so what is imported here takes little time.
"""

from shadowgate.cleanup.guardian import Guardian, guarded_folder
from shadowgate.cleanup.resources import ClusterWard, ContainerWard, DatabaseWard, FolderWard, Ward

__all__ = [
    "ClusterWard",
    "ContainerWard",
    "DatabaseWard",
    "FolderWard",
    "Guardian",
    "Ward",
    "guarded_folder",
]
