"""A trained run: sampling, pictures, evaluation."""

from gankit.launch.run.run import Run

__all__ = ["Run"]
