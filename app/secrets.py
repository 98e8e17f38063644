"""Keys of model providers: from the environment, the system's keyring, or this session's memory; never elsewhere.

No key is ever written to a file, a log, an error's words, the database or a command line. Only keyrings of the
operating system are used: whatever other backends are installed, a plain-text file is never chosen. A process that
was given a key, or whose environment holds one, writes no core file when it crashes.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.domain.errors import EnvironmentProblem, UserFixable

SERVICE = "sponsight"
LOCAL = "local"
"""The name under which the key of a model of one's own is kept, if it wants one."""

VARIABLES: dict[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "custom": ("SPONSIGHT_CUSTOM_API_KEY",),
    LOCAL: ("SPONSIGHT_LOCAL_API_KEY",),
}
"""Environment variables by provider, for runs without a keyring."""

BACKENDS = (
    ("keyring.backends.macOS", "Keyring"),
    ("keyring.backends.Windows", "WinVaultKeyring"),
    ("keyring.backends.SecretService", "Keyring"),
    ("keyring.backends.kwallet", "DBusKeyring"),
)

Origin = Literal["environment", "keyring", "session"]


@dataclass(frozen=True, slots=True)
class Key:
    """A key and where it came from. Its text is in no representation of it."""

    provider: str
    origin: Origin
    where: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyringState:
    """Whether keys can be kept: `ready`, `locked`, or `none`, with a sentence for a person."""

    kind: Literal["ready", "locked", "none"]
    sentence: str


class Secrets:
    """Where keys are looked for and kept. Every method may wait for the system's keyring (it may ask the person for
    a password), so none may be called on the window's thread: `window` makes that an error."""

    def __init__(self, *, window: bool = False, environment: Mapping[str, str] | None = None) -> None:
        self._window = window
        self._environment = os.environ if environment is None else environment
        self._session: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, provider: str) -> Key | None:
        """The provider's key, or None. A locked keyring is not asked (see `state`): no prompt opens in a run."""
        self._check_thread()
        _write_no_core_file()
        for variable in VARIABLES.get(provider, ()):
            text = self._environment.get(variable, "").strip()
            if text:
                return Key(provider, "environment", variable, text)
        backend = self._backend()
        if backend is not None and not _is_locked(backend):
            try:
                kept = backend.get_password(SERVICE, provider)
            except Exception:
                kept = None
            if kept:
                return Key(provider, "keyring", _title(backend), kept)
        with self._lock:
            text = self._session.get(provider, "")
        return Key(provider, "session", "this session", text) if text else None

    def need(self, provider: str) -> Key:
        """The provider's key; EnvironmentProblem, saying where it may be put, where there is none."""
        key = self.get(provider)
        if key is not None:
            return key
        state = self.state()
        locked = f" {state.sentence}" if state.kind == "locked" else ""
        raise EnvironmentProblem(
            f"There is no key for {provider}.{locked}",
            still_works="Nothing was sent; everything else works without it.",
            to_do=f"Run `sponsight models key {provider}`, or set {VARIABLES[provider][0]}.",
        )

    def keep(self, provider: str, text: str, *, unlock: bool = False) -> KeyringState:
        """Keep a key: in the keyring where there is one, else until the program ends; the state returned says which.
        `unlock` lets a locked keyring ask the person for its password. UserFixable for what can't be a key."""
        self._check_thread()
        if provider not in VARIABLES:
            raise UserFixable(
                f"There is no provider {provider!r}.",
                still_works="Nothing was changed.",
                to_do=f"The providers are {', '.join(VARIABLES)}.",
            )
        _write_no_core_file()
        text = text.strip()
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise UserFixable(
                "That is no key: keys are one word of plain letters, digits and signs.",
                still_works="Nothing was changed.",
                to_do="Copy it again from the provider's site.",
            )
        backend = self._backend()
        failed = ""
        if backend is not None and not unlock and _is_locked(backend):
            failed = "it is locked"
        elif backend is not None:
            try:
                backend.set_password(SERVICE, provider, text)
            except Exception as error:
                failed = type(error).__name__
            else:
                with self._lock:
                    self._session.pop(provider, None)
                return KeyringState("ready", f"The key is kept in {_title(backend)}.")
        with self._lock:
            self._session[provider] = text
        why = f"{_title(backend)} did not take it ({failed})" if failed else "there is no keyring here"
        return KeyringState(
            "locked" if failed else "none",
            f"The key is kept until the program ends only: {why}. "
            f"To keep it, unlock or install a keyring, or set {VARIABLES[provider][0]}.",
        )

    def forget(self, provider: str) -> None:
        """Remove the key from the keyring and from memory; one in the environment stays."""
        self._check_thread()
        with self._lock:
            self._session.pop(provider, None)
        backend = self._backend()
        if backend is not None and not _is_locked(backend):
            try:
                backend.delete_password(SERVICE, provider)
            except Exception:
                return

    def state(self) -> KeyringState:
        """Whether keys outlive the program here."""
        self._check_thread()
        backend = self._backend()
        if backend is None:
            return KeyringState(
                "none",
                "There is no system keyring here: keys are kept until the program ends only. "
                "For runs without a window set an environment variable.",
            )
        if _is_locked(backend):
            title = _title(backend)
            sentence = f"{title[0].upper()}{title[1:]} is locked: unlock it, or set an environment variable."
            return KeyringState("locked", sentence)
        return KeyringState("ready", f"Keys are kept in {_title(backend)}.")

    def _check_thread(self) -> None:
        if self._window and threading.current_thread() is threading.main_thread():
            raise RuntimeError("the keyring may wait for a person: ask it off the window's thread")

    def _backend(self) -> Any:
        """The system's keyring, or None. Looked for anew each time: one may be started meanwhile."""
        for module, name in BACKENDS:
            try:
                kind = getattr(importlib.import_module(module), name)
                if kind.viable:
                    return kind()
            except Exception:
                continue
        return None


def guard_environment() -> None:
    """For the start of a program: where its environment holds a key, its memory stays out of core files."""
    if any(os.environ.get(name) for names in VARIABLES.values() for name in names):
        _write_no_core_file()


def _write_no_core_file() -> None:
    """The memory of this process stays out of files, whatever the system does with crashed programs."""
    try:
        resource = importlib.import_module("resource")
    except ImportError:
        return  # no such files on this system
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def _title(backend: Any) -> str:
    return {
        "macOS": "the macOS keychain",
        "Windows": "Windows Credential Manager",
        "SecretService": "the Secret Service keyring",
        "kwallet": "KWallet",
    }.get(type(backend).__module__.rpartition(".")[2], "the system keyring")


def _is_locked(backend: Any) -> bool:
    """True where asking the keyring would open a prompt: it is locked, or was never set up. Only the Secret Service
    tells; the others of the system are open while their person is logged in."""
    if not type(backend).__module__.endswith("SecretService"):
        return False
    try:
        from contextlib import closing

        import secretstorage

        with closing(secretstorage.dbus_init()) as bus:
            return bool(secretstorage.get_collection_by_alias(bus, "default").is_locked())
    except Exception:
        return True
