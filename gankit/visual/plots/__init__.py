"""Plots of a run, drawn by matplotlib: for notebooks, papers and slides.

Figures are made without pyplot, so the caller's own plots are unaffected.
"""

from gankit.visual.plots.comparison import (
    FIGURES,
    OVERS,
    Curve,
    Over,
    as_csv,
    comparison,
    curve,
    curves,
)
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
    "FIGURES",
    "MOST_POINTS",
    "OVERS",
    "SMOOTHING",
    "SUFFIXES",
    "Curve",
    "Over",
    "Plot",
    "as_csv",
    "check_suffix",
    "class_shares",
    "classes_of",
    "comparison",
    "curve",
    "curves",
    "evaluated",
    "losses",
    "metrics",
    "overview",
]
