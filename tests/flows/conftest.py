"""A relay for the whole of a flow: this process and those that it starts send to it."""

from collections.abc import Iterator

import pytest

from tests.peers.smtp_peer import SmtpPeer


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpPeer]:
    with SmtpPeer() as peer:
        monkeypatch.setenv("KELISIM_SMTP_URL", peer.url)
        yield peer


@pytest.fixture
def environment(environment: dict[str, str], peer: SmtpPeer) -> dict[str, str]:
    return environment | {"KELISIM_SMTP_URL": peer.url}
