"""Check arguments of `gankit.train` and `gankit.fit` that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gankit.errors import ConfigError, shown


def check_folder_arguments(
    out: Path | None, settings: Mapping[str, object], *, resume: bool
) -> None:
    """Raise ConfigError for a length, an evaluation or a folder that contradict each other."""
    if settings.get("epochs") is not None and settings.get("steps") is not None:
        raise ConfigError("give epochs or steps, not both")
    if settings.get("evaluate_every") is not None and out is None:
        raise ConfigError(
            f"evaluate_every: got {shown(settings['evaluate_every'])} without out; evaluations are "
            "saved in the run's folder; give out=..."
        )
    if resume and out is None:
        raise ConfigError("resume needs the folder of the run; give out=...")
