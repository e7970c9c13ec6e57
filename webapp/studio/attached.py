"""An answer that a browser keeps as a file."""

from flask import Response, make_response


def attached(words: str | bytes, mimetype: str, name: str) -> Response:
    """These words under this name."""
    answer = make_response(words)
    answer.mimetype = mimetype
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
