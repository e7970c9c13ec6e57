"""What every test would work out anew and always finds the same is worked out once in a process.

A test's application is new, its templates, addresses and passwords are not: compiling a page,
building a rule's address and hashing a sample password took half the time of a test of the web.
The results are those of the real thing; nothing is made weaker or left out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from werkzeug.routing import BaseConverter, Rule
from werkzeug.routing.rules import RulePart

from tests import warm

Builder = Callable[..., tuple[str, str]]
Parser = Callable[[Rule, str], Iterable[RulePart]]


@dataclass(frozen=True)
class Parsed:
    """A rule as it was taken apart, and what was noted of it on the way."""

    parts: list[RulePart]
    trace: list[tuple[bool, str]]
    converters: dict[str, BaseConverter]

    @classmethod
    def of(cls, rule: Rule, parse: Callable[[], Iterable[RulePart]]) -> "Parsed":
        """Take it apart."""
        before = len(rule._trace)
        parts = list(parse())
        return cls(parts, rule._trace[before:], dict(rule._converters))

    def note(self, rule: Rule) -> list[RulePart]:
        """Note the same of another rule; its parts."""
        rule._trace.extend(self.trace)
        rule._converters.update(self.converters)
        rule.arguments.update(self.converters)
        return self.parts


class Compiled(BytecodeCache):
    """Templates by name and content, for all applications of this process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


def arrange() -> pytest.MonkeyPatch:
    """Arrange it in this process; the patches are to be undone at its end."""
    patch = pytest.MonkeyPatch()
    patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": Compiled()})
    patch.setattr(Rule, "_compile_builder", _builders(Rule._compile_builder))
    patch.setattr(Rule, "_parse_rule", _parts(Rule._parse_rule))
    patch.setattr(PasswordHasher, "hash", _hashes(PasswordHasher.hash))
    patch.setattr(SQLAlchemy, "_make_engine", warm.makes(SQLAlchemy._make_engine))
    patch.setattr(PGDialect_psycopg, "connect", warm.connects(PGDialect_psycopg.connect))
    patch.setattr(PGDialect_psycopg, "do_close", warm.closes(PGDialect_psycopg.do_close))
    # Nor does each process that a test starts compile the product anew.
    patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return patch


def _builders(make: Callable[[Rule, bool], Builder]) -> Callable[..., Builder]:
    """What builds a rule's address depends on its text, its defaults and how it was taken apart."""
    kept: dict[object, Builder] = {}

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Builder:
        if rule.defaults:
            return make(rule, append_unknown)
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in kept:
            kept[key] = make(rule, append_unknown)
        return kept[key]

    return compile_builder


def _parts(parse: Parser) -> Parser:
    """A rule is taken apart by its text and its map's converters, which keep nothing of a map."""
    kept: dict[object, Parsed] = {}

    def parse_rule(rule: Rule, text: str) -> Iterable[RulePart]:
        key = (text, tuple(rule.map.converters.items()))
        if rule._converters:
            return parse(rule, text)
        if key in kept:
            return kept[key].note(rule)
        kept[key] = Parsed.of(rule, lambda: parse(rule, text))
        return kept[key].parts

    return parse_rule


def _hashes(make: Callable[..., str]) -> Callable[..., str]:
    """The same password under the same parameters gets the same salt; checking it is real."""
    kept: dict[object, str] = {}

    def hash_password(
        hasher: PasswordHasher, password: str | bytes, *, salt: bytes | None = None
    ) -> str:
        key = (repr(hasher._parameters), password, salt)
        if key not in kept:
            kept[key] = make(hasher, password, salt=salt)
        return kept[key]

    return hash_password
