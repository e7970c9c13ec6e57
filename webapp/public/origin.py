"""Where a post came from: evidence is taken from the form's own pages only (policy 2.1, 5.1)."""

from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from mailing.people.open_form import OpenForm
from webapp.public.opened import is_ours

# What evidence says of a page that nothing tells.
NOT_KNOWN = ""


def page_of(form: OpenForm, headers: Headers, stamp: str) -> str | None:
    """The page that a post came from, as evidence names it; None for a stranger's page.

    Browsers name at least the origin with a post (Fetch, "append a request Origin header"). Old
    and text browsers name nothing: there the stamp, which the hosted form alone carries, tells
    that it was the hosted form. A copy of it elsewhere carries none, and its page is not known.
    """
    origin, page = headers.get("Origin"), headers.get("Referer")
    named = [one for one in (origin, page) if one]
    if not all(form.accepts(_origin(one)) for one in named):
        return None
    if page:
        return _without_query(page)
    if origin is None:
        return form.address if is_ours(form.slug, stamp) else NOT_KNOWN
    return form.address if form.is_own(origin) else origin


def sent_from(headers: Headers) -> str:
    """The site that a refused post names, for its owner to read; empty where it names none."""
    named = _origin(headers.get("Origin") or headers.get("Referer") or "")
    return named[:200] if named.startswith(("http://", "https://")) else ""


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "null"
    return f"{parts.scheme}://{parts.netloc}"


def _without_query(page: str) -> str:
    """The page alone: what follows it may hold personal data that nobody declared."""
    parts = urlsplit(page)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:500]
