"""Migrations as they lie in a repository: which layout, in what order, what a branch adds.

Reading is pure: files in, migrations out. git is asked in :mod:`shadowgate.repository.git` alone,
and each pending migration is judged by a process of its own, as ``shadowgate check`` or
``shadowgate run`` would. Little is imported here: where nothing changed, that is said at once.
"""
