"""`kelisim staff`: who may log in to the studio."""

import sys

import click

from console.frame import actor, verb
from console.output import Answer
from mailing.base.errors import Invalid
from mailing.staff import audit
from mailing.staff import staff as accounts
from mailing.staff.staff import Role


@click.group()
def staff() -> None:
    """Who may log in to the studio."""


@staff.command()
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@verb
def add(email: str, role: str, password_stdin: bool) -> Answer:
    """Add somebody with one role; the password comes from the terminal or standard input."""
    added = accounts.add(email, Role(role), _password(password_stdin))
    audit.record(actor(), "staff added", added.name, role=role)
    return Answer({"id": added.id, "email": added.email, "role": role}, f"{email} is {role} now.")


def _password(from_stdin: bool) -> str:
    if not from_stdin:
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Invalid("Standard input held no password; write it as one line.")
    return password
