"""The features that a person names: those of a plugin, or of a network in an ONNX file."""

from __future__ import annotations

import os

from gankit import plugins
from gankit._utils.paths import is_file
from gankit.errors import ConfigError, shown
from gankit.evaluation import Features, OnnxFeatures, onnx_features
from gankit.evaluation.features.onnx_features import SUFFIX


def given_features(given: str | os.PathLike[str] | Features | None) -> Features | None:
    """Return features by a plugin's name or by the path of an ONNX file; others are unchanged.

    A text that ends with ".onnx" is a path.

    Raises
    ------
    UnknownName, BackendUnavailable, ConfigError
        No plugin adds features of that name, as raised by `onnx_features`, a text is the path of
        another file, or a value is neither a text nor features.
    """
    if isinstance(given, os.PathLike) or (
        isinstance(given, str) and given.lower().endswith(SUFFIX)
    ):
        return onnx_features(given)
    if given is not None and not isinstance(given, str | Features):
        raise ConfigError(
            f"features: got {shown(given)}; expected the path of an ONNX file, the name of a "
            "plugin's features, or a function with a name, as gankit.evaluation.Features"
        )
    if not isinstance(given, str):
        return given
    if given not in plugins.features() and is_file(given):
        raise ConfigError(
            f"features: got the file {given}; expected an ONNX file, {SUFFIX}, or the name of a "
            "plugin's features"
        )
    return plugins.get_features(given)


def stated(features: Features) -> str:
    """Return what an evaluation records as requested: a name, or a file with its whole SHA-256."""
    return features.statement if isinstance(features, OnnxFeatures) else features.name
