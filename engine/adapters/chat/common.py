"""What both adapters share: keys kept out of words, quiet logs, Retry-After, no redirects."""

from __future__ import annotations

import base64
import email.utils
import logging
import time
from collections.abc import Mapping

from engine.escalation.places import is_local

NO_KEY = "none"
"""Sent where a server wants no key: the libraries insist on one, and would look for one elsewhere."""
HIDDEN = "[key]"
SHORTEST_SECRET = 6
MOST_TEXT = 200_000
"""Characters of an answer that are looked at."""

for _name in ("openai", "anthropic", "httpx2", "httpcore2"):
    # Their debug logs hold whole requests: pictures, and what is in the headers.
    logging.getLogger(_name).setLevel(logging.WARNING)


def hide(text: str, key: str) -> str:
    """The text without the key, should a server quote it, plain or in base64."""
    if len(key) < SHORTEST_SECRET:
        return text
    for secret in (key, base64.b64encode(key.encode()).decode()):
        text = text.replace(secret, HIDDEN)
    return text


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait (number or date), None where it says nothing usable."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if seconds >= 0 and seconds == seconds:
            return seconds
    date = email.utils.parsedate_tz(headers.get("retry-after", ""))
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date is not None else None


def uses_proxies(endpoint: str) -> bool:
    """Whether the system's proxies may be asked: never for a model on this machine or network."""
    return not is_local(endpoint)


def whole(tokens: object) -> int | None:
    """A reported number of tokens, None where it is no whole number."""
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) else None
