"""Features that a network in an ONNX file computes, by ONNX Runtime on the processor."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit._utils.storage import read_plain
from gankit.errors import BackendUnavailable, ConfigError
from gankit.evaluation.chunks import chunks
from gankit.evaluation.features.array_cache import ArrayCache
from gankit.evaluation.features.digest import digest
from gankit.evaluation.features.network_input import VERSION, NetworkInput, network_input
from gankit.evaluation.image_arrays import Real, check_images
from gankit.visual.images import to_uint8

SUFFIX = ".onnx"
OUTPUT = "features"
"""The output that is compared, if there are several."""

LARGEST_FILE = 2**31
"""Bytes; the format has no larger files."""

DIGITS = 16
"""Digits of the file's SHA-256 in the name of its features."""

BATCH = 32
"""Images that the network gets together: with Inception the process then takes 1.1 GB."""

DTYPES: dict[str, type[np.uint8] | type[np.float32]] = {
    "tensor(uint8)": np.uint8,
    "tensor(float)": np.float32,
}
CACHE = ArrayCache(
    "features",
    "computing the features again",
    "the features of the real images were not saved and will be computed again next time",
)


@dataclass(frozen=True, eq=False)
class OnnxFeatures:
    """The network of an ONNX file; call it to get features (it implements `Features`).

    Attributes
    ----------
    file, sha256
        Name of the file, without its folder, and the checksum of its bytes.
    width
        Number of features.
    rules
        How images become the network's input.
    run
        Returns the network's output for a batch of its input.
    version
        Version of ONNX Runtime.
    progress
        Called with the part of the images that is done, 0 to 1, after each batch.
    """

    file: str
    sha256: str
    width: int
    rules: NetworkInput
    run: Callable[[NDArray[Any]], NDArray[Any]] = field(repr=False)
    version: str = field(repr=False)
    progress: Callable[[float], None] = field(default=lambda _: None, repr=False)

    @property
    def name(self) -> str:
        """The number of features, the file, the first digits of its SHA-256, and the rules."""
        features = counted(self.width, "feature")
        return f"{features} of {self.file} (SHA-256 {self.sha256[:DIGITS]}; {self.rules})"

    @property
    def statement(self) -> str:
        """The file with its whole SHA-256."""
        return f"{self.file}, SHA-256 {self.sha256}"

    def check(self, shape: tuple[int, ...]) -> None:
        """Try the network on a black image of `shape` (H, W, C).

        Warns if grey images are given to a network for colour images.

        Raises
        ------
        ConfigError
            The network does not take such images, or returns something else than features.
        """
        self.rules.check(shape[2], self.file)
        self(np.zeros((1, *shape), np.uint8))

    def __call__(self, images: NDArray[Any], /) -> Real:
        """Return `(n, d)` float64 features of `(n, H, W, C)` images, uint8 or real in [-1, 1].

        Raises
        ------
        ConfigError
            The network fails, or returns something else than `(n, d)` finite numbers.
        """
        check_images(images)
        made = np.empty((len(images), self.width), np.float32)
        for part in chunks(len(images), BATCH):
            made[part] = self._rows(self.rules(to_uint8(images[part])))
            self.progress(min(part.stop, len(images)) / len(images))
        return made.astype(np.float64)

    def of_real(self, images: NDArray[Any]) -> Real:
        """Return the features of real images, from the cache or computed and cached.

        The key is the checksum of the images, of the file, and of the rules; the version of ONNX
        Runtime belongs to it, because another one rounds differently.
        """
        key = digest(f"{VERSION}, {self.sha256}, onnxruntime {self.version}", images)
        found = CACHE.read(key, {OUTPUT: (len(images), self.width)})
        if found is None:
            found = {OUTPUT: self(images).astype(np.float32)}
            CACHE.write(key, found)
        return found[OUTPUT].astype(np.float64)

    def _rows(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Return the features of a batch."""
        try:
            found = np.asarray(self.run(inputs))
        except Exception as error:
            raise ConfigError(f"{self.file}: the network fails: {_reason(error)}") from error
        if found.shape != (len(inputs), self.width) or found.dtype.kind != "f":
            raise ConfigError(
                f"{self.file}: got {found.dtype} features of shape {found.shape}; expected real "
                f"numbers of shape {(len(inputs), self.width)}"
            )
        rows = found.astype(np.float32)
        if not np.isfinite(rows).all():
            raise ConfigError(f"{self.file}: got a feature that is not a finite number")
        return rows


def onnx_features(path: str | os.PathLike[str]) -> OnnxFeatures:
    """Open the network in the ONNX file at `path`.

    Its input is one batch of images, `(n, H, W, C)` or `(n, C, H, W)`, of uint8 or float32. Its
    output `features`, or its only one, is `(n, d)`. A file with its weights in other files is
    refused: its SHA-256 would not name them.

    Raises
    ------
    BackendUnavailable
        ONNX Runtime is not installed.
    ConfigError
        The file cannot be read, or is not such a network; the message is one line.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise BackendUnavailable(
            f"{path}: needs ONNX Runtime; pip install 'gankit[features]'"
        ) from error
    path = Path(path)
    content = read_plain(path.resolve() if path.is_symlink() else path, LARGEST_FILE, ConfigError)
    try:
        session = onnxruntime.InferenceSession(
            content, _options(onnxruntime.SessionOptions()), providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise ConfigError(
            f"{path}: ONNX Runtime cannot open it: {_reason(error)}; give an ONNX file with its "
            "weights inside"
        ) from error
    name, rules = _input(session, path.name)
    output, width = _output(session, path.name)
    return OnnxFeatures(
        path.name,
        hashlib.sha256(content).hexdigest(),
        width,
        rules,
        lambda inputs: session.run([output], {name: inputs})[0],
        onnxruntime.__version__,
    )


def _options(options: Any) -> Any:  # noqa: ANN401 - ONNX Runtime has no types.
    """Return options under which it prints nothing, and reads no file beside the network's."""
    options.log_severity_level = 4
    nowhere = str(Path(os.devnull, "none"))
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", nowhere
    )
    return options


def _input(session: Any, network: str) -> tuple[str, NetworkInput]:  # noqa: ANN401
    """Return the name of the network's only input, and its rules."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ConfigError(f"{network}: got {counted(len(inputs), 'input')}; expected 1, the images")
    (one,) = inputs
    if one.type not in DTYPES:
        raise ConfigError(
            f"{network}: got an input of type {one.type}; expected {' or '.join(DTYPES)}"
        )
    return one.name, network_input(one.shape, DTYPES[one.type], network)


def _output(session: Any, network: str) -> tuple[str, int]:  # noqa: ANN401
    """Return the name of the output that is compared, and its number of features."""
    outputs = session.get_outputs()
    found = [one for one in outputs if one.name == OUTPUT] or outputs
    if len(found) != 1:
        names = ", ".join(one.name for one in found) or "none"
        raise ConfigError(
            f"{network}: got the outputs {names}; expected one, or one named {OUTPUT}"
        )
    (one,) = found
    width = one.shape[1] if len(one.shape) == 2 else None
    if not isinstance(width, int) or width < 1:
        shape = "(" + ", ".join(str(axis) for axis in one.shape) + ")"
        raise ConfigError(
            f"{network}: got an output {one.name} of shape {shape}; expected (n, d), d fixed"
        )
    return one.name, width


def _reason(error: Exception) -> str:
    """Return what ONNX Runtime says, in one line without its codes."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rpartition(" : ")[2].rstrip(".")
