"""The one table of everything that a person can ask for: id, title, keys, scope, icon and what it does.

Menus, the command palette, the shortcut sheet, the shortcut editor and the tests are made from it. Scope R acts
only while the focus is in the review area and nobody is typing, B so on the brands page, L on the library's page,
G everywhere in the window. `press` fires when the key goes down, `tap` when it comes up again with no drag between,
`hold` while it is down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ui.text import tr

Scope = Literal["R", "B", "L", "G"]
Menu = Literal["file", "edit", "view", "run", "review", "playback", "brands", "help", ""]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. `keys`, `taps` and `holds` are portable key sequences."""

    id: str
    title: str
    keys: tuple[str, ...]
    scope: Scope
    icon: str
    help: str
    menu: Menu
    taps: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    checkable: bool = False
    own_keys: bool = True
    """False where the keys can't be edited (they belong to a row of like actions)."""

    @property
    def all_keys(self) -> tuple[str, ...]:
        return (*self.keys, *self.taps, *self.holds)

    def with_keys(self, keys: tuple[str, ...]) -> ActionSpec:
        """The same action with a person's own keys; they fall into taps or holds where the action has those."""
        taps = tuple(k for k in keys if self.taps and k == self.taps[0])
        presses = () if self.holds else tuple(k for k in keys if k not in taps)
        holds = keys if self.holds else ()
        return _replace(self, keys=presses, taps=taps, holds=holds)


def _replace(spec: ActionSpec, **values: tuple[str, ...]) -> ActionSpec:
    import dataclasses

    return dataclasses.replace(spec, **values)  # type: ignore[arg-type]


_Add = Callable[..., None]


def action_table() -> tuple[ActionSpec, ...]:
    """All actions in the order of menus and sheet, titles in the window's language."""
    rows: list[ActionSpec] = []

    def add(
        id: str,
        title: str,
        keys: str,
        icon: str,
        help: str,
        menu: Menu,
        *,
        scope: Scope = "R",
        taps: str = "",
        holds: str = "",
        checkable: bool = False,
        own_keys: bool = True,
    ) -> None:
        rows.append(
            ActionSpec(
                id,
                title,
                _split(keys),
                scope,
                icon,
                help,
                menu,
                _split(taps),
                _split(holds),
                checkable,
                own_keys,
            )
        )

    _file_and_edit(add)
    _view_and_help(add)
    _run(add)
    _decide(add)
    _look_around(add)
    _playback(add)
    _brands(add)
    return tuple(rows)


def _split(keys: str) -> tuple[str, ...]:
    return tuple(keys.split())


def _file_and_edit(add: _Add) -> None:
    g: Scope = "G"
    add(
        "file.import",
        tr("Import video…"),
        "Ctrl+O",
        "import",
        tr("Add a video to this library."),
        "file",
        scope=g,
    )
    add(
        "file.demo",
        tr("Open the demo"),
        "",
        "demo",
        tr("Make or open the built-in demo clip."),
        "file",
        scope=g,
    )
    add(
        "file.library",
        tr("Open library…"),
        "",
        "library",
        tr("Open another library folder."),
        "file",
        scope=g,
    )
    add(
        "file.export",
        tr("Export…"),
        "Ctrl+E",
        "export",
        tr("Write the figures as JSON and CSV."),
        "file",
        scope=g,
    )
    add(
        "file.locate",
        tr("Locate the video…"),
        "",
        "folder",
        tr("Tell where a moved video is now."),
        "file",
        scope=g,
    )
    help = tr(
        "Take the chosen source out of the library; Undo brings it back. The video itself is not touched."
    )
    add("library.remove", tr("Remove from the library…"), "Del", "trash", help, "file", scope="L")
    help = tr("Theme, workers, keys and more.")
    add("file.preferences", tr("Preferences…"), "Ctrl+,", "settings", help, "file", scope=g)
    help = tr("Close the window. Everything is saved already; a running analysis is paused.")
    add("file.quit", tr("Quit"), "Ctrl+Q", "close", help, "file", scope=g)
    add("edit.undo", tr("Undo"), "Ctrl+Z", "undo", tr("Take the last decision back."), "edit", scope=g)
    add("edit.redo", tr("Redo"), "Ctrl+Shift+Z", "redo", tr("Do again what was taken back."), "edit", scope=g)
    help = tr("Find brands, texts and appearances.")
    add("edit.search", tr("Search"), "Ctrl+F", "search", help, "edit", scope=g)
    add(
        "edit.history",
        tr("History"),
        "Ctrl+H",
        "history",
        tr("Everything that was decided."),
        "edit",
        scope=g,
    )


