"""python -m otcfix.bench: the same as `otcfix bench`."""

import argparse
import os
import signal
import sys
from pathlib import Path

from otcfix.bench import DATABASES, FULL_PHASES, PHASES, run


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m otcfix.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--full", action="store_true", help="the long ones too")
    parser.add_argument("--phase", default="", help=", ".join(PHASES + FULL_PHASES))
    parser.add_argument("--database", default="", help=", ".join(DATABASES))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--cycles", type=int, help="of the memory phase (500,000)")
    parser.add_argument("--postgresql", metavar="URL", help="a server that is there")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="py-spy on the desk")
    parser.add_argument("--folder", type=Path, help="where the databases lie (a real disk)")
    parser.add_argument("--feed", type=Path, metavar="FILE", help="a recorded market")
    parser.add_argument("--one-way", action="store_true", help="ask for one side only")
    parser.add_argument(
        "--quiet",
        type=float,
        default=0.0,
        metavar="SECONDS",
        dest="quiet_s",
        help="spend so much on waiting for others and on repeating what they disturbed",
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all is cleared away
    try:
        return run(
            options.json,
            options.full,
            phase=options.phase,
            database=options.database,
            rounds=options.rounds,
            cycles=options.cycles,
            postgresql=options.postgresql or os.environ.get("OTCFIX_BENCH_POSTGRESQL", ""),
            profile=options.profile,
            folder=options.folder,
            one_way=options.one_way,
            quiet_s=options.quiet_s,
            feed=options.feed,
        )
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
