"""The grammar of the command line: every sub-command with its options. Loads nothing of the application."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.brand_names import LONGEST_NAME
from engine.domain.stages import ORDER


def build_parser() -> argparse.ArgumentParser:
    """The parser of `sponsight`; `verb` names the sub-command."""
    parser = argparse.ArgumentParser(
        prog="sponsight",
        description="Find sponsor brands in broadcast video, check them, and count their time on screen. "
        "Without a sub-command the window opens.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong input or setting, 3 something on this machine is missing, "
        "4 somebody else is writing or the move is not legal, 5 stored data is damaged, 6 a stage failed, "
        "7 stopped or paused by a person.",
    )
    parser.add_argument(
        "--library", type=Path, metavar="DIR", help="the library's folder (default: your own)"
    )
    parser.add_argument(
        "--self-test",
        nargs="?",
        const="",
        metavar="DIR",
        help="render, run and export a short demo, open and close the window, say what works (keeps it all in DIR)",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND")
    _run_verbs(verbs)
    _look_verbs(verbs)
    _source_verbs(verbs)
    _brand_verbs(verbs)
    _decision_verbs(verbs)
    _house_verbs(verbs)
    _take_library_anywhere(verbs)
    return parser


def _take_library_anywhere(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`--library` after the command as well; where it is not given there, what stands before it counts."""
    for parser in verbs.choices.values():
        parser.add_argument(
            "--library", type=Path, metavar="DIR", default=argparse.SUPPRESS, help="as before the command"
        )
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                _take_library_anywhere(action)


