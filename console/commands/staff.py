"""`kelisim staff`: who may log in to the studio."""

import sys

import click

from console.frame import actor, verb
from console.output import Answer, table
from mailing.base.errors import Invalid
from mailing.staff import audit
from mailing.staff import staff as accounts
from mailing.staff.staff import SHORTEST_PASSWORD, Role, Staff

ROLES = click.Choice([role.value for role in Role])
from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


@click.group()
def staff() -> None:
    """Who may log in to the studio."""


@staff.command()
@click.argument("email")
@click.option("--role", type=ROLES, required=True)
@from_stdin
@verb
def add(email: str, role: str, password_stdin: bool) -> Answer:
    """Add somebody with one role; the password comes from the terminal or standard input."""
    added = accounts.add(email, Role(role), _password(password_stdin))
    audit.record(actor(), "staff added", added.name, role=role)
    return _answer(added, f"{added.email} is {role} now.")


@staff.command()
@click.argument("email")
@from_stdin
@verb
def password(email: str, password_stdin: bool) -> Answer:
    """Give somebody a new password; every login of theirs ends."""
    person = accounts.find(email)
    accounts.change_password(person, _password(password_stdin))
    audit.record(actor(), "password changed", person.name)
    return _answer(person, f"{person.email} has a new password and is logged out everywhere.")


@staff.command("role")
@click.argument("email")
@click.option("--role", type=ROLES, required=True)
@verb
def role_(email: str, role: str) -> Answer:
    """Give somebody another role; every login of theirs ends."""
    person = accounts.find(email)
    before = person.role
    accounts.change_role(person, Role(role))
    audit.record(actor(), "role changed", person.name, role=role, before=before)
    return _answer(person, f"{person.email} is {role} now and is logged out everywhere.")


@staff.command()
@click.argument("email")
@verb
def close(email: str) -> Answer:
    """End somebody's logins and let them log in no more; `open` takes it back."""
    person = accounts.find(email)
    accounts.deactivate(person)
    audit.record(actor(), "login closed", person.name)
    return _answer(person, f"{person.email} is logged out everywhere and cannot log in any more.")


@staff.command("open")
@click.argument("email")
@verb
def open_(email: str) -> Answer:
    """Let somebody log in again whose login was closed."""
    person = accounts.find(email)
    accounts.reactivate(person)
    audit.record(actor(), "login opened", person.name)
    return _answer(person, f"{person.email} can log in again, as {person.role}.")


@staff.command("list")
@verb
def list_() -> Answer:
    """List who may log in, and whose login is closed."""
    found = [_shown(person) for person in accounts.everybody()]
    heads = ("id", "email", "role", "active")
    return Answer(found, table([list(one.values()) for one in found], heads))


def _answer(person: Staff, said: str) -> Answer:
    return Answer(_shown(person), said)


def _shown(person: Staff) -> dict[str, object]:
    return {
        "id": person.id, "email": person.email, "role": person.role, "active": person.active
    }  # fmt: skip


def _password(from_stdin: bool) -> str:
    if not from_stdin:
        return _typed()
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Invalid("Standard input held no password; write it as one line.")
    return password


def _typed() -> str:
    if not sys.stdin.isatty():
        raise Invalid(
            "There is no terminal to ask at; write the password as one line to standard "
            "input, and say --password-stdin."
        )
    asked = f"Password (at least {SHORTEST_PASSWORD} characters)"
    typed: str = click.prompt(asked, hide_input=True, confirmation_prompt=True, err=True)
    return typed
