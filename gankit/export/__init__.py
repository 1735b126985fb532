"""Export a generator for other tools: a file that is verified, with a model card.

Writing and verifying run in child processes, so no framework is imported here, and a library's
output or crash does not reach this process.
"""

from gankit.export.exported import Exported
from gankit.export.formats import Choice, known
from gankit.export.pipeline import export
from gankit.export.safetensors_format import read

__all__ = ["Choice", "Exported", "export", "known", "read"]
