"""Remove the metadata of picture files, except the orientation.

Decoders read more than pixels: dates, thumbnails, colour profiles, comments. These may be damaged
or huge, so gankit removes them before a decoder reads the file.
"""

from gankit.data.strip_metadata.bounded_reader import MOST_BYTES, TooLarge
from gankit.data.strip_metadata.damaged import Damaged
from gankit.data.strip_metadata.picture_file import KINDS, StrippedFile, strip_metadata

__all__ = ["KINDS", "MOST_BYTES", "Damaged", "StrippedFile", "TooLarge", "strip_metadata"]
