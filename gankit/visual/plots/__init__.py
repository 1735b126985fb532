"""Plots of a run, drawn by matplotlib: for notebooks, papers and slides.

Figures are made without pyplot, so the caller's own plots are unaffected.
"""

from gankit.visual.plots.drawing import (
    class_shares,
    classes_of,
    evaluated,
    losses,
    metrics,
    overview,
)
from gankit.visual.plots.panels import MOST_POINTS, SMOOTHING
from gankit.visual.plots.plot import SUFFIXES, Plot, check_suffix

__all__ = [
    "MOST_POINTS",
    "SMOOTHING",
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
