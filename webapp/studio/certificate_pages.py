"""Certificates of destruction on paper and as a file, and what retention lets go next."""

from flask import render_template
from werkzeug.wrappers import Response

from mailing.base.settings import current
from mailing.requests import certificates, retention, verifying
from mailing.staff.permissions import Act
from webapp.studio.attached import attached
from webapp.studio.blueprint import needs, studio


@studio.get("/certificates/<certificate>")
@needs(Act.DESTROY_PEOPLE)
def request_certificate(certificate: str) -> str:
    found = certificates.find(certificate)
    return render_template(
        "pages/studio/certificate.html",
        found=found,
        verdict=verifying.stored(certificate),
        public_url=current().public_url,
    )


@studio.get("/certificates/<certificate>/file")
@needs(Act.DESTROY_PEOPLE)
def request_certificate_file(certificate: str) -> Response:
    words = verifying.render(certificates.find(certificate))
    return attached(words, "application/json", f"{certificate}.json")


@studio.get("/retention")
@needs(Act.DESTROY_PEOPLE)
def request_retention() -> str:
    return render_template("pages/studio/retention.html", plan=retention.plan())
