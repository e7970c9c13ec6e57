"""`kelisim staff`: who may log in to the studio."""

import sys

import click

from console.frame import actor, verb
from console.output import Answer, table
from mailing.base.errors import Invalid
from mailing.base.languages import DEFAULT, LANGUAGES
from mailing.deliveries import account_mails
from mailing.staff import audit, second_factor, team
from mailing.staff import staff as accounts
from mailing.staff.passwords import SHORTEST_PASSWORD
from mailing.staff.staff import Role, Staff

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
@click.option("--role", type=ROLES, required=True)
@click.option("--language", type=click.Choice(LANGUAGES), default=DEFAULT, show_default=True)
@verb
def invite(email: str, role: str, language: str) -> Answer:
    """Add somebody who chooses a password by a link; it is mailed, and opens for 72 hours."""
    invited = account_mails.invite(email, Role(role), language, actor())
    return _answer(invited, f"{invited.email} is {role} now and gets a link to set a password.")


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
    team.change_role(person, Role(role), actor())
    return _answer(person, f"{person.email} is {role} now and is logged out everywhere.")


@staff.command()
@click.argument("email")
@verb
def close(email: str) -> Answer:
    """End somebody's logins and let them log in no more; `open` takes it back."""
    person = accounts.find(email)
    team.close(person, actor())
    return _answer(person, f"{person.email} is logged out everywhere and cannot log in any more.")


@staff.command("open")
@click.argument("email")
@verb
def open_(email: str) -> Answer:
    """Let somebody log in again whose login was closed."""
    person = accounts.find(email)
    team.reopen(person, actor())
    return _answer(person, f"{person.email} can log in again, as {person.role}.")


@staff.command("remove-second-factor")
@click.argument("email")
@verb
def remove_second_factor(email: str) -> Answer:
    """Let somebody log in by password alone who has lost what else let them in."""
    person = accounts.find(email)
    team.remove_second_factor(person, actor())
    said = f"{person.email} logs in by password alone now, and is logged out everywhere."
    return _answer(person, said)


@staff.command("demand-second-factor")
@click.option("--off", is_flag=True, help="Leave it to each again.")
@verb
def demand_second_factor(off: bool) -> Answer:
    """Have everybody set up a second factor at their next page of the studio."""
    team.demand_second_factor(not off, actor())
    said = "Each may use a second factor." if off else "Everybody needs a second factor now."
    return Answer({"demanded": not off}, said)


@staff.command("list")
@verb
def list_() -> Answer:
    """List who may log in, and whose login is closed."""
    found = [_shown(person) for person in accounts.everybody()]
    heads = ("id", "email", "role", "active", "second_factor", "last_login_at")
    return Answer(found, table([list(one.values()) for one in found], heads))


def _answer(person: Staff, said: str) -> Answer:
    return Answer(_shown(person), said)


def _shown(person: Staff) -> dict[str, object]:
    return {
        "id": person.id,
        "email": person.email,
        "role": person.role,
        "active": person.active,
        "second_factor": second_factor.is_on(person),
        "last_login_at": person.last_login_at,
    }


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
