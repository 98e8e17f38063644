"""Preferences of the person at this machine: a TOML file in the platform's config folder, saved atomically.

Only choices live here (theme, keys, recent libraries, workers); window geometry is the window's own, results
and decisions are the library's, and secrets are never written to any file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from engine.domain.errors import UserFixable

ThemeChoice = Literal["system", "light", "dark"]
MOST_RECENT = 8

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PreferenceValues:
    """All preferences with their defaults.

    `keys` maps an action's id to the key sequences that a person gave it (an empty tuple: none); ids that are
    absent have the table's own keys. `workers` 0 means one per core. `text_scale` is 0.8 to 2.0.
    """

    theme: ThemeChoice = "system"
    text_scale: float = 1.0
    workers: int = 0
    profile: str = "soccer_broadcast"
    label_boxes: bool = True
    advance_after_decision: bool = True
    play_around_seconds: float = 2.0
    recent_libraries: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.theme not in get_args(ThemeChoice):
            _refuse("theme", self.theme, "one of system, light, dark")
        if not 0.8 <= self.text_scale <= 2.0:
            _refuse("text_scale", self.text_scale, "between 0.8 and 2.0")
        if not 0 <= self.workers <= 64:
            _refuse("workers", self.workers, "between 0 (one per core) and 64")
        if not 0.5 <= self.play_around_seconds <= 30:
            _refuse("play_around_seconds", self.play_around_seconds, "between 0.5 and 30 seconds")


def _refuse(key: str, value: object, wanted: str) -> None:
    raise UserFixable(
        f"The preference {key} can't be {value!r}.",
        still_works="All other preferences are as they were.",
        to_do=f"Give a value {wanted}.",
    )


def default_path() -> Path:
    """preferences.toml in the platform's config folder; nothing is made there."""
    import platformdirs

    return Path(platformdirs.user_config_dir("sponsight", appauthor=False)) / "preferences.toml"


class Preferences:
    """The preferences in force. Reading never raises: what can't be read has its default and is told in
    `problems`. `change` checks, saves and then calls the listeners."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self.problems: list[str] = []
        self._listeners: list[Callable[[PreferenceValues], None]] = []
        self._values = self._read()

    @property
    def values(self) -> PreferenceValues:
        return self._values

    def get(self, key: str) -> Any:
        """One preference by name; AttributeError where there is none of that name."""
        return getattr(self._values, key)

    def set(self, key: str, value: Any) -> None:
        self.change(**{key: value})

    def change(self, **changes: Any) -> PreferenceValues:
        """Checks and saves some preferences; raises UserFixable for a wrong value or an unwritable folder."""
        values = dataclasses.replace(self._values, **changes)
        if values != self._values:
            self._write(values)
            self._values = values
            for listener in tuple(self._listeners):
                listener(values)
        return self._values

    def listen(self, listener: Callable[[PreferenceValues], None]) -> Callable[[], None]:
        """Calls `listener` after each change; what is returned ends that."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def remember_library(self, folder: Path) -> None:
        """Puts a library in front of the recent ones."""
        here = str(folder.resolve())
        others = [known for known in self._values.recent_libraries if known != here]
        self.change(recent_libraries=(here, *others)[:MOST_RECENT])

    # --- file ---------------------------------------------------------------------------------------------------

    def _read(self) -> PreferenceValues:
        try:
            data = tomllib.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return PreferenceValues()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self._tell(f"{self.path} can't be read ({error}); all preferences have their defaults.")
            return PreferenceValues()
        values = PreferenceValues()
        for item in dataclasses.fields(PreferenceValues):
            if item.name not in data:
                continue
            try:
                typed = _typed(item.name, data[item.name], getattr(values, item.name))
                values = dataclasses.replace(values, **{item.name: typed})
            except (TypeError, ValueError, UserFixable) as error:
                self._tell(f"{item.name} in {self.path} was passed over: {error}")
        return values

    def _tell(self, problem: str) -> None:
        self.problems.append(problem)
        _log.warning(problem)

    def _write(self, values: PreferenceValues) -> None:
        import tomlkit

        document = tomlkit.document()
        document.add(tomlkit.comment("Sponsight's preferences; edited by its Preferences window or by hand."))
        for item in dataclasses.fields(values):
            value = getattr(values, item.name)
            if item.name == "keys":
                continue
            document[item.name] = list(value) if isinstance(value, tuple) else value
        document["keys"] = {action: list(keys) for action, keys in sorted(values.keys.items())}
        _save(self.path, tomlkit.dumps(document))


def _typed(name: str, value: Any, default: Any) -> Any:
    if name == "keys":
        return {str(action): tuple(str(key) for key in keys) for action, keys in dict(value).items()}
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise TypeError(f"{value!r} is not true or false")
        return value
    if isinstance(default, tuple):
        return tuple(str(entry) for entry in value)
    if isinstance(default, float):
        return float(value)
    return type(default)(value)


def _save(path: Path, text: str) -> None:
    """Writes beside the file, to the disk, then puts it in its place: never half a file."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".preferences-", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise UserFixable(
            f"The preferences can't be saved in {path.parent}: {error.strerror}.",
            still_works="They hold until the window is closed; results and decisions are not affected.",
            to_do="Make the folder writable or free some space.",
        ) from error
