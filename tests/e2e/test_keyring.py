"""Keys against a real Secret Service (gnome-keyring on a session bus of its own), and without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from app.secrets import Secrets
from engine.domain.errors import EnvironmentProblem, UserFixable
from tests.e2e.conftest import command

KEY = "sk-keyring-0123456789abcdef"
HAS_SERVICE = all(shutil.which(name) for name in ("gnome-keyring-daemon", "dbus-run-session"))
needs_service = pytest.mark.skipif(not HAS_SERVICE, reason="no gnome-keyring and dbus-run-session here")

OPEN = "printf %s {password} | gnome-keyring-daemon --unlock --components=secrets > /dev/null 2>&1; "


def on_a_bus(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script on a new session bus; keyrings lie in this test's own folder."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DBUS_", "DISPLAY", "WAYLAND_"))}
    environment |= {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    environment["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    (tmp_path / "data").mkdir(exist_ok=True)
    return subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script],
        capture_output=True,
        text=True,
        env=environment,
        timeout=90,
    )


def models(tmp_path: Path, *words: str) -> str:
    return " ".join(command("--library", tmp_path / "library", "models", *words))


@needs_service
def test_a_key_survives_a_restart_of_everything(tmp_path: Path) -> None:
    unlock = OPEN.format(password="right")
    kept = on_a_bus(tmp_path, f"{unlock} echo {KEY} | {models(tmp_path, 'key', 'openai')}")
    assert kept.returncode == 0, kept.stderr
    assert "Secret Service" in kept.stdout
    later = on_a_bus(tmp_path, f"{unlock} {models(tmp_path, 'list')}")
    assert "from the Secret Service keyring" in later.stdout
    gone = on_a_bus(
        tmp_path, f"{unlock} {models(tmp_path, 'key', 'openai', '--forget')}; {models(tmp_path, 'list')}"
    )
    assert "from the Secret" not in gone.stdout
    said = [text for done in (kept, later, gone) for text in (done.stdout, done.stderr)]
    assert not any(KEY in text for text in said)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


@needs_service
@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_locked_keyring_is_told_and_nothing_waits_for_a_prompt(tmp_path: Path, password: str) -> None:
    on_a_bus(tmp_path, f"{OPEN.format(password='right')} echo {KEY} | {models(tmp_path, 'key', 'openai')}")
    if password:
        again = OPEN.format(password=password)
    else:
        again = "gnome-keyring-daemon --start --components=secrets > /dev/null 2>&1 < /dev/null; "
    done = on_a_bus(
        tmp_path, f"{again} {models(tmp_path, 'list')}; echo {KEY}x | {models(tmp_path, 'key', 'openai')}"
    )
    assert "is locked" in done.stdout
    assert "until the program ends" in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_without_a_keyring_keys_last_for_the_session_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    secrets = Secrets(environment={})
    assert secrets.state().kind == "none" and "until the program ends" in secrets.state().sentence
    kept = secrets.keep("openai", f" {KEY}\n")
    assert kept.kind == "none" and "until the program ends only" in kept.sentence
    found = secrets.get("openai")
    assert found is not None and (found.text, found.origin) == (KEY, "session")
    assert KEY not in repr(found)
    secrets.forget("openai")
    with pytest.raises(EnvironmentProblem, match="no key for openai"):
        secrets.need("openai")


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    secrets = Secrets(environment={"GOOGLE_API_KEY": KEY})
    secrets.keep("google", "another-key-0000")
    found = secrets.get("google")
    assert found is not None and (found.text, found.where) == (KEY, "GOOGLE_API_KEY")


@pytest.mark.parametrize("text", ["", "  ", "two words", "ключ", "a\nb"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(UserFixable):
        Secrets(environment={}).keep("openai", text)


def test_a_plain_text_backend_is_never_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    assert Secrets(environment={}).state().kind == "none"


def test_the_window_s_thread_never_asks() -> None:
    secrets = Secrets(window=True, environment={"OPENAI_API_KEY": KEY})
    with pytest.raises(RuntimeError, match="off the window's thread"):
        secrets.get("openai")
    found: list[object] = []
    worker = threading.Thread(target=lambda: found.append(secrets.get("openai")))
    worker.start()
    worker.join()
    assert found[0] is not None
