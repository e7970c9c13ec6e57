"""The policy changes, and whoever still gets something is told."""

from console.demo.octets import demand_exactly_one_each, demand_whole
from console.demo.operator import SECOND
from console.demo.people import CONFIRMED
from console.demo.postbox import Letter
from console.demo.scene import Scene
from console.demo.steps.first import SENDING_SECONDS
from console.demo.steps.opening import demand_published, import_policy
from console.demo.verdicts import demand

NOTICE = "notice"


def a_policy_change_is_announced(scene: Scene) -> str:
    """Publish a material version and send its notice: to all who have a topic left, once."""
    told = import_policy(scene, SECOND)
    demand(told["notice"], "publishing a material version drafted no notice")
    scene.campaigns[NOTICE] = int(told["notice"])
    demand_published(scene, SECOND)
    scene.terminal.run("notice", "send", "--policy", str(told["id"]), "--now")
    reached = [one for one in CONFIRMED if one != scene.first_to_leave]
    scene.await_done(NOTICE, SENDING_SECONDS)
    letters = scene.postbox.letters(is_notice)
    demand_exactly_one_each(letters, reached)
    demand_whole(letters, scene.web)
    link = f"{scene.web}/policy/"
    demand(all(link in one.part("plain") for one in letters), "a notice lacks the policy's link")
    return f"version {told['version']} announced to {len(letters)}; not to who left everything"


def is_notice(letter: Letter) -> bool:
    """Whether it belongs to the topic of notices (List-Id, RFC 2919)."""
    return "<notices." in str(letter.message["List-Id"])
