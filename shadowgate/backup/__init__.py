"""Backups: recognised by content, unwrapped, restored; or generated and cached."""

from shadowgate.backup.cache import cache_directory
from shadowgate.backup.cluster import examine_cluster, is_cluster_dump
from shadowgate.backup.contents import Needs
from shadowgate.backup.generate import cached_path, generated_backup
from shadowgate.backup.recognise import Backup, Format, examine_backup, expect_sha256
from shadowgate.backup.requirements import Lack, lacks_of
from shadowgate.backup.restore import (
    ReadBackup,
    Restoration,
    read_backup,
    restore,
    unwrapped,
)
from shadowgate.backup.roles import create_roles
from shadowgate.backup.source import TakenDump, take_from_source

__all__ = [
    "Backup",
    "Format",
    "Lack",
    "Needs",
    "ReadBackup",
    "Restoration",
    "TakenDump",
    "cache_directory",
    "cached_path",
    "create_roles",
    "examine_backup",
    "examine_cluster",
    "expect_sha256",
    "generated_backup",
    "is_cluster_dump",
    "lacks_of",
    "read_backup",
    "restore",
    "take_from_source",
    "unwrapped",
]
