"""At the end: every message that ever left is accounted for, and the ledger is whole."""

from console.demo.octets import demand_distinct
from console.demo.people import CONFIRMED, KEEPS_READINGS, NEVER_CONFIRMS, STRANGER, Person
from console.demo.scene import Scene
from console.demo.verdicts import demand


def everything_adds_up(scene: Scene) -> str:
    """Count each person's mail once more, and verify the consent ledger's chains."""
    letters = scene.postbox.letters()
    for person in (*CONFIRMED, NEVER_CONFIRMS, STRANGER):
        meant, got = _meant(scene, person), len(scene.postbox.to(person.email))
        demand(got == meant, f"{person.email} got {got} messages in all, {meant} were meant")
    total = sum(_meant(scene, one) for one in (*CONFIRMED, NEVER_CONFIRMS, STRANGER))
    demand(len(letters) == total, f"{len(letters)} messages left, {total} were meant")
    demand_distinct(letters)
    demand(scene.terminal.run("ledger", "verify")["ok"], "the ledger's chain is broken")
    return f"{total} messages, each of them meant; every chain of the ledger is whole"


def _meant(scene: Scene, person: Person) -> int:
    """Confirmation, two campaigns and a notice, less what the person said no to."""
    if person in (NEVER_CONFIRMS, STRANGER):
        return 1
    if person == scene.first_to_leave:
        return 2
    return 3 if person == KEEPS_READINGS else 4
