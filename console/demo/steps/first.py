"""The first campaign goes out, and somebody leaves while it does."""

from collections.abc import Callable

from console.demo import browser
from console.demo.octets import demand_distinct, demand_exactly_one_each, demand_whole
from console.demo.operator import NEWS, SPRING, Draft
from console.demo.people import CONFIRMED, KEEPS_READINGS, NEVER_CONFIRMS, READERS, STRANGER
from console.demo.postbox import Letter
from console.demo.scene import Scene
from console.demo.verdicts import demand

SENDING_SECONDS = 90.0
ONE_CLICK = (("List-Unsubscribe", "One-Click"),)


def a_campaign_goes_out(scene: Scene) -> str:
    """Write, check and start it; the first reader gets it once the holding window is over."""
    campaign = draft(scene, SPRING)
    ready = scene.terminal.run("campaign", "check", str(campaign))
    counted = scene.terminal.run("campaign", "audience", str(campaign))
    receive, held = counted["will_receive"], counted["held"]
    demand(receive == len(CONFIRMED), f"{receive} would receive it, {len(CONFIRMED)} confirmed")
    demand(receive + sum(held.values()) == counted["considered"], "the audience does not add up")
    waiting = _who_has_not_confirmed(scene, campaign, held)
    scene.terminal.run("campaign", "start", str(campaign), "--expect", str(receive))
    # Nothing stands between the first letter and the one who leaves by it: the rest is on its way.
    scene.await_letters(1, _to_a_reader, SENDING_SECONDS)
    said = f"{receive} will receive it; held back, because they never confirmed: {waiting}"
    return f"{len(ready['checks'])} checks passed, {said}"


def somebody_leaves_in_the_middle(scene: Scene) -> str:
    """Whoever got it first leaves by the one-click of their mail program (RFC 8058)."""
    early = scene.postbox.letters(_to_a_reader)[0]
    leave_by_one_click(scene, early)
    out = len(scene.postbox.letters(about(SPRING)))
    demand(out < len(CONFIRMED), "everything had left already: that was not the middle")
    scene.first_to_leave = next(one for one in READERS if one.email == early.recipient)
    scene.await_letters(len(CONFIRMED), about(SPRING), SENDING_SECONDS)
    scene.await_done(SPRING.subject, SENDING_SECONDS)
    letters = scene.postbox.letters(about(SPRING))
    demand_exactly_one_each(letters, CONFIRMED)
    demand_whole(letters, scene.web)
    demand_distinct(letters)
    return f"{early.recipient} left when {out} of {len(letters)} had been sent"


def draft(scene: Scene, written: Draft) -> int:
    """Draft a campaign to the readers of new books; its number."""
    body = scene.premises.directory / "body.md"
    body.write_text(written.body, "utf-8")
    words = ("--topic", NEWS.slug, "--subject", written.subject, "--body", str(body))
    made = scene.terminal.run("campaign", "create", *words)
    scene.campaigns[written.subject] = int(made["id"])
    return scene.campaigns[written.subject]


def leave_by_one_click(scene: Scene, letter: Letter) -> None:
    """POST to the address in the header, twice, as mail programs do; both succeed."""
    for _ in range(2):
        answer = browser.post(letter.one_click(), ONE_CLICK)
        said = f"the one-click answers {answer.status}"
        demand(answer.status in (200, 202), said)
        demand("set-cookie" not in answer.headers, "the one-click sets a cookie")


def about(written: Draft) -> Callable[[Letter], bool]:
    """Which letters are this campaign's, told by the subject as a mail program shows it."""
    return lambda letter: letter.subject == written.subject


def _who_has_not_confirmed(scene: Scene, campaign: int, held: dict[str, int]) -> str:
    """The only people held back are those who never pressed their button; their addresses."""
    meant = {NEVER_CONFIRMS.email, STRANGER.email}
    demand(held == {"not_confirmed": len(meant)}, f"others are held back too: {held}")
    words = ("campaign", "audience", str(campaign), "--why", "not_confirmed")
    listed = {one["email"] for one in scene.terminal.run(*words)["people"]}
    demand(listed == meant, f"held back are {listed}, not {meant}")
    return " and ".join(sorted(meant))


def _to_a_reader(letter: Letter) -> bool:
    # Not to the one who keeps the readings: her part in the story is to leave later.
    return about(SPRING)(letter) and letter.recipient != KEEPS_READINGS.email
