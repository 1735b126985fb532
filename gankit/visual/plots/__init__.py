"""Curves of a run, drawn by matplotlib: for notebooks, papers and slides.

Figures are made without pyplot, so nothing of a caller's own plots changes.
"""

from gankit.visual.plots.drawing import (
    class_shares,
    classes_of,
    evaluated,
    losses,
    metrics,
    overview,
)
from gankit.visual.plots.panels import POINTS, SMOOTH
from gankit.visual.plots.plot import SUFFIXES, Plot, check_suffix

__all__ = [
    "POINTS",
    "SMOOTH",
    "SUFFIXES",
    "Plot",
    "check_suffix",
    "class_shares",
    "classes_of",
    "evaluated",
    "losses",
    "metrics",
    "overview",
]
