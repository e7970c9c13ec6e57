"""The crowd: people who leave by their one-click while a campaign goes on."""

import http.client
import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from tests.faults.trace import Answer

HANDS = 6
PATIENCE = 180.0
AGAIN = 0.1


class Crowd:
    """Posts to a web process until it answers, as mail programs do; keeps what was answered.

    `tokens` are the links by person. A 503 or a broken connection is no answer; they are
    counted in `unanswered` by their status or error.
    """

    def __init__(self, port: int, tokens: dict[UUID, str], addresses: dict[UUID, str]) -> None:
        self.answers: list[Answer] = []
        self.unanswered: Counter[str] = Counter()
        self._port = port
        self._tokens = tokens
        self.addresses = addresses
        self._left: set[UUID] = set()
        self._waiting: queue.SimpleQueue[UUID | None] = queue.SimpleQueue()
        self._hands = [threading.Thread(target=self._work, daemon=True) for _ in range(HANDS)]
        for hand in self._hands:
            hand.start()

    def leave(self, people: Iterable[UUID]) -> None:
        """Let these people leave soon, each once."""
        for one in people:
            if one not in self._left:
                self._left.add(one)
                self._waiting.put(one)

    @property
    def everybody(self) -> list[UUID]:
        """All who have a link to leave."""
        return list(self._tokens)

    @property
    def size(self) -> int:
        """How many have been sent to leave."""
        return len(self._left)

    def has_answer(self, one: UUID) -> bool:
        """Whether somebody who was sent to leave has been told so."""
        return any(answer.recipient == self.addresses[one] for answer in list(self.answers))

    def disperse(self) -> None:
        """Wait until everybody has an answer. Fails when somebody gets none."""
        for _ in self._hands:
            self._waiting.put(None)
        for hand in self._hands:
            hand.join(PATIENCE)
        assert len(self.answers) == len(self._left), (
            f"{len(self.answers)} of {len(self._left)} were answered: {self.unanswered}"
        )

    def _work(self) -> None:
        while (one := self._waiting.get()) is not None:
            self._leave(one)

    def _leave(self, one: UUID) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                named = self._post(self._tokens[one])
            except (OSError, http.client.HTTPException) as error:
                self.unanswered[type(error).__name__] += 1
                named = None
            if named is not None:
                self.answers.append(Answer(self.addresses[one], time.monotonic(), named))
                return
            time.sleep(AGAIN)

    def _post(self, token: str) -> frozenset[str] | None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        try:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            headers = form | {"Accept": "application/json"}
            connection.request("POST", f"/u/{token}", "List-Unsubscribe=One-Click", headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status not in (200, 202):
            self.unanswered[str(answer.status)] += 1
            return None
        named = frozenset(one["message_id"] for one in json.loads(body)["in_flight"])
        assert (answer.status == 202) == bool(named), "202 is for what could not be recalled"
        return named
