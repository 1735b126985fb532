"""The settings that a run without a recipe takes from the run that it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gankit.config.layering import Source
from gankit.errors import ConfigError
from gankit.launch.resume.recorded_config import recorded
from gankit.launch.warm_start.init_from import InitFrom
from gankit.pretrained.shipped import find

OWN = ("classes", "device")
"""Settings that a new run finds out itself: the data's classes, and the device."""


def inherited_settings(request: InitFrom, stated: Mapping[str, Any]) -> Source:
    """Return the settings of the other run, for the lowest priority.

    Parameters
    ----------
    request
        The other run.
    stated
        The settings that the user states; with another data set, the options of the old images are
        left out.

    Raises
    ------
    CheckpointError
        There is no such run.
    ConfigError
        It has a native network.
    """
    shipped = find(request.run)
    config = shipped.config if shipped else recorded(request.run)
    for role in ("generator", "discriminator"):
        if native := getattr(config, role).native:
            raise ConfigError(
                f"init_from: {request.run} has a native {role}, {native}; call "
                f"gankit.fit(images, generator, discriminator, init_from={str(request)!r}) in the "
                "program that has the networks, or name a --recipe"
            )
    left_out = {*OWN, "images"} if "dataset" in stated else {*OWN}
    left_out |= {"backend"} if shipped else set()  # The one that trained it may not be here.
    settings = {key: value for key, value in config.settings().items() if key not in left_out}
    return str(request.run), settings
