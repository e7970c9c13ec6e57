"""A file of people on its way in: sealed as it comes, never in clear on a disk.

The limit of every other form stays; this one is read only after login and role were asked.
"""

from typing import IO, Any

from flask import Request, current_app, g

from mailing.people.imports import uploads
from mailing.people.imports.sealed import Writer
from webapp.studio.blueprint import studio

UPLOAD = "studio.import_upload"
LARGEST = 200 * 1024 * 1024
# An image of 8 MB, and the form around it.
_LIMITS = {
    UPLOAD: LARGEST,
    "studio.campaign_compose_save": 9 * 1024 * 1024,
    "studio.settings_brand_save": 9 * 1024 * 1024,
}


class UploadRequest(Request):
    """Every request; only the upload of an import is treated otherwise."""

    @property
    def max_content_length(self) -> int | None:
        """Octets of a body; a million rows fit into the upload's."""
        return _LIMITS.get(self.endpoint or "") or super().max_content_length

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._max_content_length = value

    def _get_file_stream(self, *told: Any, **more: Any) -> IO[bytes]:
        if self.endpoint != UPLOAD:
            return super()._get_file_stream(*told, **more)
        part = uploads.receive(current_app.extensions["kelisim"])
        g.setdefault("parts", []).append(part)
        return part  # type: ignore[return-value]


def received() -> Writer | None:
    """The file of this request, None where none was chosen."""
    parts: list[Writer] = g.get("parts", [])
    return parts[0] if parts and parts[0].size else None


@studio.teardown_request
def drop(_: BaseException | None) -> None:
    """What was not kept goes: refused, cut off, or a second file."""
    for part in g.get("parts", []):
        part.close()
        part.path.unlink(missing_ok=True)
