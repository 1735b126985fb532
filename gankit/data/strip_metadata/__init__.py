"""Picture files without metadata: only what a decoder needs for the pixels, and the orientation.

Decoders read much more than pixels: dates, thumbnails, colour profiles, comments. Any of it may be
damaged or huge, so it is removed before a decoder reads the file.
"""

from gankit.data.strip_metadata.bounded_reader import MOST_BYTES, TooLarge
from gankit.data.strip_metadata.damaged import Damaged
from gankit.data.strip_metadata.picture_file import KINDS, StrippedFile, strip_metadata

__all__ = ["KINDS", "MOST_BYTES", "Damaged", "StrippedFile", "TooLarge", "strip_metadata"]
