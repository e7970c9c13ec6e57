"""Whose word counts for the network address of a client."""

import pytest
from flask import request

from tests.webapp.conftest import With


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_proxy_is_believed_only_where_one_is_set_up(with_settings: With, proxies: int) -> None:
    client = with_settings(trusted_proxies=proxies)
    seen: list[str | None] = []
    client.application.before_request(lambda: seen.append(request.remote_addr))
    client.get("/healthz", headers={"X-Forwarded-For": "192.0.2.7"})
    assert seen == (["192.0.2.7"] if proxies else ["127.0.0.1"])
