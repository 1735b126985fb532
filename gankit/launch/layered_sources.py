"""The sources of a new run's settings, with networks that fit its images.

Without a recipe, "simple" trains on images of 28x28, grey; others get the recipe that fits them.
Networks of a family get the shape that `--size`, `--channels` or the data give.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gankit import plugins
from gankit.config.layering import Source, from_recipe, merge, with_layers
from gankit.data.memory_data import origin
from gankit.launch.checks.image_size import described
from gankit.launch.expected_images import ExpectedImages, Loaded, expected_classes, expected_images
from gankit.launch.messages import Tell, silent
from gankit.launch.resume.recorded_config import base, recorded
from gankit.launch.warm_start.inherited_settings import inherited_settings
from gankit.launch.warm_start.init_from import InitFrom
from gankit.layers import Shape
from gankit.recipes.families import FAMILIES
from gankit.recipes.families.family import Family, Role
from gankit.recipes.families.settings import (
    DEFAULT_CLASSES,
    DEFAULT_SHAPE,
    ROLES,
    families,
    states_options,
)
from gankit.recipes.families.sizes import LEAST, neighbours, within
from gankit.recipes.families.sizes import described as sides
from gankit.runs import RunFolder

SIMPLE, CONVOLUTIONAL = "simple", "pictures"
"""The recipe for images of 28x28, grey, and the one for others."""
MOST_SIDE = 64
"""Pictures without `--size` become at most this high and wide: two cores train that in time."""


def layered_sources(
    recipe: str | None,
    rest: list[Source],
    *,
    default: str | None = None,
    run: Path | None = None,
    warm: InitFrom | None = None,
    data_dir: Path | None = None,
    loaded: Loaded | None = None,
    tell: Tell = silent,
) -> list[Source]:
    """Return the sources of a run's settings, lowest priority first, without families.

    Parameters
    ----------
    recipe
        Name or file of the recipe; None for that of the resumed run, or else the default.
    rest
        The sources above the recipe.
    default
        The recipe of a new run; None for the one that fits the images.
    run
        The folder of a resumed run, if any.
    warm
        The run to begin with, if any; without a recipe, its settings take the recipe's place.
    data_dir
        Folder of data sets that the user gave.
    loaded
        Gains the named data set, if it has to be loaded, for `resolve`.
    tell
        Called with a line for the choice of a recipe or a size.

    Raises
    ------
    ConfigError
        The run has another recipe, or the family makes no such images.
    """
    if run is not None and RunFolder(run).exists():
        return _resumed_sources(recipe, run, rest)
    loaded = {} if loaded is None else loaded
    images, stated = None, merge(rest)[0]
    if recipe is None and warm:
        lowest = inherited_settings(warm, stated)
    else:
        recipe = default if recipe is None else recipe
        if recipe is None:
            images = None if _states_networks(stated) else expected_images(stated, data_dir, loaded)
            recipe = _fitting_recipe(stated, images, tell)
        lowest = from_recipe(recipe, plugins.get_recipe)
    sources = [lowest, *rest]
    merged = merge(sources)[0]
    found = families(merged)
    if not found:
        return sources
    images = images or expected_images(merged, data_dir, loaded)
    shape = images.shape if images else DEFAULT_SHAPE
    if images and images.resizable:
        shape = _resized(images.shape, found, merged["dataset"], tell)
        options = {"images": {"size": list(shape[:2]), "channels": shape[2]}}
        sources.insert(1, (f"the pictures of {merged['dataset']}", options))
    needed = isinstance(weight := merged.get("auxiliary", 0), int | float) and weight > 0
    classes = expected_classes(merged, data_dir, loaded) if needed else 0
    return with_layers(sources, shape, classes)


def _resumed_sources(recipe: str | None, run: Path, rest: list[Source]) -> list[Source]:
    """Return the sources of a resumed run's settings.

    Its settings have layers and no family. Options of the family, repeated, become the layers that
    they make in a new run, so that they can be compared with the run's.
    """
    own = base(recipe, run)
    if not states_options(merge(rest)[0]):
        return [own, *rest]
    config = recorded(run)
    name = recipe or config.recipe
    if recipe is None and name not in plugins.recipes():
        return [own, *rest]
    lowest = from_recipe(name, plugins.get_recipe)
    made = with_layers([lowest, *rest], config.image_shape, config.classes or DEFAULT_CLASSES)
    return [own, *(source for source in made if source[0] != lowest[0])]


def _states_networks(stated: Mapping[str, Any]) -> bool:
    """Return whether settings have layers, or a family."""
    own = [stated.get(role) for role in ROLES]
    layers = any(isinstance(one, Mapping) and "layers" in one for one in own)
    return layers or bool(families(stated))


def _fitting_recipe(stated: Mapping[str, Any], images: ExpectedImages | None, tell: Tell) -> str:
    """Return the recipe for the images; say why if it is not for images of 28x28, grey."""
    if images is None or images.shape == DEFAULT_SHAPE:
        return SIMPLE
    recipe = CONVOLUTIONAL if _is_convolutional(images) else SIMPLE
    tell(f"recipe {recipe}: {_reason(stated.get('dataset', 'mnist'), images, recipe)}")
    return recipe


def _resized(shape: Shape, found: Mapping[Role, Family], dataset: object, tell: Tell) -> Shape:
    """Return the shape nearest to that of pictures which the families make; say if it differs."""
    family = next((f for f in found.values() if not f.any_size), next(iter(found.values())))
    size = family.nearest((shape[0], shape[1]), MOST_SIDE)
    if size != shape[:2]:
        tell(
            f"the pictures of {dataset} are about {sides((shape[0], shape[1]))}; "
            f"the networks make {sides(size)}; choose another size with --size"
        )
    return (*size, shape[2])


def _is_convolutional(images: ExpectedImages) -> bool:
    """Return whether convolutional networks make the images."""
    size = images.shape[0], images.shape[1]
    if images.resizable:
        return min(within(size, MOST_SIDE)) >= LEAST
    return FAMILIES["dcgan"].makes(size)


def _reason(dataset: str, images: ExpectedImages, recipe: str) -> str:
    """Return why a recipe was chosen, and how to choose another."""
    shape: Shape = images.shape
    found = f"the images {origin(dataset)} are {described(shape)}"
    if recipe == CONVOLUTIONAL:
        return f"{found}, not {described(DEFAULT_SHAPE)} as for simple; --recipe chooses another"
    near = " or ".join(map(sides, neighbours((shape[0], shape[1]))))
    return f"{found}, which dense networks make; convolutional ones make {near}"
