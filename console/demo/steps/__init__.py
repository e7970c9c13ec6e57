"""The story in order, each chapter a file; each step verifies what it claims."""

from collections.abc import Callable

from console.demo.scene import Scene
from console.demo.steps.change import a_policy_change_is_announced
from console.demo.steps.first import a_campaign_goes_out, somebody_leaves_in_the_middle
from console.demo.steps.joining import (
    a_button_confirms,
    people_fill_in_the_form,
    scanners_change_nothing,
    strangers_learn_nothing,
)
from console.demo.steps.opening import the_operator_moves_in
from console.demo.steps.reckoning import everything_adds_up
from console.demo.steps.second import a_second_campaign_respects_them

Tell = Callable[[Scene], str]

STORY: tuple[tuple[str, Tell], ...] = (
    ("operator", the_operator_moves_in),
    ("opt-in", people_fill_in_the_form),
    ("scanners", scanners_change_nothing),
    ("confirmation", a_button_confirms),
    ("same answer", strangers_learn_nothing),
    ("first campaign", a_campaign_goes_out),
    ("one click", somebody_leaves_in_the_middle),
    ("second campaign", a_second_campaign_respects_them),
    ("policy change", a_policy_change_is_announced),
    ("reckoning", everything_adds_up),
)
