"""The goals: what each figure has to reach, and what it aims at."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A figure: what it must reach and its aim. `at_most`: less is better."""

    meaning: str
    must: float
    aim: float
    at_most: bool = False

    def is_met(self, figure: float) -> bool:
        """Whether a figure is what it must be."""
        return figure <= self.must if self.at_most else figure >= self.must


GOALS = {
    "campaign_to_smtp_source": Goal("campaign messages/s ÷ smtp-source messages/s", 0.5, 0.9),
    "dkim_to_raw_signatures": Goal("the same with RSA-2048 ÷ raw signatures/s", 0.5, 0.65),
    "large_to_small_rate": Goal("throughput at the large list ÷ at the small one", 0.9, 1.0),
    "large_to_small_memory": Goal("worker memory, large ÷ small", 1.1, 1.0, at_most=True),
    "first_message_seconds": Goal("first message after the order, large", 2.0, 2.0, at_most=True),
    "stop_seconds": Goal("last dot after the order to stop, large", 2.0, 2.0, at_most=True),
    "many_workers_to_one": Goal("throughput at a distance, four workers ÷ one", 3.5, 4.0),
    "one_click_p99_ms": Goal("one-click answer at full rate, p99", 60.0, 25.0, at_most=True),
    "after_kill_seconds": Goal("from SIGKILL to the work going on", 1.0, 0.3, at_most=True),
    "import_to_copy": Goal("rows imported/s ÷ rows/s of COPY of the same rows", 0.3, 0.5),
    "import_again": Goal("the same file again, rows/s ÷ rows/s of its first import", 1.0, 2.0),
    "import_memory": Goal("memory of an import, end ÷ middle", 1.1, 1.0, at_most=True),
    "read_to_bare_parsing": Goal("messages read/s ÷ bare parsing/s of the same", 0.2, 0.3),
    "arrival_to_block_seconds": Goal(
        "from a letter's last octet to the block, the slowest", 5.0, 1.0, at_most=True
    ),
    "destruction_seconds": Goal("destruction of one person, the slowest", 2.0, 2.0, at_most=True),
    "backup_to_pg_dump": Goal("backups/s ÷ `pg_dump -Fc`/s of the same database", 0.5, 1.0),
    "replay_seconds": Goal("100,000 lines of the journal replayed, s", 60.0, 10.0, at_most=True),
    "evidence_ms": Goal("evidence of one person, the slowest of thirty", 500, 100, at_most=True),
    "bundle_seconds": Goal("bundle of one person, the slowest of thirty", 10, 1, at_most=True),
    "studio_page_ms": Goal("first look at a page of the studio, ms", 300, 100, at_most=True),
    "studio_count_ms": Goal("count of a segment or an audience, ms", 1000, 300, at_most=True),
    "with_kills_to_undisturbed": Goal("throughput with kills ÷ undisturbed", 0.8, 0.95),
}


def figures(**found: float) -> dict[str, float]:
    """Figures by the names of their goals; raises KeyError for one that nobody set a goal for."""
    if unknown := set(found) - set(GOALS):
        raise KeyError(f"no goal is set for {', '.join(sorted(unknown))}")
    return found


def judged(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Each figure of these results beside its goal, in the order of the goals."""
    found = {name: f for one in results.values() for name, f in one.get("figures", {}).items()}
    return [
        {
            "name": name,
            "meaning": goal.meaning,
            "figure": found[name],
            "must": goal.must,
            "aim": goal.aim,
            "is_met": goal.is_met(found[name]),
        }
        for name, goal in GOALS.items()
        if name in found
    ]


def line(one: dict[str, Any]) -> str:
    """One figure beside its goal, as a line for who waits."""
    verdict = "met" if one["is_met"] else "NOT met"
    return (
        f"{one['meaning']}: {one['figure']:g} (must {one['must']:g}, aim {one['aim']:g}) {verdict}"
    )
