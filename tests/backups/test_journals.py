"""The journals of a restore: one that is missing, cut, changed or somebody else's is refused."""

import json
import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from mailing.backups import journals
from mailing.backups.manifest import Manifest
from mailing.base.errors import Conflict
from mailing.leaving.journal import START, Journal, JournalError, Note

PERSON = str(uuid4())


def note(kind: str = "unsubscribed", scope: str = "topics:1") -> Note:
    return Note(PERSON, "ab" * 32, scope, kind, "page")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with three lines."""
    journal = Journal.create(tmp_path / "journal")
    for kind in ("unsubscribed", "blocked", "withdrawn"):
        journal.append(note(kind))
    return journal


@pytest.fixture
def manifest(journal: Journal) -> Manifest:
    """Of a backup that knows this journal."""
    return Manifest("00", "", "", "", 18, "", [str(journal.id)], {}, [], {})


def is_refused(manifest: Manifest, *places: Path) -> str:
    """Why; fails where it is not."""
    with pytest.raises(JournalError) as refused:
        journals.gather(manifest, places)
    return refused.value.message


def test_a_whole_journal_is_taken(manifest: Manifest, journal: Journal) -> None:
    [(_, lines)] = journals.gather(manifest, [journal.path.parent])
    assert [line.note.kind for line in lines] == ["unsubscribed", "blocked", "withdrawn"]


def is_found(journal: Journal, text: bytes) -> bool:
    """Whether this text in the file's place is found out; the file itself is left alone."""
    try:
        lines = list(journal.lines_of(text[: text.rfind(b"\n") + 1], START))
        journal.demand_end(lines)
    except JournalError:
        return True
    return False


def test_a_journal_cut_at_any_octet_is_refused(manifest: Manifest, journal: Journal) -> None:
    """Also between two lines, where the chain alone would not show it."""
    whole = journal.path.read_bytes()
    assert not is_found(journal, whole)
    assert [size for size in range(len(whole)) if not is_found(journal, whole[:size])] == []
    second = whole.splitlines(keepends=True)[:2]
    journal.path.write_bytes(b"".join(second))
    assert "ends before the end" in is_refused(manifest, journal.path.parent)


def test_any_flipped_bit_of_any_line_is_refused(manifest: Manifest, journal: Journal) -> None:
    whole = journal.path.read_bytes()
    for place in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        assert is_found(journal, bytes(damaged)), f"bit {place}"
    journal.path.write_bytes(damaged)
    is_refused(manifest, journal.path.parent)


def test_any_flipped_bit_of_its_noted_end_is_refused(manifest: Manifest, journal: Journal) -> None:
    end = journal.path.with_name("end")
    whole = end.read_bytes()
    for place in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        end.write_bytes(damaged)
        assert "ends before the end" in is_refused(manifest, journal.path.parent)


@pytest.mark.parametrize(
    "order", [(1, 0, 2), (0, 2, 1), (0, 2), (1, 2), (0, 1, 1, 2), (0, 1, 2, 2)]
)
def test_lines_swapped_missing_or_doubled_are_refused(
    manifest: Manifest, journal: Journal, order: tuple[int, ...]
) -> None:
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(lines[number] for number in order))
    assert "not what was written" in is_refused(manifest, journal.path.parent)


def test_a_line_torn_after_the_last_answer_is_left_out(
    manifest: Manifest, journal: Journal
) -> None:
    with journal.path.open("ab") as file:
        file.write(b'{"seq": 4, "prev"')
    [(_, lines)] = journals.gather(manifest, [journal.path.parent])
    assert len(lines) == 3


@pytest.mark.parametrize("gone", ["id", "withdrawals.jsonl", "."])
def test_a_journal_that_is_gone_is_refused(manifest: Manifest, journal: Journal, gone: str) -> None:
    place = journal.path.parent
    shutil.rmtree(place) if gone == "." else (place / gone).unlink()
    assert "missing" in is_refused(manifest, place)


def test_no_journal_at_all_is_refused(manifest: Manifest) -> None:
    assert "would be mailed again" in is_refused(manifest)


def test_without_its_noted_end_it_is_taken_by_a_persons_word_alone(
    manifest: Manifest, journal: Journal
) -> None:
    journal.path.with_name("end").unlink()
    assert "--trust-end" in is_refused(manifest, journal.path.parent)
    [(_, lines)] = journals.gather(manifest, [journal.path.parent], trust_end=True)
    assert len(lines) == 3


def test_the_end_is_noted_anew_by_the_next_line(manifest: Manifest, journal: Journal) -> None:
    """Of a journal that an earlier version began, too."""
    journal.path.with_name("end").unlink()
    journal.append(note())
    [(_, lines)] = journals.gather(manifest, [journal.path.parent])
    assert len(lines) == 4


def test_another_installations_journal_is_refused(manifest: Manifest, tmp_path: Path) -> None:
    other = Journal.create(tmp_path / "other")
    other.append(note())
    assert "another installation" in is_refused(manifest, other.path.parent)


@pytest.mark.parametrize("kind", ["given", "restored", "attested", "requested", "yes"])
def test_a_line_that_says_yes_is_refused(manifest: Manifest, journal: Journal, kind: str) -> None:
    journal.append(note(kind))
    assert "is no leaving" in is_refused(manifest, journal.path.parent)


def test_of_two_copies_the_longer_counts(
    manifest: Manifest, journal: Journal, tmp_path: Path
) -> None:
    shutil.copytree(journal.path.parent, tmp_path / "copy")
    journal.append(note())
    for places in (
        [journal.path.parent, tmp_path / "copy"],
        [tmp_path / "copy", journal.path.parent],
    ):
        [(taken, lines)] = journals.gather(manifest, places)
        assert (taken.path, len(lines)) == (journal.path, 4)


def test_two_copies_that_went_on_apart_are_refused(
    manifest: Manifest, journal: Journal, tmp_path: Path
) -> None:
    shutil.copytree(journal.path.parent, tmp_path / "copy")
    Journal(tmp_path / "copy").append(note("blocked"))
    journal.append(note())
    said = is_refused(manifest, journal.path.parent, tmp_path / "copy")
    assert "different stories" in said


def test_the_journal_goes_on_where_this_host_keeps_it(
    manifest: Manifest, journal: Journal, tmp_path: Path
) -> None:
    gathered = journals.gather(manifest, [journal.path.parent])
    place = tmp_path / "there" / "journal"
    journals.demand_place(place, gathered)
    journals.put_in_place(place, gathered)
    there = Journal(place)
    assert there.append(note()).sequence == 4
    assert len(journals.gather(manifest, [place])[0][1]) == 4
    assert len(list(journal.lines())) == 3


def test_a_journal_just_begun_for_an_empty_database_gives_way(
    manifest: Manifest, journal: Journal, tmp_path: Path
) -> None:
    begun = Journal.create(tmp_path / "there")
    gathered = journals.gather(manifest, [journal.path.parent])
    journals.demand_place(begun.path.parent, gathered)
    journals.put_in_place(begun.path.parent, gathered)
    assert Journal(begun.path.parent).id == journal.id != begun.id


def test_lines_that_nobody_named_are_not_written_over(
    manifest: Manifest, journal: Journal, tmp_path: Path
) -> None:
    other = Journal.create(tmp_path / "there")
    other.append(note())
    gathered = journals.gather(manifest, [journal.path.parent])
    with pytest.raises(Conflict, match="holds another withdrawal journal"):
        journals.demand_place(other.path.parent, gathered)
    assert json.loads(other.path.read_text().splitlines()[0])["seq"] == 1
