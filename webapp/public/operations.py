"""For the engineer on duty: alive, ready, and figures. Nothing personal."""

from flask import Blueprint, Response, jsonify, make_response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from mailing.base import needs
from webapp.public.figures import Figures

pages = Blueprint("operations", __name__)


@pages.get("/healthz")
def alive() -> Response:
    """This process answers; it says nothing of the parts that it needs."""
    answer = make_response("ok\n")
    answer.mimetype = "text/plain"
    return answer


@pages.get("/readyz")
def ready() -> Response:
    """200 when every part that sending needs is fine, else 503 and which is not, and why."""
    checks = needs.readiness()
    is_ready = not any(checks.values())
    body = {"ok": is_ready, "checks": {name: why or "ok" for name, why in checks.items()}}
    return make_response(jsonify(body), 200 if is_ready else 503)


@pages.get("/metrics")
def metrics() -> Response:
    """Prometheus text, counted in the database at the moment of asking."""
    registry = CollectorRegistry()
    registry.register(Figures())
    answer = make_response(generate_latest(registry))
    answer.headers["Content-Type"] = CONTENT_TYPE_LATEST
    return answer
