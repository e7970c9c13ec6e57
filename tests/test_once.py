"""What is worked out once for all tests is still what each of them would have got."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask, render_template
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, Map, Rule

WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
WEAKER = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)


class Loud(BaseConverter):
    def to_url(self, value: str) -> str:
        return value.upper()


class Quiet(BaseConverter):
    def to_url(self, value: str) -> str:
        return value.lower()


class Short(Quiet):
    regex = "[a-z]{2}"


def rendered(folder: Path, content: str) -> str:
    """What a new application makes of the page that stands there now."""
    (folder / "page.html").write_text(content)
    with Flask("once", template_folder=str(folder)).test_request_context():
        return render_template("page.html")


def test_a_template_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    assert rendered(tmp_path, "{{ 1 + 1 }}") == "2"
    assert rendered(tmp_path, "{{ 1 + 2 }}") == "3"
    assert rendered(tmp_path, "{{ 1 + 1 }}") == "2"


def test_a_rule_builds_its_address_by_its_own_map() -> None:
    for converter, built in ((Loud, "/A"), (Quiet, "/a"), (Loud, "/A")):
        rules = Map([Rule("/<said:word>", endpoint="e")], converters={"said": converter})
        assert rules.bind("example.com").build("e", {"word": "a"}) == built


def test_a_rule_that_was_taken_apart_before_is_matched_by_its_own_map() -> None:
    for converters, path in (({"said": Loud}, "/a/b"), ({"said": Short}, "/a/bc"), ({}, "/a/b")):
        rules = Map(
            [Rule("/<word>/<said:rest>", endpoint="e")], converters={"said": Quiet, **converters}
        )
        matches = rules.bind("example.com")
        assert matches.match(path) == ("e", {"word": "a", "rest": path[3:]})
        assert matches.build("e", {"word": "a", "rest": path[3:]}).lower() == path
        assert rules._rules[0].arguments == {"word", "rest"}
    with pytest.raises(NotFound):
        Map([Rule("/<said:rest>", endpoint="e")], converters={"said": Short}).bind("x").match("/a")


def test_a_rule_with_a_default_keeps_its_own() -> None:
    for default in ("a", "b"):
        rules = Map([Rule("/<word>", endpoint="e", defaults={"word": default})])
        assert rules.bind("example.com").build("e", {"word": default}) == f"/{default}"


def test_a_password_is_hashed_as_its_hasher_says_and_checked_for_real() -> None:
    assert WEAK.hash("four words") == WEAK.hash("four words") != WEAK.hash("five words")
    assert WEAKER.check_needs_rehash(WEAK.hash("four words"))
    assert not WEAKER.check_needs_rehash(WEAKER.hash("four words"))
    assert WEAK.verify(WEAK.hash("four words"), "four words")
    with pytest.raises(VerifyMismatchError):
        WEAK.verify(WEAK.hash("four words"), "five words")
