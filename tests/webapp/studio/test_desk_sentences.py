"""What the desk refuses is said to whoever presses in their own language, not as it was written."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from mailing.base.languages import SOURCE, speaking
from mailing.base.settings import ROOT
from mailing.requests.kinds import RIGHTS, Kind
from mailing.staff.permissions import Act
from mailing.staff.staff import Role
from tests.webapp.studio.test_desk import on_paper
from tests.webapp.studio.test_requests import Browse
from webapp.studio.desk_sentences import OF_THE_DESK, RIGHT_NAMES
from webapp.studio.sentences import spoken_sentence

DESK = sorted((ROOT / "mailing/requests").rglob("*.py"))
_ERRORS = {"Conflict", "Invalid", "Missing", "NotAllowed", "NotReady"}
# Said to the command line, to a page of the public that has words of its own, or to nobody: no
# page of the studio leads there.
_ELSEWHERE = {
    "A letter is a withdrawal, rectification, question, unsubscribe or junk.",
    "Name a time or a campaign, not both.",
    "Nothing that names this person is held any more.",
    "Only a fresh link may change an address.",
    "Only a fresh link may correct anybody's data.",
    "Request … is of nobody whom we know; nothing is held.",
    "Say the … of this disclosure.",
    "Say why these parts are left out; the person reads it.",
    "The … has at most … characters.",
    "Name the fields that are demanded: ….",
    "Name the people by their addresses, … at most.",
    "Nobody is known by the address ….",
    "There is no message ….",
    "There is no right … in any request.",
    "There is no subscriber ….",
    "There is no such destruction.",
    "There is no template …; there are ….",
    "This file was taken before, or its time is over.",
    "… has no term in KELISIM_RETENTION, so it is kept.",
    "… is no e-mail address.",
}


def raised(path: Path) -> Iterator[str]:
    """The sentences that a file raises in plain English, their values as dots."""
    for node in ast.walk(ast.parse(path.read_text())):
        call = node.exc if isinstance(node, ast.Raise) else None
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in _ERRORS and call.args:
            said = call.args[0]
            if isinstance(said, ast.Constant):
                yield str(said.value)
            if isinstance(said, ast.JoinedStr):
                parts = (getattr(one, "value", "…") for one in said.values)
                yield "".join(one if isinstance(one, str) else "…" for one in parts)


def test_every_refusal_of_the_desk_is_known_in_each_language() -> None:
    said = {one for path in DESK for one in raised(path)}
    assert len(said) > 80, "the search finds them"
    with speaking("ru"):
        foreign = {one for one in said if spoken_sentence(one) == one}
    assert foreign - _ELSEWHERE == set()
    assert _ELSEWHERE - said == set(), "nothing is excused that nobody says"


def test_what_stands_in_the_way_of_a_destruction_is_known_in_each_language() -> None:
    """It is kept as the sweep met it, and read by anybody."""
    for one in OF_THE_DESK:
        for language in ("kk", "ru"):
            with speaking(language):
                assert spoken_sentence(one) != one, (language, one)
        with speaking(SOURCE):
            assert spoken_sentence(one) == one


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ru", "Сначала решите и об остальном, о чём просят: Доступ к своим данным."),
        ("kk", "Алдымен тағы сұралғандар бойынша шешім қабылдаңыз: Өз деректерін көру."),
        ("en", "Decide first on what else is asked for: Access to own data."),
    ],
)
def test_the_rights_in_a_refusal_are_named_in_the_language_too(
    web: Flask, browse: Browse, language: str, words: str
) -> None:
    number = on_paper(web, Kind.QUESTION, Kind.ACCESS)
    officer = browse(Role.OFFICER)
    officer.post(
        f"/studio/requests/{number}/rule", {"right": "question", "question-ruling": "grant"}
    )
    closed = officer.post(
        f"/studio/requests/{number}/close?lang={language}",
        {"resolution": "done", "reason": "Answered."},
    )
    assert closed.status_code == 409
    assert words in closed.text


def test_a_role_that_may_not_is_told_so_in_its_own_language() -> None:
    said = f"The role marketer may not {Act.DESTROY_PEOPLE}; it takes: admin, officer."
    with speaking("ru"):
        told = spoken_sentence(said)
    assert "решать об уничтожении данных" in told
    assert "officer" not in told


def test_every_right_that_the_desk_decides_on_has_a_name_in_its_refusals() -> None:
    assert set(RIGHT_NAMES) == {one.value for one in RIGHTS}
