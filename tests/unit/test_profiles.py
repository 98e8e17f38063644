"""Profiles by name: one that is damaged or not here spoils no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.profiles import DEFAULT_PROFILE, effective_settings, profile_names, save_profile, usable_profile
from engine.domain.errors import UserFixable
from engine.domain.stages import StageName


def test_a_damaged_profile_spoils_no_other(tmp_path: Path) -> None:
    save_profile(tmp_path, "mine", {"match_brands": {"accept": 85.0}})
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe rubbish")
    (tmp_path / "wrong.toml").write_text('[match_brands]\naccept = "ninety"\n')
    assert profile_names(tmp_path)[0] == DEFAULT_PROFILE and {"mine", "bad"} < set(profile_names(tmp_path))
    for name in (DEFAULT_PROFILE, "general", "mine"):
        assert effective_settings(name, {}, tmp_path) and usable_profile(name, tmp_path) == name
    assert effective_settings("mine", {}, tmp_path)[StageName.MATCH_BRANDS].values()["accept"] == 85
    for name, words in (("bad", "can't be read"), ("wrong", "not a number"), ("none", "There is no profile")):
        with pytest.raises(UserFixable, match=words):
            effective_settings(name, {}, tmp_path)
        assert usable_profile(name, tmp_path) == DEFAULT_PROFILE


def test_a_profile_that_cant_be_written_is_the_persons_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserFixable, match="can't be written"):
        save_profile(tmp_path / "file", "mine", {})
