"""What every test would work out anew and always finds the same is worked out once in a process.

A test's application is new, its templates, addresses and passwords are not: compiling a page,
building a rule's address and hashing a sample password took half the time of a test of the web.
The results are those of the real thing; nothing is made weaker or left out.
"""

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


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
    patch.setattr(PasswordHasher, "hash", _hashes(PasswordHasher.hash))
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
