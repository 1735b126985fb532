"""A picture file without its metadata: what a decoder needs for the pixels, and the orientation.

Decoders read far more than pixels: dates, thumbnails, colour profiles, comments. Any of it may be
odd, damaged or huge. It is cut out before a decoder sees the file, so that it cannot matter.
"""

from gankit.data.bare.content import LARGEST, TooLarge
from gankit.data.bare.damage import Damaged
from gankit.data.bare.file import KINDS, Bare, bare

__all__ = ["KINDS", "LARGEST", "Bare", "Damaged", "TooLarge", "bare"]
