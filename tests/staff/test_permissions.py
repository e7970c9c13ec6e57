"""Roles: the table in words is the whole truth."""

import pytest

from mailing.base.errors import NotAllowed
from mailing.base.languages import gettext_for
from mailing.staff.permissions import PERMISSIONS, Act, demand, may
from mailing.staff.staff import Role


def test_every_act_names_its_roles() -> None:
    assert set(PERMISSIONS) == set(Act)


def test_an_admin_may_do_everything() -> None:
    assert all(may(Role.ADMIN, act) for act in Act)


def test_the_officer_stops_campaigns_and_starts_none() -> None:
    assert may(Role.OFFICER, Act.PAUSE_CAMPAIGNS)
    assert not may(Role.OFFICER, Act.SEND_CAMPAIGNS)
    assert not may(Role.OFFICER, Act.WRITE_CAMPAIGNS)


def test_whoever_sends_sees_people_and_says_nothing_in_their_name() -> None:
    assert may(Role.MARKETER, Act.SEE_PEOPLE)
    assert not may(Role.MARKETER, Act.STOP_PEOPLE)
    assert may(Role.OFFICER, Act.STOP_PEOPLE)


def test_a_viewer_changes_nothing_and_sees_no_person() -> None:
    allowed = {act for act in Act if may(Role.VIEWER, act)}
    looks = {Act.READ_CAMPAIGNS, Act.COUNT_AUDIENCES, Act.READ_FORMS, Act.READ_POLICIES}
    assert allowed == looks | {Act.READ_SETTINGS, Act.OWN_LOGIN}


def test_an_unknown_role_or_act_is_a_no() -> None:
    assert not may("owner", Act.READ_CAMPAIGNS)
    assert not may(Role.ADMIN, "fly")


def test_a_refusal_names_the_roles_that_may() -> None:
    with pytest.raises(NotAllowed, match="admin, marketer"):
        demand(Role.VIEWER, Act.SEND_CAMPAIGNS)


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_every_act_has_words_in_each_language(language: str) -> None:
    said = gettext_for(language).gettext
    assert [act for act in Act if said(act.value) == act.value] == []
