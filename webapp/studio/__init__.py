"""The studio: staff log in, write, look, send, watch."""

from flask import Flask

from mailing.base.settings import Settings
from mailing.staff import passwords
from webapp.studio import (  # noqa: F401  (importing them puts their routes on the blueprint)
    account,
    approving,
    audience_pages,
    audit_pages,
    brand_pages,
    brief,
    bundle_pages,
    campaign_list,
    campaigns,
    certificate_pages,
    click_pages,
    composer,
    destruction_pages,
    disclosure_pages,
    evidence,
    explain,
    forms,
    home,
    imports,
    incident_pages,
    kept_pages,
    ledger_export,
    live,
    login,
    login_passkey,
    lost,
    member,
    members,
    passkey_pages,
    password_link,
    person_acts,
    person_list,
    person_page,
    policies,
    policy_report,
    policy_writing,
    preview_pages,
    refusals,
    register_pages,
    report,
    request_clock,
    request_identity,
    request_new,
    request_queue,
    request_rectify,
    request_rights,
    requests,
    returns,
    second,
    segments,
    sending,
    settings_pages,
    shell,
    topics,
    trial_pages,
    version_pages,
    writing,
)
from webapp.studio.blueprint import studio
from webapp.studio.guard import csrf
from webapp.studio.identity import install
from webapp.studio.sessions import configure
from webapp.studio.throttle import Throttle
from webapp.studio.uploading import UploadRequest


def register(app: Flask) -> None:
    """Put the studio under /studio, with its logins, its forms' protection and its brakes."""
    settings: Settings = app.extensions["kelisim"]
    configure(app, settings)
    # Tokens live as long as the login; one that expires earlier would lose what was typed.
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    app.request_class = UploadRequest
    csrf.init_app(app)
    install(app)
    app.extensions["kelisim_throttle"] = Throttle(settings)
    app.register_blueprint(studio)
    passwords.nobodys()
