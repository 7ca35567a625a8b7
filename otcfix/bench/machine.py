"""What the figures were measured on."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path
from sysconfig import get_config_var

import otcfix
from otcfix.bench.children import Answer


def facts(folder: Path, postgresql: str) -> Answer:
    """Processor, memory, file system of *folder*, and versions.

    python_optimized: whether this Python was built with profile-guided optimization, which is
    worth 10 to 20 % of everything here.
    """
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "cpu": _line("/proc/cpuinfo", "model name"),
        "memory_mb": int(_line("/proc/meminfo", "MemTotal").split()[0]) // 1000,
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "platform": platform.platform(),
        "file_system": file_system(folder),
        "python": platform.python_version(),
        "python_optimized": "--enable-optimizations" in (get_config_var("CONFIG_ARGS") or ""),
        "quickfix": version("quickfix"),
        "psycopg": version("psycopg"),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": postgresql,
        "otcfix": otcfix.__version__,
    }


def file_system(folder: Path) -> str:
    """The type of the file system that holds *folder*: a commit to tmpfs is none."""
    here = str(folder.resolve())
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, found, *_ = line.split()
        inside = here == place or here.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):
            best, kind = place, found
    return kind


def _line(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "0"
