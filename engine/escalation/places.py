"""Whether an endpoint is on this machine or network: only there may the local stage send pictures."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

LOCAL_ENDINGS = (".local", ".lan", ".internal", ".home.arpa", ".localhost")


def is_local(endpoint: str) -> bool:
    """True for loopback and private addresses and for names that only a local network resolves. False where the
    endpoint is no address at all."""
    try:
        host = (urlsplit(endpoint).hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    if not host:
        return False
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "." not in host or host.endswith(LOCAL_ENDINGS)
    return address.is_loopback or address.is_private or address.is_link_local
