"""`./dev bench`: run all benchmarks, or those that are named, and print their figures."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

BENCHES = {
    "accuracy": "recall, precision and seconds on the demo's exact truth, over ten seeds",
    "speed": "ratio to plain OCR and to pure decoding, rows for each stage, 2 against 5 samples a second",
    "memory": "peak memory at 5 and 30 minutes, first boxes, cost per minute",
    "matching": "100,000 texts against 10,000 names; clusters of 20,000 texts",
    "brands": "merging brands seen in 20 sources: impact, apply, un-merge, undo",
    "ui": "stalls, decisions, scrubbing, opening and scrolling in the window",
}


def main() -> int:
    """Run the benchmarks that are named (all where none is) and return an exit code."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="; ".join(f"{k}: {v}" for k, v in BENCHES.items())
    )
    parser.add_argument("--quick", action="store_true", help="smaller inputs: minutes instead of an hour")
    parser.add_argument("--clips", type=Path, help="a folder of videos to repeat instead of the demo (speed)")
    given = parser.parse_intermixed_args()
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    for name in given.names or BENCHES:
        print(f"\n== {name}: {BENCHES[name]}", flush=True)
        importlib.import_module(f"tests.bench.{name}").run(quick=given.quick, clips=given.clips)
    return 0


if __name__ == "__main__":
    sys.exit(main())
