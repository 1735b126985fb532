"""Inversion: find the noise from which a generator makes the image nearest to a given one."""

from gankit.inversion.inversion import Inversion
from gankit.inversion.invert import RESTARTS, STEPS, invert

__all__ = ["RESTARTS", "STEPS", "Inversion", "invert"]
