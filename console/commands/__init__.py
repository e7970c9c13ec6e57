"""The commands, one noun a file."""

import click

from console.commands.campaign import campaign
from console.commands.db import db
from console.commands.demo import demo
from console.commands.doctor import doctor
from console.commands.form import form
from console.commands.host import host
from console.commands.keys import keys
from console.commands.leaving import unsubscribe, withdraw
from console.commands.ledger import ledger
from console.commands.mail import mail
from console.commands.notice import notice
from console.commands.people import people
from console.commands.policy import policy
from console.commands.processes import beat, inbound, web, worker
from console.commands.sending import sending
from console.commands.staff import staff
from console.commands.topic import topic
from console.commands.up import up

NOUNS: tuple[click.Command, ...] = (
    db,
    keys,
    doctor,
    web,
    worker,
    beat,
    inbound,
    up,
    staff,
    policy,
    topic,
    form,
    people,
    unsubscribe,
    withdraw,
    campaign,
    notice,
    mail,
    ledger,
    host,
    sending,
    demo,
)
