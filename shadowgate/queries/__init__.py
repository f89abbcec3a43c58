"""What is asked of a database: files of queries, or what the catalogue says that it is asked."""

from shadowgate.queries.derived import derive_workload
from shadowgate.queries.parameters import bind_parameters, bind_workload
from shadowgate.queries.workload import Query, Workload, load_workload, with_rewrites

__all__ = [
    "Query",
    "Workload",
    "bind_parameters",
    "bind_workload",
    "derive_workload",
    "load_workload",
    "with_rewrites",
]
