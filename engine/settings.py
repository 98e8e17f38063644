"""One frozen settings class per stage; every field tells its label, unit, range, help and what it costs.

Forms, keys, the command line and diffs are generated from these fields. `hard` settings change what is
inferred (they enter the keys of stages 0–3); `soft` ones only filter stored results. `affects_output=False`
marks settings that change speed or disk use but never a result; they enter no key.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from engine.domain.errors import UserFixable
from engine.domain.jobs import Overrides
from engine.domain.stages import ORDER, StageName

_META = "sponsight"

MOST = 1e15
"""No setting is larger: whole numbers up to here are exact as floats, and are taken by every store."""


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What a form, a key or a diff needs to know of one setting."""

    key: str
    kind: type
    default: Any
    label: str
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    hard: bool = True
    affects_output: bool = True
    advanced: bool = False
    file: bool = False


def setting(
    default: Any,
    label: str,
    help: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    hard: bool = True,
    affects_output: bool = True,
    advanced: bool = False,
    file: bool = False,
) -> Any:
    """A dataclass field with its description; see FieldInfo. `low` and `high` are inclusive."""
    return field(
        default=default,
        metadata={
            _META: {
                "label": label,
                "help": help,
                "unit": unit,
                "low": low,
                "high": high,
                "choices": choices,
                "hard": hard,
                "affects_output": affects_output,
                "advanced": advanced,
                "file": file,
            }
        },
    )


@dataclass(frozen=True, slots=True)
class StageSettings:
    """Base of the eight settings classes. Values are checked on construction (UserFixable)."""

    def __post_init__(self) -> None:
        for info in describe(type(self)):
            _check(info, getattr(self, info.key))

    def values(self) -> dict[str, Any]:
        """All settings by key."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def key_values(self, *, hard_only: bool) -> dict[str, Any]:
        """The settings that enter a part's key, by key."""
        return {
            i.key: getattr(self, i.key)
            for i in describe(type(self))
            if i.affects_output and (i.hard or not hard_only)
        }


_described: dict[type[StageSettings], tuple[FieldInfo, ...]] = {}


def describe(settings_type: type[StageSettings]) -> tuple[FieldInfo, ...]:
    """The fields of a settings class in order; looked up once a class, as every check of a value asks for them."""
    found = _described.get(settings_type)
    if found is None:
        hints = get_type_hints(settings_type)
        found = _described[settings_type] = tuple(
            FieldInfo(key=f.name, kind=hints[f.name], default=f.default, **f.metadata[_META])
            for f in fields(settings_type)
        )
    return found


def _check(info: FieldInfo, value: Any) -> None:
    wrong = ""
    if info.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, info.kind) or (info.kind is not bool and isinstance(value, bool)):
        wrong = f"is not a {_KIND_WORDS.get(info.kind, info.kind.__name__)}"
    elif info.choices and value not in info.choices:
        wrong = f"is none of {', '.join(info.choices)}"
    elif isinstance(value, int | float) and value != value:
        wrong = "is not a number"
    elif info.low is not None and isinstance(value, int | float) and value < info.low:
        wrong = f"is below {info.low:g}"
    elif info.high is not None and isinstance(value, int | float) and value > info.high:
        wrong = f"is above {info.high:g}"
    elif isinstance(value, int | float) and abs(value) > MOST:
        wrong = f"is beyond {MOST:g}"
    if wrong:
        limits = f" ({info.low:g} to {info.high:g})" if info.low is not None and info.high is not None else ""
        raise UserFixable(
            f"{info.label} ({info.key}) can't be {value!r}: it {wrong}.",
            still_works="Nothing was started or changed.",
            to_do=f"Give another value{limits}; the default is {info.default!r}.",
        )


_KIND_WORDS: dict[type, str] = {int: "whole number", float: "number", bool: "yes or no", str: "text"}


