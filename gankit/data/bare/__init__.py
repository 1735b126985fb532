"""Picture files without metadata: only what a decoder needs for the pixels, and the orientation.

Decoders read much more than pixels: dates, thumbnails, colour profiles, comments. Any of it may be
damaged or huge, so it is removed before a decoder reads the file.
"""

from gankit.data.bare.content import MOST_BYTES, TooLarge
from gankit.data.bare.damage import Damaged
from gankit.data.bare.file import KINDS, Bare, bare

__all__ = ["KINDS", "MOST_BYTES", "Bare", "Damaged", "TooLarge", "bare"]