def _view_and_help(add: _Add) -> None:
    g: Scope = "G"
    add(
        "view.library", tr("Library"), "Alt+1", "library", tr("All sources of this library."), "view", scope=g
    )
    add("view.review", tr("Review"), "Alt+2", "review", tr("Check what was found."), "view", scope=g)
    add("view.brands", tr("Brands"), "Alt+3", "brands", tr("Names, aliases and merges."), "view", scope=g)
    add("view.report", tr("Report"), "Alt+4", "report", tr("Exposure figures and plots."), "view", scope=g)
    help = tr("The runs of this source, their settings and differences.")
    add("view.runs", tr("Runs"), "Alt+5", "runs", help, "view", scope=g)
    add(
        "view.next_pane",
        tr("Next pane"),
        "F6",
        "next",
        tr("Move the focus to the next pane."),
        "view",
        scope=g,
    )
    help = tr("Move the focus to the pane before.")
    add("view.previous_pane", tr("Previous pane"), "Shift+F6", "previous", help, "view", scope=g)
    help = tr("Move the focus back to the frame; from there, close the message above.")
    add("view.canvas", tr("Back to the frame"), "Esc", "box", help, "view", scope=g)
    add("view.theme", tr("Light or dark"), "", "theme", tr("Switch between light and dark."), "view", scope=g)
    help = tr("Bring all panes back to where they were at first.")
    add("view.reset_layout", tr("Reset the layout"), "", "reset", help, "view", scope=g)
    help = tr("Find and run any command by name.")
    add("help.palette", tr("Command palette"), "Ctrl+K", "palette", help, "help", scope=g)
    add("help.sheet", tr("Keyboard shortcuts"), "?", "keyboard", tr("All keys at a glance."), "help", scope=g)
    help = tr("Give actions other keys.")
    add("help.edit_keys", tr("Edit shortcuts…"), "", "edit", help, "help", scope=g)
    help = tr("What the program wrote down while it worked.")
    add("help.logs", tr("Logs"), "", "logs", help, "help", scope=g)
    add("help.about", tr("About Sponsight"), "", "info", tr("Version and licences."), "help", scope=g)


def _run(add: _Add) -> None:
    g: Scope = "G"
    add(
        "run.start",
        tr("Run"),
        "F5",
        "run",
        tr("Analyse this source, or go on where it paused."),
        "run",
        scope=g,
    )
    help = tr("Pause the run; everything finished is kept.")
    add("run.pause", tr("Pause"), "", "pause", help, "run", scope=g)
    help = tr("End the run; everything finished is kept.")
    add("run.cancel", tr("Stop"), "Ctrl+.", "stop", help, "run", scope=g)
    help = tr(
        "Run every source that was not run, or whose last run failed or was interrupted, one after the other."
    )
    add("run.all", tr("Run all…"), "Ctrl+F5", "run", help, "run", scope=g)
    help = tr("End what is running and what waits for its turn; everything finished is kept.")
    add("run.stop_all", tr("Stop all"), "Ctrl+Shift+F5", "stop", help, "run", scope=g)
    help = tr("See the plan and run again from the selected stage with the edited settings.")
    add("run.replay", tr("Run as replay…"), "Shift+F5", "replay", help, "run", scope=g)
    help = tr("Same settings, from the first incomplete stage.")
    add("run.retry", tr("Retry"), "", "reset", help, "run", scope=g)
    help = tr("Let this run be the one that counts in totals and reports.")
    add("run.accept", tr("Accept this run"), "", "star", help, "run", scope=g)
    help = tr("Try other accept scores on the stored results; nothing is saved.")
    add("run.thresholds", tr("Try thresholds"), "Ctrl+T", "filter", help, "run", scope=g, checkable=True)


