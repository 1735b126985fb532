"""Sources that were given to `gankit.fit`."""

from __future__ import annotations

import dataclasses

import numpy as np

from gankit.contract import SourceKind
from gankit.data.derived_sources import DERIVED, derived
from gankit.data.memory_data import MEMORY, MemoryData
from gankit.errors import ConfigError, UnknownName
from gankit.evaluation.image_arrays import levels
from gankit.launch.from_python.read_given import read_given


def with_given_sources(
    data: MemoryData, source: SourceKind | None, given: object, *, progress: bool
) -> MemoryData:
    """Return images with the sources that were given; unchanged without `source`.

    Parameters
    ----------
    data
        The images.
    source
        "paired", "unpaired" or None.
    given
        Images as `gankit.fit` takes them, or the name of what is computed: "edges".
    progress
        As in `gankit.fit`.

    Raises
    ------
    ConfigError, UnknownName
        One of the two is missing, or the sources do not fit.
    """
    if source is None:
        if given is not None:
            raise ConfigError("source_images: got a value without source; give source='paired'")
        return data
    if given is None:
        raise ConfigError(f"source: got {source!r} without source_images; give both")
    if isinstance(given, str):
        if given not in DERIVED:
            raise UnknownName("source_images", given, sorted(DERIVED))
        images = data.images if data.images.dtype == np.uint8 else levels(data.images)
        found, kind = derived(images, given), given
    else:
        found, kind = read_given(given, None, reals=True, progress=progress).images, ""
    if source == "paired" and len(found) != len(data):
        raise ConfigError(
            f"source_images: got {len(found)}; expected {len(data)}, one for each image"
        )
    return dataclasses.replace(data, sources=found, derived=kind, paired=source == "paired")


def source_settings(data: MemoryData) -> dict[str, str]:
    """Return what a run records of its sources: their kind, or that a program gave them."""
    return {} if data.sources is None else {"source_images": data.derived or MEMORY}
