"""What the steps of the story share: the stage, the terminal, the postbox, and who left."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from console.demo.people import Person
from console.demo.postbox import Letter, Postbox
from console.demo.premises import Premises
from console.demo.stage import Stage
from console.demo.terminal import Terminal


@dataclass
class Scene:
    """The story so far."""

    stage: Stage
    terminal: Terminal
    campaigns: dict[str, int] = field(default_factory=dict)
    first_to_leave: Person | None = None

    @property
    def premises(self) -> Premises:
        return self.stage.premises

    @property
    def web(self) -> str:
        """The address of the web application."""
        return self.premises.web

    @cached_property
    def postbox(self) -> Postbox:
        """What has really left."""
        return Postbox(self.premises.mail)

    @cached_property
    def password(self) -> str:
        """The demo login's password, made anew each time."""
        return secrets.token_urlsafe(12)

    def await_letters(self, count: int, is_meant: Callable[[Letter], bool], seconds: float) -> None:
        """Wait for that many letters. Raises Unverified naming how many came."""

        def came() -> bool:
            return len(self.postbox.letters(is_meant)) >= count

        self.stage.demand(came, seconds, f"the catcher did not get the {count} messages meant")

    def await_done(self, name: str, seconds: float) -> dict[str, Any]:
        """Wait until a campaign is done; its status."""
        told: dict[str, Any] = {}

        def is_done() -> bool:
            told.update(self.terminal.run("campaign", "status", str(self.campaigns[name])))
            return bool(told["state"] == "done")

        self.stage.demand(is_done, seconds, f"the campaign «{name}» was not done in time")
        return told