def _decide(add: _Add) -> None:
    help = tr("The brand is right. Goes on to the next item; again: takes it back.")
    add("review.confirm", tr("Confirm"), "P Return Enter", "confirm", help, "review")
    add("review.reject", tr("Reject"), "X", "reject", tr("This is not a sponsor's sign."), "review")
    add("review.clear", tr("Clear the decision"), "U", "clear", tr("Undecided again."), "review")
    add("review.unsure", tr("Unsure"), "S", "unsure", tr("Leave it for a second look."), "review")
    help = tr("Confirm every selected item in one step.")
    add(
        "review.confirm_selected",
        tr("Confirm all selected"),
        "Ctrl+Return Ctrl+Enter",
        "confirm",
        help,
        "review",
    )
    for number in range(1, 10):
        title = tr("Candidate {number}").format(number=number)
        help = tr("Decide for this candidate of the inspector's list.")
        id = f"review.candidate_{number}"
        add(id, title, str(number), "brands", help, "review", own_keys=False)
    help = tr("Type the name of the brand; a new name makes a new brand.")
    add("review.other_brand", tr("Other brand…"), "B", "brands", help, "review")
    add("review.merge", tr("Merge into…"), "M", "merge", tr("Make this brand another one's alias."), "review")
    help = tr("Drag a box around a sign that was missed, or set one with the arrow keys and Enter.")
    add("review.new_box", tr("New box"), "N", "box", help, "review")
    help = tr("Move the box: arrows 1 px, with Shift 10 px; Enter keeps it, Esc leaves it.")
    add("review.edit_box", tr("Edit the box"), "E", "edit", help, "review")
    help = tr("The sign comes into view on this frame.")
    add("review.set_start", tr("Sighting starts here"), "I", "in-point", help, "review")
    help = tr("The sign leaves the view on this frame.")
    add("review.set_end", tr("Sighting ends here"), "O", "out-point", help, "review")
    add("review.next", tr("Next item"), "Down", "down", tr("Next item of the queue."), "review")
    add("review.previous", tr("Previous item"), "Up", "up", tr("Previous item of the queue."), "review")
    help = tr("Next item that nobody has decided.")
    add("review.next_undecided", tr("Next undecided"), "Shift+Down", "down", help, "review")
    help = tr("Previous item that nobody has decided.")
    add("review.previous_undecided", tr("Previous undecided"), "Shift+Up", "up", help, "review")


def _look_around(add: _Add) -> None:
    add("canvas.fit", tr("Fit the frame"), "F", "fit", tr("Show the whole frame."), "view")
    add("canvas.actual_size", tr("100 %"), "0", "actual-size", tr("One pixel of video a pixel."), "view")
    help = tr("Zoom to the item's box, and back again.")
    add("canvas.zoom_to_box", tr("Zoom to the box"), "Z", "search", help, "view")
    add("canvas.zoom_in", tr("Zoom in"), "+ =", "zoom-in", tr("Closer."), "view")
    add("canvas.zoom_out", tr("Zoom out"), "-", "zoom-out", tr("Further away."), "view")
    help = tr("Boxes are hidden while the key is down.")
    add("canvas.hide_boxes", tr("Hide boxes (hold)"), "", "hide", help, "view", holds="H", checkable=True)


