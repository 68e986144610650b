"""Readers and writers of all files of taskgraph."""

from taskgraph.tables.columns import Kind, kind_of, renamed
from taskgraph.tables.costs import read_label_costs
from taskgraph.tables.default import default_transfers
from taskgraph.tables.documents import (
    read_problem,
    read_taxonomy,
    write_problem,
    write_taxonomy,
)
from taskgraph.tables.files import read_frame, read_header
from taskgraph.tables.many_files import TableFiles, expanded
from taskgraph.tables.naming import naming
from taskgraph.tables.networks import NetworkReading, read_networks
from taskgraph.tables.readers import (
    read_losses,
    read_scores,
    read_transfers,
    read_wins,
    table_kind,
    write_losses,
    write_transfers,
)
from taskgraph.tables.taskonomy import load_numbers, read_taskonomy
from taskgraph.tables.transfer_names import read_transfer_names
from taskgraph.tables.wide import melted
from taskgraph.tables.writing import (
    SUFFIXES,
    check_folder,
    check_writable,
    write_bytes,
    write_frame,
    write_text,
)

__all__ = [
    "SUFFIXES",
    "Kind",
    "NetworkReading",
    "TableFiles",
    "check_folder",
    "check_writable",
    "default_transfers",
    "expanded",
    "kind_of",
    "load_numbers",
    "melted",
    "naming",
    "read_frame",
    "read_header",
    "read_label_costs",
    "read_losses",
    "read_networks",
    "read_problem",
    "read_scores",
    "read_taskonomy",
    "read_taxonomy",
    "read_transfer_names",
    "read_transfers",
    "read_wins",
    "renamed",
    "table_kind",
    "write_bytes",
    "write_frame",
    "write_losses",
    "write_problem",
    "write_taxonomy",
    "write_text",
    "write_transfers",
]