def _count(text: str) -> int:
    """A number of workers."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of threads; give 1 or more")
    return int(text)


def _run_options(parser: argparse.ArgumentParser, *, edits: bool = True) -> None:
    """Options of all that runs; without `edits` where a run goes on with the settings that it has."""
    if edits:
        parser.add_argument(
            "--set", action="append", default=[], dest="assignments", metavar="STAGE.KEY=VALUE"
        )
    parser.add_argument(
        "--workers", type=_count, metavar="N", help="worker threads (default: one a core, at most 8)"
    )
    parser.add_argument(
        "--json-events", action="store_true", help="one JSON object a line instead of progress"
    )
    parser.add_argument("--quiet", action="store_true", help="only the result")


def _run_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = verbs.add_parser("run", help="import videos and run all stages on each, one after the other")
    run.add_argument("videos", type=Path, nargs="*", metavar="VIDEO")
    run.add_argument(
        "--all",
        action="store_true",
        dest="everything",
        help="every source of the library that was not run, or whose last run failed or was interrupted",
    )
    run.add_argument("--profile", default="soccer_broadcast", metavar="P")
    run.add_argument(
        "--book", action="append", default=[], dest="books", metavar="NAME", help="only these books' brands"
    )
    run.add_argument("--start", metavar="T", help="begin at this time (90, 1:30 or 1:02:03)")
    run.add_argument("--end", metavar="T", help="end at this time")
    run.add_argument("--no-escalation", action="store_true", help="ask no model, local or cloud")
    run.add_argument(
        "--vlm",
        nargs=2,
        metavar=("URL", "MODEL"),
        help="ask this model on your machine or network what OCR can't name",
    )
    run.add_argument(
        "--cloud",
        nargs=2,
        metavar=("PROVIDER", "MODEL"),
        help="agree that crops of what is still open are sent there (openai, anthropic, google, custom)",
    )
    run.add_argument("--budget", type=float, metavar="USD", help="with --cloud: never spend more than this")
    run.add_argument("--plan", action="store_true", help="only show what would be reused and run")
    _run_options(run)
    replay = verbs.add_parser("replay", help="run again from a stage with other settings")
    replay.add_argument("target", metavar="VIDEO|JOB")
    replay.add_argument("--from", required=True, dest="stage", metavar="STAGE", help=", ".join(ORDER))
    replay.add_argument("--plan", action="store_true", help="only show what would be reused and run")
    _run_options(replay)
    for verb, text in (
        ("retry", "start a failed or cancelled run again from its first incomplete stage"),
        ("resume", "go on with a paused run"),
    ):
        again = verbs.add_parser(verb, help=text)
        again.add_argument("target", metavar="VIDEO|JOB")
        _run_options(again, edits=False)
    for verb, text in (
        ("pause", "pause a running run"),
        ("cancel", "cancel a run; what is finished is kept"),
    ):
        verbs.add_parser(verb, help=text).add_argument("target", metavar="VIDEO|JOB")


def _look_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    jobs = verbs.add_parser("jobs", help="list runs")
    jobs.add_argument("video", nargs="?")
    jobs.add_argument("--json", action="store_true")
    show = verbs.add_parser("show", help="one run: stages, settings, exposure figures")
    show.add_argument("target", metavar="VIDEO|JOB")
    show.add_argument("--json", action="store_true")
    diff = verbs.add_parser("diff", help="what changed between two runs of one source")
    diff.add_argument("before", metavar="JOB")
    diff.add_argument("after", metavar="JOB")
    accept = verbs.add_parser("accept", help="make this the run that counts in totals and reports")
    accept.add_argument("target", metavar="JOB")
    export = verbs.add_parser("export", help="write results as JSON or CSV")
    export.add_argument("target", metavar="VIDEO|JOB")
    export.add_argument("--format", choices=("json", "csv"), default="json")
    export.add_argument("--output", type=Path, required=True, metavar="FILE")


def _source_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sources = verbs.add_parser("sources", help="the library's sources: list, remove, restore, free")
    acts = sources.add_subparsers(dest="act", metavar="ACTION", required=True)
    listing = acts.add_parser("list", help="all sources with their runs, decisions and disk space")
    listing.add_argument("--removed", action="store_true", help="those that were removed")
    listing.add_argument("--json", action="store_true")
    remove = acts.add_parser(
        "remove", help="take sources out of the library; can be undone, the videos themselves are not touched"
    )
    remove.add_argument("targets", nargs="+", metavar="VIDEO")
    remove.add_argument(
        "--free", action="store_true", help="give back the space of runs and stored frames now, for good"
    )
    restore = acts.add_parser("restore", help="bring a removed source back with what was decided about it")
    restore.add_argument("target", metavar="VIDEO")
    free = acts.add_parser("free", help="give back the space of removed sources now; decisions are kept")
    free.add_argument("targets", nargs="*", metavar="VIDEO", help="default: all removed ones")


def _brand_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    brands = verbs.add_parser("brands", help="the brand book: list, import, export, add, alias, merge, deny")
    acts = brands.add_subparsers(dest="act", metavar="ACTION", required=True)
    listing = acts.add_parser("list", help="all brands with aliases, category and books")
    listing.add_argument("--book")
    listing.add_argument("--json", action="store_true")
    bring = acts.add_parser(
        "import", help=r"a CSV file with the columns name, aliases (| between, \| within one), category"
    )
    bring.add_argument("file", type=Path)
    bring.add_argument("--book", help="put the brands into this book")
    out = acts.add_parser("export", help="write the book, or one list of it, as CSV")
    out.add_argument("file", type=Path)
    out.add_argument("--book")
    add = acts.add_parser("add", help="a brand made by hand; it is confirmed")
    add.add_argument("name", help=f"at most {LONGEST_NAME} characters, with a letter or digit")
    add.add_argument("--alias", action="append", default=[], dest="aliases")
    add.add_argument("--category", default="")
    add.add_argument("--book")
    alias = acts.add_parser("alias", help="another spelling of a brand; with --remove take it away")
    alias.add_argument("name")
    alias.add_argument("alias")
    alias.add_argument("--remove", action="store_true")
    merge = acts.add_parser("merge", help="let brands redirect to one; can be undone at any time")
    merge.add_argument("names", nargs="+", metavar="NAME")
    merge.add_argument("--into", required=True, metavar="NAME")
    unmerge = acts.add_parser("unmerge", help="let a merged brand stand for itself again")
    unmerge.add_argument("name")
    deny = acts.add_parser("deny", help="a text that is no brand; with --remove take it off the list")
    deny.add_argument("text")
    deny.add_argument("--remove", action="store_true")
    cluster = acts.add_parser("cluster", help="look-alike spellings that may be one brand")
    cluster.add_argument(
        "--level", choices=("fingerprint", "ngram", "phonetic", "edit"), default="fingerprint"
    )
    not_same = acts.add_parser("not-same", help="never offer these two as one brand again")
    not_same.add_argument("first")
    not_same.add_argument("second")
    split = acts.add_parser("split", help="give a brand's sightings in a source to another brand")
    split.add_argument("name")
    split.add_argument("--video", required=True, metavar="VIDEO|JOB")
    split.add_argument("--to", required=True, metavar="BRAND", help="a new name makes a new brand")
    find = acts.add_parser("find", help="search sources for a brand's reference pictures; list what is found")
    find.add_argument("name")
    find.add_argument("--all", action="store_true", dest="everywhere", help="in all sources")
    find.add_argument("--video", metavar="VIDEO", help="in this one (default: where it was drawn)")
    find.add_argument("--json", action="store_true", help="only the finds, as JSON")
    find.add_argument("--workers", type=_count, metavar="N", help="worker threads")
    find.add_argument("--quiet", action="store_true", help="only the result")
    impact = acts.add_parser("impact", help="what an edit would change in each source, without applying it")
    impact.add_argument("edit", choices=("alias", "merge", "unmerge", "deny"))
    impact.add_argument("words", nargs="+")


def _decision_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    decisions = verbs.add_parser(
        "decisions", help="what people decided: list, export, import, undo, redo, log"
    )
    acts = decisions.add_subparsers(dest="act", metavar="ACTION", required=True)
    listing = acts.add_parser("list", help="decisions in force, by source and time")
    listing.add_argument("target", nargs="?", metavar="VIDEO|JOB")
    for act, help in (
        ("export", "write all decisions to a file for another library"),
        ("import", "take the decisions of a file; what was decided here stands"),
    ):
        acts.add_parser(act, help=help).add_argument("file", type=Path)
    acts.add_parser("undo", help="take the newest step back")
    acts.add_parser("redo", help="do again what was taken back last")
    log = acts.add_parser("log", help="every step, newest first; with --output write the whole log")
    log.add_argument("search", nargs="?", default="")
    log.add_argument("--output", type=Path)


def _house_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = verbs.add_parser("demo", help="render the built-in demo, run it, show figures beside the truth")
    demo.add_argument("--headless", action="store_true", help="open no window afterwards")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--seconds", type=float, default=30.0)
    demo.add_argument("--size", default="1280x720", metavar="WxH")
    _run_options(demo)
    models = verbs.add_parser("models", help="models that are asked: list them, test one, keep a key")
    acts = models.add_subparsers(dest="act", metavar="ACTION", required=True)
    listing = acts.add_parser("list", help="providers with their keys and prices, or what a server offers")
    listing.add_argument("--json", action="store_true")
    testing = acts.add_parser(
        "test", help="send a tiny drawn picture: shows the answer, the time and the cost"
    )
    offered = listing.add_mutually_exclusive_group()
    offered.add_argument("--vlm", nargs=1, metavar="URL", help="what this server offers")
    offered.add_argument("--cloud", nargs=1, metavar="PROVIDER", help="what this provider offers")
    asked = testing.add_mutually_exclusive_group(required=True)
    asked.add_argument("--vlm", nargs=2, metavar=("URL", "MODEL"), help="on this machine or network")
    asked.add_argument("--cloud", nargs=2, metavar=("PROVIDER", "MODEL"), help="in the cloud")
    for act in (listing, testing):
        act.add_argument("--endpoint", default="", metavar="URL", help="instead of the provider's own")
    key = acts.add_parser(
        "key", help="keep a provider's key in the system's keyring; it is asked for, never shown"
    )
    key.add_argument("provider")
    key.add_argument("--forget", action="store_true")
    price = acts.add_parser("price", help="enter a model's price in USD for a million tokens")
    price.add_argument("provider")
    price.add_argument("model")
    price.add_argument("input", type=float, metavar="INPUT_USD")
    price.add_argument("output", type=float, metavar="OUTPUT_USD")
    doctor = verbs.add_parser("doctor", help="what this machine has: libraries, GPU, models, places")
    doctor.add_argument("--json", action="store_true")
    verify = verbs.add_parser("verify", help="check the library; with --repair mend what can be mended")
    verify.add_argument("--repair", action="store_true")
