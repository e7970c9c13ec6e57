"""Origins: the sites whose pages may hold a form (RFC 6454), in one spelling each."""

import re
from urllib.parse import SplitResult, urlsplit

import idna

from mailing.base.errors import Invalid

_HOST = re.compile(r"[a-z0-9._-]+")
_DOMAIN = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*")
_PORTS = {"http": 80, "https": 443}
_WWW = "www."
_ORIGIN = "An origin looks like https://example.kz or http://localhost:8080, without a path."


def variants(origin: str) -> list[str]:
    """The same site by http and https, with and without www: what its visitors may come by.

    Each is an origin of its own, and a form takes only those that were registered. An address
    with a port has one scheme, and a machine without a domain no www. Raises `Invalid`.
    """
    parts = urlsplit(normal_origin(origin))
    if parts.port is not None:
        found = [f"{parts.scheme}://{host}:{parts.port}" for host in _hosts(parts)]
    else:
        found = [f"{scheme}://{host}" for host in _hosts(parts) for scheme in ("https", "http")]
    return found


def all_variants(origins: list[str]) -> list[str]:
    """These origins and their variants, each once, in order."""
    return list(dict.fromkeys(one for origin in origins for one in variants(origin)))


def missing_variants(registered: list[str]) -> list[str]:
    """What a visitor of these sites could come by, and a form would refuse."""
    return [one for one in all_variants(registered) if one not in registered]


def normal_origin(text: str) -> str:
    """`scheme://host` or `scheme://host:port`, in small letters and ASCII, no standard port.

    Raises `Invalid` for whatever is no http or https origin.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        host = _host(parts)
    except ValueError:
        raise Invalid(_ORIGIN, field="origin") from None
    beyond = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in _PORTS or not host or beyond or "@" in parts.netloc:
        raise Invalid(_ORIGIN, field="origin")
    suffix = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _hosts(parts: SplitResult) -> list[str]:
    host = parts.hostname or ""
    if ":" in host:
        return [f"[{host}]"]
    if not _DOMAIN.fullmatch(host):
        return [host]
    bare = host.removeprefix(_WWW)
    return [bare, _WWW + bare] if "." in bare else [host]


def _host(parts: SplitResult) -> str:
    """The host in ASCII (RFC 5891); an unusable one raises `ValueError`."""
    host = parts.hostname or ""
    if ":" in host:
        return f"[{host}]"
    if _HOST.fullmatch(host):
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(str(error)) from None
