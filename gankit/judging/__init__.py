"""A run, judged: real images that its own are held against, and what is found.

Every backend is judged alike, in NumPy: by the features of a classifier that is trained once for
each labelled data set, or by principal components where there are no labels, with local features
beside them.
"""

from gankit.judging.examining import (
    GENERATING,
    PICTURE,
    READING,
    check_samples,
    evaluation,
    examined,
    generated,
    guesses,
    slowly,
)
from gankit.judging.standards import FLOOR, SAMPLES, TRAINING, Standard, against, standard

__all__ = [
    "FLOOR",
    "GENERATING",
    "PICTURE",
    "READING",
    "SAMPLES",
    "TRAINING",
    "Standard",
    "against",
    "check_samples",
    "evaluation",
    "examined",
    "generated",
    "guesses",
    "slowly",
    "standard",
]
