"""Places: which page an address of the studio leads back to.

An address that only takes a form has no page of its own: whoever changes the language there, or is
refused, goes on from the one above.
"""

from typing import Any

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect

Place = tuple[str, dict[str, Any]]
HOME: Place = ("studio.home", {})


def here() -> Place:
    """The page of this address, or the nearest above it that can be looked at."""
    rule = request.url_rule
    if rule is not None and "GET" in (rule.methods or ()):
        return rule.endpoint, dict(request.view_args or {})
    return _above(request.path)


def way_back() -> str | None:
    """Where a form that was refused came from; None for an address that is looked at."""
    if request.method != "POST":
        return None
    endpoint, values = here()
    return url_for(endpoint, **values)


def _above(path: str) -> Place:
    adapter = current_app.create_url_adapter(request)
    while adapter is not None and (path := path.rpartition("/")[0]):
        found = _page_at(adapter, path)
        if found is not None:
            return found
    return HOME


def _page_at(adapter: MapAdapter, path: str) -> Place | None:
    try:
        endpoint, values = adapter.match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return (endpoint, dict(values)) if endpoint.startswith("studio.") else None
