"""The commands, one noun a file."""

import click

from console.commands.db import db
from console.commands.doctor import doctor
from console.commands.form import form
from console.commands.keys import keys
from console.commands.ledger import ledger
from console.commands.processes import beat, inbound, web, worker
from console.commands.staff import staff
from console.commands.topic import topic

NOUNS: tuple[click.Command, ...] = (
    db,
    keys,
    doctor,
    web,
    worker,
    beat,
    inbound,
    staff,
    topic,
    form,
    ledger,
)
