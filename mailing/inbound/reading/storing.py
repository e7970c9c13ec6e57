"""Texts that can be kept: no database takes NUL or half a letter, and no log a control sign."""

import re
from dataclasses import fields, replace
from typing import Any

from mailing.inbound.reading.values import Reading, Report, Traces

_UNFIT = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")


def storable(reading: Reading) -> Reading:
    """The same reading without signs that nobody can see and nothing can store."""
    return replace(reading, **_changed(reading))


def _changed(value: Reading | Report | Traces) -> dict[str, Any]:
    return {one.name: _fit(getattr(value, one.name)) for one in fields(value)}


def _fit(value: Any) -> Any:
    if type(value) is str:  # A kind is a word of our own.
        return _UNFIT.sub("", value)
    if isinstance(value, tuple):
        return tuple(map(_fit, value))
    if isinstance(value, Report | Traces):
        return replace(value, **_changed(value))
    return value
