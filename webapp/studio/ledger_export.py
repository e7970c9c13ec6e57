"""The ledger as a sheet: each considered person in exactly one line. For a reason, and logged."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.languages import gettext
from mailing.base.sheets import sheet
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import lines
from mailing.people.profile import Reason
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor

IN_MEMORY = 4 * 1024 * 1024
AT_ONCE = 1000
A_PIECE = 64 * 1024
MISSED = "missed"


@studio.get("/campaigns/<int:campaign_id>/export")
@needs(Act.EXPORT_PEOPLE)
def campaign_export(campaign_id: int) -> str:
    return _page(campaigns.find(campaign_id), {})


@studio.post("/campaigns/<int:campaign_id>/export")
@needs(Act.EXPORT_PEOPLE)
def campaign_export_take(campaign_id: int) -> ResponseReturnValue:
    """Written whole before its first octet leaves, so that the log has the true number of rows."""
    campaign, why = campaigns.find(campaign_id), request.form.get("why", "")
    if why not in set(Reason):
        wrong = {"why": gettext("Choose why you read it; it is logged.")}
        return _page(campaign, wrong), 422
    is_missed = request.form.get("who") == MISSED
    file, rows = _written(lines.of(campaign, but=lines.GOT_IT if is_missed else None))
    who = {"who": MISSED} if is_missed else {}
    told = {"why": why, "rows": rows, "fields": list(lines.HEADS), **who}
    audit.record(actor(), "ledger exported", f"campaign {campaign_id}", **told)
    db.session.commit()
    return _download(file, f"campaign-{campaign_id}-{MISSED if is_missed else 'ledger'}.csv")


def _page(campaign: Campaign, errors: dict[str, str]) -> str:
    return render_template(
        "pages/studio/export.html",
        campaign=campaign,
        errors=errors,
        reasons=list(Reason),
        who_is_in=request.values.get("who", ""),
    )


def _written(found: Iterator[lines.Line]) -> tuple[IO[bytes], int]:
    file = cast("IO[bytes]", SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - the answer ends it
    file.write(sheet(lines.HEADS, ()).encode())
    rows = 0
    for some in _in_pieces(found):
        file.write(sheet((), (one.cells for one in some)).encode().removeprefix(_HEAD))
        rows += len(some)
    file.seek(0)
    return file, rows


# What `sheet` writes before its rows where there is no head: the mark and an empty line.
_HEAD = sheet((), ()).encode()


def _in_pieces(found: Iterator[lines.Line]) -> Iterator[list[lines.Line]]:
    some: list[lines.Line] = []
    for one in found:
        some.append(one)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(A_PIECE):
            yield piece


def _download(file: IO[bytes], name: str) -> Response:
    answer = Response(_pieces(file), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.call_on_close(file.close)
    return answer
