"""Imports of earlier form submissions: attested row by row, or quarantined; never a no undone."""

from mailing.people.imports.report import ImportReport
from mailing.people.imports.run import ImportFile, Steps, import_people
from mailing.people.imports.state import Import

__all__ = ["Import", "ImportFile", "ImportReport", "Steps", "import_people"]
