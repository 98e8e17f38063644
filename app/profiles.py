"""Profiles: the built-in ones and those that people saved, as settings overrides by name."""

from __future__ import annotations

import contextlib
from importlib import resources
from pathlib import Path

import tomlkit

from app.whole_file import write_whole
from engine.domain.errors import UserFixable
from engine.domain.jobs import Overrides
from engine.settings import AllSettings, build_settings, load_profile
from engine.stage_settings import SETTINGS_TYPES

DEFAULT_PROFILE = "soccer_broadcast"


def _built_in() -> contextlib.AbstractContextManager[Path]:
    """The folder of the built-in profiles, as files while the context lasts."""
    return resources.as_file(resources.files("resources") / "profiles")


def profile_names(own: Path | None = None) -> tuple[str, ...]:
    """The names of all profiles, built-in ones first; `own` is the folder of those that people saved. No file is
    read: one that is damaged spoils no other."""
    with _built_in() as folder:
        paths = sorted(folder.glob("*.toml"), key=lambda p: (p.stem != DEFAULT_PROFILE, p.stem))
    if own is not None and own.is_dir():
        paths += sorted(own.glob("*.toml"))
    return tuple(dict.fromkeys(path.stem for path in paths))


def profile(name: str, own: Path | None = None) -> Overrides:
    """What a profile sets; one of a person's own goes before a built-in one of that name. Raises UserFixable where
    there is none or its file can't be read."""
    known = profile_names(own)
    if name not in known:
        raise UserFixable(
            f"There is no profile {name!r}.",
            still_works="Nothing was started.",
            to_do=f"The profiles are {', '.join(known)}.",
        )
    if own is not None and (own / f"{name}.toml").is_file():
        return load_profile(own / f"{name}.toml")
    with _built_in() as folder:
        return load_profile(folder / f"{name}.toml")


def effective_settings(name: str, overrides: Overrides, own: Path | None = None) -> AllSettings:
    """Defaults, the profile and the person's overrides as checked settings. Raises UserFixable."""
    return build_settings(SETTINGS_TYPES, profile(name, own), overrides)


def usable_profile(name: str, own: Path | None = None) -> str:
    """The profile of this name where it is there and can be used, else the default one: a preference may name a
    profile that another library holds, or one whose file was damaged."""
    try:
        effective_settings(name, {}, own)
    except UserFixable:
        return DEFAULT_PROFILE
    return name


def save_profile(own: Path, name: str, overrides: Overrides) -> Path:
    """Write a profile of one's own; raises UserFixable for a bad name, one of the built-in ones, or a folder that
    can't be written to."""
    if not name.replace("_", "").replace("-", "").isalnum():
        raise UserFixable(
            f"{name!r} can't be a profile's name.",
            still_works="Nothing was saved.",
            to_do="Use letters, digits, - and _.",
        )
    if name in profile_names():
        raise UserFixable(
            f"{name} is a built-in profile.",
            still_works="Nothing was saved.",
            to_do="Save it under another name.",
        )
    build_settings(SETTINGS_TYPES, overrides)
    path = own / f"{name}.toml"
    with contextlib.suppress(OSError):
        own.mkdir(parents=True, exist_ok=True)
    write_whole(path, tomlkit.dumps(overrides).encode())
    return path
