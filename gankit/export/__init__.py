"""Export a network for other tools, as a verified file with a model card.

Writing and verifying run in child processes, so no framework is imported here, and the output or a
crash of a library does not reach this process.
"""

from gankit.export.exported import Exported
from gankit.export.formats import Choice, known
from gankit.export.pipeline import export
from gankit.export.safetensors_format import read, read_named

__all__ = ["Choice", "Exported", "export", "known", "read", "read_named"]
