"""Walking the story: each step told as it happens, the first that fails ends it."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from console.demo.premises import Premises, premises
from console.demo.scene import Scene
from console.demo.stage import Stage, last_lines, stage
from console.demo.steps import STORY, Tell
from console.demo.steps.opening import LOGIN
from console.demo.terminal import terminal
from console.demo.verdicts import Interrupted, Step, Unverified
from console.processes import Interruption
from mailing.base.errors import KelisimError

Say = Callable[[str], None]
LINES_AFTER_A_FAULT = 25
TEND_SECONDS = 0.1


def walk(say: Say, is_once: bool, stay: Callable[[Stage], None]) -> list[Step]:
    """Set up, walk, and clear away; the steps as they came out.

    Unless `is_once`, `stay` is called with the stage still up, whatever the steps said.
    """
    steps: list[Step] = []
    with Interruption() as interruption:
        try:
            with _up(say, interruption) as scene:
                steps.extend(_walked(scene, say))
                if not is_once:
                    _show_around(scene, say)
                    stay(scene.stage)
        except Interrupted:
            steps.append(Step("interrupted", False, "Somebody asked the demo to end."))
        except Exception as error:
            steps.append(_fault("start", error))
            say(f"  ✗ {steps[-1].name}: {steps[-1].detail}")
        say("Ending; nothing is left behind.")
    return steps


def document(steps: list[Step]) -> dict[str, Any]:
    """What `--once` prints; ok only where every step of the story was walked and verified."""
    is_whole = [step.name for step in steps] == ["start", *(name for name, _ in STORY)]
    is_well = is_whole and all(step.ok for step in steps)
    return {"ok": is_well, "steps": [asdict(step) for step in steps]}


@contextlib.contextmanager
def _up(say: Say, interruption: Interruption) -> Iterator[Scene]:
    say("Starting PostgreSQL and Valkey, a scratch database, web, worker, beat, mail catcher …")
    with premises() as place:
        try:
            with stage(place, interruption) as running, terminal(place) as operator:
                yield Scene(running, operator)
        except Unverified:
            _show_lines(place, say)
            raise


def _walked(scene: Scene, say: Say) -> Iterator[Step]:
    yield _told(Step("start", True, f"everything is up; {scene.web}"), say)
    for name, tell in STORY:
        step = _told(_step(name, tell, scene), say)
        yield step
        if not step.ok:
            say("  What this step promises did not come out, so the demo fails here.")
            say("  Nothing outside the demo was touched; please report it with the lines below.")
            _show_lines(scene.premises, say)
            return


def _step(name: str, tell: Tell, scene: Scene) -> Step:
    if scene.stage.interruption:
        raise Interrupted
    try:
        return Step(name, True, tell(scene))
    except Interrupted:
        raise
    except Exception as error:
        return _fault(name, error)


def _fault(name: str, error: Exception) -> Step:
    if isinstance(error, Unverified):
        return Step(name, False, str(error))
    if isinstance(error, KelisimError):
        return Step(name, False, error.message)
    return Step(name, False, f"{type(error).__name__}: {error}")


def _told(step: Step, say: Say) -> Step:
    say(f"  {'✓' if step.ok else '✗'} {step.name}: {step.detail}")
    return step


def _show_lines(place: Premises, say: Say) -> None:
    lines = last_lines(place, LINES_AFTER_A_FAULT)
    say("  The programs said last:" if lines else "  The programs had nothing to say.")
    for line in lines:
        say(f"    {line}")


def _show_around(scene: Scene, say: Say) -> None:
    say("")
    say("Look around:")
    say(f"  every mail that left   {scene.premises.catcher}/")
    say(f"  the opt-in form        {scene.web}/join/main")
    say(f"  the policy             {scene.web}/policy")
    say(f"  the studio             {scene.web}/studio/login")
    say(f"                         {LOGIN}, password {scene.password}")
    say("Ctrl-C ends it.")
