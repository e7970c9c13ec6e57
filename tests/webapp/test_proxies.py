"""Whose word counts for the network address of a client."""

import pytest
from flask import Flask, request

from mailing.base.settings import load
from webapp.app import create_app


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_proxy_is_believed_only_where_one_is_set_up(
    app: Flask, monkeypatch: pytest.MonkeyPatch, proxies: int
) -> None:
    monkeypatch.setenv("KELISIM_TRUSTED_PROXIES", str(proxies))
    web = create_app(load(_env_file=None))
    seen: list[str | None] = []
    web.before_request(lambda: seen.append(request.remote_addr))
    web.test_client().get("/healthz", headers={"X-Forwarded-For": "192.0.2.7"})
    assert seen == (["192.0.2.7"] if proxies else ["127.0.0.1"])
