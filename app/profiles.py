"""Profiles: the built-in ones and those that people saved, as settings overrides by name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import tomlkit

from engine.domain.errors import UserFixable
from engine.domain.jobs import Overrides
from engine.settings import AllSettings, build_settings, load_profile
from engine.stage_settings import SETTINGS_TYPES

DEFAULT_PROFILE = "soccer_broadcast"


def profiles(own: Path | None = None) -> dict[str, Overrides]:
    """All profiles by name, built-in ones first; `own` is the folder of those that people saved."""
    found: dict[str, Overrides] = {}
    with resources.as_file(resources.files("resources") / "profiles") as folder:
        paths = sorted(folder.glob("*.toml"), key=lambda p: (p.stem != DEFAULT_PROFILE, p.stem))
        found.update((path.stem, load_profile(path)) for path in paths)
    if own is not None and own.is_dir():
        found.update((path.stem, load_profile(path)) for path in sorted(own.glob("*.toml")))
    return found


def effective_settings(profile: str, overrides: Overrides, own: Path | None = None) -> AllSettings:
    """Defaults, the profile and the person's overrides as checked settings. Raises UserFixable."""
    known = profiles(own)
    if profile not in known:
        raise UserFixable(
            f"There is no profile {profile!r}.",
            still_works="Nothing was started.",
            to_do=f"The profiles are {', '.join(known)}.",
        )
    return build_settings(SETTINGS_TYPES, known[profile], overrides)


def save_profile(own: Path, name: str, overrides: Overrides) -> Path:
    """Write a profile of one's own; raises UserFixable for a bad name or one of the built-in ones."""
    if not name.replace("_", "").replace("-", "").isalnum():
        raise UserFixable(
            f"{name!r} can't be a profile's name.",
            still_works="Nothing was saved.",
            to_do="Use letters, digits, - and _.",
        )
    if name in profiles():
        raise UserFixable(
            f"{name} is a built-in profile.",
            still_works="Nothing was saved.",
            to_do="Save it under another name.",
        )
    build_settings(SETTINGS_TYPES, overrides)
    own.mkdir(parents=True, exist_ok=True)
    path = own / f"{name}.toml"
    partial = path.with_suffix(".tmp")
    partial.write_text(tomlkit.dumps(overrides), encoding="utf-8")
    partial.replace(path)
    return path
