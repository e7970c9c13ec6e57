"""`kelisim doctor`: is everything there that sending needs?"""

import click

from console.doctor.examination import examine
from console.doctor.finding import State
from console.frame import leaf, serving
from console.output import Answer, table


@click.command()
@leaf
def doctor() -> Answer:
    """Check each part, a line each; exit 1 when one fails. Nothing is sent or changed."""
    with serving() as settings:
        found = list(examine(settings))
    is_well = all(one.state is not State.FAIL for one in found)
    rows = table([(one.state, one.name, one.detail) for one in found])
    return Answer({"ok": is_well, "checks": found}, rows, 0 if is_well else 1)