def _playback(add: _Add) -> None:
    help = tr("Play or stop. Space with a drag moves the picture instead.")
    add("play.toggle", tr("Play or pause"), "K", "play", help, "playback", taps="Space")
    help = tr("Backwards; again: 2×, 4×, 8×.")
    add("play.shuttle_back", tr("Shuttle backwards"), "J", "previous", help, "playback")
    help = tr("Forwards; again: 2×, 4×, 8×.")
    add("play.shuttle_forward", tr("Shuttle forwards"), "L", "next", help, "playback")
    add("play.frame_back", tr("1 frame back"), "Left", "step-back", tr("One frame back."), "playback")
    add("play.frame_forward", tr("1 frame on"), "Right", "step-forward", tr("One frame on."), "playback")
    add("play.second_back", tr("1 s back"), "Shift+Left", "step-back", tr("One second back."), "playback")
    add("play.second_forward", tr("1 s on"), "Shift+Right", "step-forward", tr("One second on."), "playback")
    add("play.ten_back", tr("10 s back"), "Ctrl+Left", "step-back", tr("Ten seconds back."), "playback")
    add("play.ten_forward", tr("10 s on"), "Ctrl+Right", "step-forward", tr("Ten seconds on."), "playback")
    help = tr("The analysed frame before.")
    add("play.previous_analysed", tr("Previous analysed frame"), ",", "previous", help, "playback")
    help = tr("The next analysed frame.")
    add("play.next_analysed", tr("Next analysed frame"), ".", "next", help, "playback")
    help = tr("Play from just before the item to just after it.")
    add("play.around", tr("Play around the item"), "/", "run", help, "playback")
    add("play.go_to", tr("Go to time…"), "G", "clock", tr("Type a time to go there."), "playback")


def _brands(add: _Add) -> None:
    def row(id: str, title: str, keys: str, icon: str, help: str) -> None:
        add(f"brands.{id}", title, keys, icon, help, "brands", scope="B")

    row("new", tr("New brand…"), "Ctrl+N", "add", tr("Make a brand by hand."))
    help = tr("Let the chosen brands or ticked spellings be one brand; shows first what that touches.")
    row("merge", tr("Merge brands…"), "M", "merge", help)
    help = tr("Give some of a brand's aliases and appearances to another brand.")
    row("split", tr("Split the brand…"), "S", "split", help)
    help = tr("Say that the chosen brands are real; again takes that back.")
    row("confirm", tr("Confirm the brand"), "P", "confirm", help)
    help = tr("Put names and aliases of the chosen brands, or the ticked texts, on the deny list.")
    row("deny", tr("Put on the deny list"), "X", "reject", help)
    help = tr("Search stored frames of all sources for the brand's pictures.")
    row("find", tr("Find the brand elsewhere…"), "F", "search", help)
    row("rename", tr("Rename the brand"), "F2", "edit", tr("Type another name for the chosen brand."))
    row("alias", tr("Add an alias"), "A", "edit", tr("Type further spellings of the chosen brand."))
    row("category", tr("Set the category"), "C", "edit", tr("Type a category for the chosen brands."))
    row("filter", tr("Filter the brands"), "/", "filter", tr("Type what the table is to show."))
    row("import", tr("Import a brand book…"), "", "import", tr("Take brands from a CSV file."))
    row("export", tr("Export the shown brands…"), "", "export", tr("Write the shown brands as CSV."))
    help = tr("Remember that the ticked ones differ; they are never offered together again.")
    row("not_same", tr("Not the same"), "N", "split", help)
    help = tr("Tick every shown cluster, or none.")
    row("tick_all", tr("Tick all clusters"), "Ctrl+A", "confirm", help)
    help = tr("Merge each ticked cluster into its own name, as one step.")
    row("merge_ticked", tr("Merge all ticked clusters…"), "Shift+M", "merge", help)
    help = tr("Clusters of spellings that are alike in this way: from strict to lax.")
    for number, title in enumerate(
        (
            tr("Clusters: same letters"),
            tr("Clusters: same pairs"),
            tr("Clusters: same sound"),
            tr("Clusters: few edits"),
        ),
        1,
    ):
        row(f"level_{number}", title, str(number), "filter", help)
    help = tr("Take the chosen lines off the deny list, or let the chosen pairs be offered again.")
    row("take_off", tr("Take off the list"), "Del", "reject", help)
