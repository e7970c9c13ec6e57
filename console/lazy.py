"""Commands that are read when they are wanted: one starts without what the others import."""

import gc
import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import click


class Lazy(click.Group):
    """A group that knows of each command the module it is in, below `package`.

    A module is named alone where the command has its own name there, else as `module:attribute`.
    What is not in `modules` is no command: nothing is added by decorators.
    """

    def __init__(self, *args: Any, package: str, modules: Mapping[str, str], **told: Any) -> None:
        super().__init__(*args, **told)
        self._package, self._modules = package, modules

    def list_commands(self, _context: click.Context) -> list[str]:
        """Every command, in the order of help."""
        return list(self._modules)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """One command, from its module."""
        if name not in self._modules:
            return None
        module, _, attribute = self._modules[name].partition(":")
        command: click.Command = getattr(_read(f"{self._package}.{module}"), attribute or name)
        return command


def _read(name: str) -> ModuleType:
    # What is imported stays: looking through it for garbage is a tenth of a command's start.
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()
