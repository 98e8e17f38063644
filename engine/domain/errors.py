"""The error tree: every trouble that Sponsight foresees, with words a person can act on.

    SponsightError
    ├── UserFixable        the person can put it right (wrong file, wrong setting, full disk)
    ├── EnvironmentProblem something on this machine is missing or broken (library, GPU, keyring)
    ├── Conflict           somebody or something else got there first (second writer, illegal move)
    ├── DataDamage         stored data is broken or too new; nothing was overwritten
    └── StageFailed        a stage could not go on; what it had finished is kept

    Cancelled              apart: a state that a person asked for, never an error

Anything else that is raised is a bug and goes to the crash report.
"""

from __future__ import annotations


class SponsightError(Exception):
    """Foreseen trouble: `message` says what happened, `still_works` what is safe, `to_do` what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, still_works: str = "", to_do: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.still_works = still_works
        self.to_do = to_do

    def __str__(self) -> str:
        return " ".join(part for part in (self.message, self.still_works, self.to_do) if part)


class UserFixable(SponsightError):
    """The input, a setting or the place on disk is wrong and the person can put it right."""

    exit_code = 2


class EnvironmentProblem(SponsightError):
    """Something on this machine is missing or broken: a library, a driver, a keyring."""

    exit_code = 3


class Conflict(SponsightError):
    """Somebody or something else got there first: a second writer, an illegal job move."""

    exit_code = 4


class DataDamage(SponsightError):
    """Stored data is broken or of a newer version; it was left as it is."""

    exit_code = 5


class StageFailed(SponsightError):
    """A stage could not go on; every part finished before is kept. `stage` names it."""

    exit_code = 6

    def __init__(self, message: str, *, stage: str = "", still_works: str = "", to_do: str = "") -> None:
        super().__init__(message, still_works=still_works, to_do=to_do)
        self.stage = stage


class Cancelled(Exception):
    """A person asked to stop (`reason` is `pause` or `cancel`); finished parts are kept."""

    def __init__(self, reason: str = "cancel") -> None:
        super().__init__(reason)
        self.reason = reason
