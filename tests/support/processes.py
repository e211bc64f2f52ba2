"""
The processes that a process started (Linux).
"""

from pathlib import Path


def children(process_id: int) -> dict[str, int]:
    """
    The ids of the processes that `process_id` started, by their command lines.
    """
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat, line = (entry / "stat").read_text(), (entry / "cmdline").read_text()
        except OSError:
            continue  # it ended meanwhile
        if int(stat.rpartition(")")[2].split()[1]) == process_id:
            found[line] = int(entry.name)
    return found
