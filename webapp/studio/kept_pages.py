"""Kept messages: what came in and was shown to nobody, and the press that puts it on the desk."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mailing.requests import kept
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@studio.get("/requests/kept")
@needs(Act.ANSWER_REQUESTS)
def kept_list() -> str:
    lines = kept.listed(request.args.get("before", type=int))
    older = lines[-1].id if len(lines) == kept.SHOWN else None
    return render_template("pages/studio/kept.html", lines=lines, older=older)


@studio.post("/requests/kept/<int:inbound_id>")
@needs(Act.ANSWER_REQUESTS)
def kept_take_up(inbound_id: int) -> Response:
    taken = kept.take_up(inbound_id, actor())
    return redirect(url_for("studio.request_page", request_id=taken.request_id), 303)
