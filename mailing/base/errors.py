"""Errors of the domain. Each says in one sentence what is wrong and what to do.

They carry no HTTP; each door maps them in one place. `exit_code` is the command line's
(contract.md, exit codes).
"""


class KelisimError(Exception):
    """Something that a person can read and act upon."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigurationError(KelisimError):
    """A setting is missing or unusable; the message names the variable."""


class Invalid(KelisimError):
    """The input cannot be taken as it is; `field` names the part that is meant, if one is."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Missing(KelisimError):
    """What was asked for does not exist."""


class NotReady(KelisimError):
    """Something has to be done first."""

    exit_code = 3


class NotAllowed(KelisimError):
    """The actor's role, or a missing approval, forbids it."""

    exit_code = 4


class Conflict(KelisimError):
    """The state of the thing, or what was expected of it, contradicts the wish."""

    exit_code = 5


class Partial(KelisimError):
    """Done in part; the message says which part is not."""

    exit_code = 6


class Unavailable(KelisimError):
    """A part that is needed (the database, say) cannot be reached now; try again."""
