"""What a user asks for with `--init-from`: a run, its checkpoint, and which networks to load."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from gankit._utils.paths import given, is_pretrained
from gankit.errors import ConfigError, UnknownName
from gankit.runs import RunFolder

Networks: TypeAlias = Literal["both", "generator", "discriminator"]
Missing: TypeAlias = Literal["refuse", "fresh"]
NETWORKS: tuple[Networks, ...] = get_args(Networks)
MISSING: tuple[Missing, ...] = get_args(Missing)
NEWEST, BEST = "newest", "best"
_CHOICE = re.compile(rf"{BEST}|[0-9]{{1,18}}")


@dataclass(frozen=True)
class InitFrom:
    """A request to begin with the weights of another run.

    Attributes
    ----------
    run
        The other run's folder, or "pretrained:NAME" for a generator that gankit ships.
    checkpoint
        Which of its checkpoints: "newest", "best" or a step.
    networks
        Which networks to load: "both", "generator" or "discriminator".
    missing
        What happens to layers that the checkpoint lacks, or has in another shape: "refuse", or
        "fresh" for initial weights.
    """

    run: Path
    checkpoint: str = NEWEST
    networks: Networks = "both"
    missing: Missing = "refuse"

    def __str__(self) -> str:
        """Return the text that `init_request` reads: RUN, RUN@STEP or RUN@best."""
        return str(self.run) if self.checkpoint == NEWEST else f"{self.run}@{self.checkpoint}"

    @property
    def origin(self) -> str:
        """What a run records of the other: its absolute path, or "pretrained:NAME"."""
        return str(self.run) if self.is_pretrained else str(self.run.resolve())

    @property
    def is_pretrained(self) -> bool:
        """Whether the weights are those of a generator that gankit ships."""
        return is_pretrained(self.run)

    @property
    def roles(self) -> tuple[str, ...]:
        """The networks to load, by their names in a state."""
        return ("generator", "discriminator") if self.networks == "both" else (self.networks,)


def init_request(
    text: str | os.PathLike[str] | None,
    networks: Networks | None = None,
    missing: Missing | None = None,
) -> InitFrom | None:
    """Return a request for RUN, RUN@STEP or RUN@best; None for None.

    If the complete text is the path of a run, it is that run at its newest checkpoint. Of
    "pretrained:NAME" the generator alone is loaded.

    Parameters
    ----------
    text
        The run, and its checkpoint.
    networks, missing
        As in `InitFrom`; None for "both" and "refuse".

    Raises
    ------
    ConfigError
        The text is empty, a choice is unknown, or a choice is given without a run.
    """
    for name, choice, known in (
        ("init_networks", networks, NETWORKS), ("init_missing", missing, MISSING)
    ):  # fmt: skip
        if choice is not None and choice not in known:
            raise UnknownName(name, choice, known)
        if choice is not None and text is None:
            raise ConfigError(f"{name}: got {choice!r} without init_from; give both")
    if text is None:
        return None
    path, checkpoint = given(text, "init_from"), NEWEST
    if is_pretrained(path):
        if networks not in (None, "generator"):
            raise ConfigError(
                f"init_networks: got {networks!r}; {path} has one network; expected 'generator'"
            )
        return InitFrom(path, NEWEST, "generator", missing or "refuse")
    run, _, end = str(path).rpartition("@")
    if run and _CHOICE.fullmatch(end) and not RunFolder(path).exists():
        path, checkpoint = Path(run), end if end == BEST else str(int(end))
    return InitFrom(path, checkpoint, networks or "both", missing or "refuse")