def parse_value(info: FieldInfo, text: str) -> Any:
    """A setting's value from text, as on a command line; raises UserFixable."""
    try:
        if info.kind is bool:
            return {
                "true": True,
                "yes": True,
                "on": True,
                "1": True,
                "false": False,
                "no": False,
                "off": False,
                "0": False,
            }[text.strip().lower()]
        value = info.kind(text)
    except (KeyError, ValueError):
        raise UserFixable(
            f"{text!r} is not a {_KIND_WORDS.get(info.kind, 'value')} for {info.key}.",
            still_works="Nothing was started or changed.",
            to_do=f"{info.label}: {info.help}",
        ) from None
    _check(info, value)
    return value


AllSettings = Mapping[StageName, StageSettings]
"""The effective settings of the eight stages."""


def build_settings(
    types: Mapping[StageName, type[StageSettings]], *layers: Overrides
) -> dict[StageName, StageSettings]:
    """Effective settings: defaults, then each layer (profile, overrides) on top. Raises UserFixable for an
    unknown stage or setting, or a value out of range."""
    merged: dict[str, dict[str, Any]] = {str(name): {} for name in ORDER}
    for layer in layers:
        for stage, values in layer.items():
            settings_type = types[stage_named(stage)]
            known = {i.key: i for i in describe(settings_type)}
            for key, value in values.items():
                if key not in known:
                    raise UserFixable(
                        f"{stage} has no setting {key!r}.",
                        still_works="Nothing was started or changed.",
                        to_do=f"It has: {', '.join(known)}.",
                    )
                info = known[key]
                merged[stage][key] = float(value) if info.kind is float and type(value) is int else value
    return {name: types[name](**merged[str(name)]) for name in ORDER}


def stage_named(name: str) -> StageName:
    """The stage of this name; UserFixable where there is none."""
    try:
        return StageName(name)
    except ValueError:
        raise UserFixable(
            f"There is no stage {name!r}.",
            still_works="Nothing was started or changed.",
            to_do=f"The stages are {', '.join(ORDER)}.",
        ) from None


def parse_assignment(text: str, types: Mapping[StageName, type[StageSettings]]) -> tuple[StageName, str, Any]:
    """`stage.key=value` to its three parts, the value typed and checked; raises UserFixable."""
    target, equals, value = text.partition("=")
    stage, dot, key = target.strip().partition(".")
    if not equals or not dot:
        raise UserFixable(
            f"{text!r} is no setting.",
            still_works="Nothing was started or changed.",
            to_do="Write it as stage.setting=value, for instance match_brands.accept=85.",
        )
    name = stage_named(stage)
    infos = {i.key: i for i in describe(types[name])}
    if key not in infos:
        raise UserFixable(
            f"{name} has no setting {key!r}.",
            still_works="Nothing was started or changed.",
            to_do=f"It has: {', '.join(infos)}.",
        )
    return name, key, parse_value(infos[key], value)


def changed(before: AllSettings, after: AllSettings) -> Overrides:
    """Only what differs from `before` in `after`."""
    delta: Overrides = {}
    for name in ORDER:
        old, new = before[name].values(), after[name].values()
        diff = {k: v for k, v in new.items() if old.get(k) != v}
        if diff:
            delta[str(name)] = diff
    return delta


def snapshot(settings: AllSettings) -> Overrides:
    """All effective settings as plain data."""
    return {str(name): settings[name].values() for name in ORDER}


def load_profile(path: Path) -> Overrides:
    """A profile TOML file: one table per stage, only what differs from the defaults. Raises UserFixable."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserFixable(
            f"The profile {path.name} can't be read: {error}.",
            still_works="Other profiles are not affected.",
            to_do="Correct the file or choose another profile.",
        ) from error
    return {k: dict(v) for k, v in data.items() if isinstance(v, dict) and k != "profile"}


def replace(settings: StageSettings, **values: Any) -> StageSettings:
    """A copy with some values changed and all checked."""
    return dataclasses.replace(settings, **values)
