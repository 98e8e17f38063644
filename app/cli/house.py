"""doctor and verify: what this machine has, and whether the library is sound."""

from __future__ import annotations

import argparse

import msgspec

from app.cli.console import table


def do_doctor(given: argparse.Namespace) -> int:
    from app.diagnostics import examine

    findings = examine(given.library)
    if given.json:
        print(msgspec.json.encode(findings).decode())
    else:
        rows = [("what", "state", "detail")]
        rows += [(f.what, "ok" if f.ok else "missing", f.detail) for f in findings]
        print(table(rows))
    return 0 if all(f.ok or f.optional for f in findings) else 3


def do_verify(given: argparse.Namespace) -> int:
    from storage.library import Library

    library = Library.open(given.library, read_only=not given.repair)
    try:
        report = library.verify(repair=given.repair)
        left = library.verify().problems if given.repair and report.problems else report.problems
    finally:
        library.close()
    for line in (*report.problems, *report.repaired):
        print(line)
    if report.orphans and not given.repair:
        print(f"{report.orphans} files that nothing refers to (harmless; --repair removes them).")
    if given.repair and left:
        print(
            f"{len(left)} of these can't be mended: what runs were made with, or pictures that people chose. "
            "New runs of the sources are not affected."
        )
    print(
        f"{report.parts} stored results and {report.blobs} files checked: {'sound' if not left else 'damaged'}."
    )
    return 5 if left else 0
