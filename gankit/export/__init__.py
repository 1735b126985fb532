"""Taking a generator out of gankit: a file that another tool opens, proved, with a card beside it.

Writing and proving happen in processes of their own, so no framework is imported here, and what a
library prints or breaks stays with it.
"""

from gankit.export.exported import Exported
from gankit.export.formats import Choice, known
from gankit.export.pipeline import export
from gankit.export.portable import read

__all__ = ["Choice", "Exported", "export", "known", "read"]
