"""Python reads this when it starts, where this directory is on its path: a seal that allows all.

Whoever leaves while a message is open is told that nothing more comes, because the seal will
refuse it. With a seal that takes what was aborted that message is late, and the judge says so.
"""

import importlib.machinery
import sys
from importlib.abc import MetaPathFinder
from types import ModuleType

SEAL = "mailing.deliveries.seal"
ASKS = "d.state = 'open'"


class Opener(importlib.machinery.SourceFileLoader):
    """Loads the seal, and lets it take what has been aborted, too."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        asked: str = vars(module)["_SEAL"]
        if ASKS not in asked:
            raise RuntimeError("the seal has been rewritten; rewrite its opener too")
        vars(module)["_SEAL"] = asked.replace(ASKS, "d.state IN ('open', 'aborting')")


class Finder(MetaPathFinder):
    """Hands the seal to its opener."""

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != SEAL:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)  # type: ignore[arg-type]
        if found is not None and found.origin is not None:
            found.loader = Opener(fullname, found.origin)
        return found


sys.meta_path.insert(0, Finder())
