"""Origins: one site answers to four addresses, and each is registered by itself."""

import pytest

from mailing.base.errors import Invalid
from mailing.people import origins

FOUR = [
    "https://glazik.example",
    "http://glazik.example",
    "https://www.glazik.example",
    "http://www.glazik.example",
]


@pytest.mark.parametrize("given", [*FOUR, "HTTPS://WWW.Glazik.example:443/"])
def test_a_site_is_known_by_http_and_https_with_and_without_www(given: str) -> None:
    assert origins.variants(given) == FOUR


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("http://localhost", ["https://localhost", "http://localhost"]),
        ("http://127.0.0.1:8080", ["http://127.0.0.1:8080"]),
        ("http://[::1]:5000", ["http://[::1]:5000"]),
        (
            "https://glazik.example:8443",
            ["https://glazik.example:8443", "https://www.glazik.example:8443"],
        ),
        (
            "https://www.example",
            [
                "https://www.example",
                "http://www.example",
            ],
        ),
        (
            "https://көз.example",
            [
                "https://xn--j1aip.example",
                "http://xn--j1aip.example",
                "https://www.xn--j1aip.example",
                "http://www.xn--j1aip.example",
            ],
        ),
    ],
)
def test_a_port_has_one_scheme_and_a_machine_no_www(given: str, found: list[str]) -> None:
    if "көз" in given:
        found = [one.replace("xn--j1aip.example", _ascii()) for one in found]
    assert origins.variants(given) == found


def test_what_is_not_registered_is_named() -> None:
    assert origins.missing_variants(FOUR[:1]) == FOUR[1:]
    assert origins.missing_variants(FOUR) == []
    assert origins.all_variants([FOUR[2], FOUR[0]]) == FOUR


def test_what_is_no_origin_has_no_variants() -> None:
    with pytest.raises(Invalid):
        origins.variants("glazik.example/join")


def _ascii() -> str:
    return origins.normal_origin("https://көз.example").removeprefix("https://")
