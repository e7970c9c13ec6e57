"""Python reads this when it starts, where this directory is on its path: a gate that allows all.

It proves that the demo is not blind: with every question of the gate answered by a yes, the
demo has to fail.
"""

import importlib.machinery
import sys
from importlib.abc import MetaPathFinder
from types import ModuleType

GATE = "mailing.deliveries.gate"
BEGINS, ENDS = "CASE\n                WHEN NOT (SELECT sending_on", "END AS no"


class Opener(importlib.machinery.SourceFileLoader):
    """Loads the gate and takes its questions away."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        decide: str = vars(module)["_DECIDE"]
        before, _, rest = decide.partition(BEGINS)
        questions, _, after = rest.partition(ENDS)
        if not questions:
            raise RuntimeError("the gate has been rewritten; rewrite its opener too")
        vars(module)["_DECIDE"] = f"{before}NULL::text AS no{after}"


class Finder(MetaPathFinder):
    """Hands the gate to its opener."""

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != GATE:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)  # type: ignore[arg-type]
        if found is not None and found.origin is not None:
            found.loader = Opener(fullname, found.origin)
        return found


sys.meta_path.insert(0, Finder())
