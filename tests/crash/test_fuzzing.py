"""Random files end with a typed error, and files written by gankit are read back equal.

IDX, gzip and npz files are in tests/data, TOML out and back in tests/config, with as many examples.
"""

from __future__ import annotations

import json
import re
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gankit.config import TrainConfig, from_toml, layering
from gankit.errors import CheckpointError, ConfigError, ExitCode
from gankit.recipes import recipes
from gankit.runs import loss_log, manifest
from gankit.runs.tensors import DTYPES
from tests.crash import random_arguments
from tests.crash.children import in_child
from tests.crash.repetitions import record, short_or_full

DOCUMENTED = set(ExitCode) - {
    ExitCode.UNEXPECTED,
    ExitCode.HANGUP,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
}
EXAMPLES = short_or_full(100, 500)
some = settings(max_examples=EXAMPLES, deadline=None)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=9,
)
info = st.dictionaries(
    st.text(max_size=9), st.none() | st.integers() | st.floats(-1e9, 1e9) | st.text(), max_size=3
)
entries = st.builds(
    manifest.ArrayEntry,
    st.sampled_from(sorted(DTYPES)),
    st.lists(st.integers(0, 9), max_size=4).map(tuple),
)


@st.composite
def files(draw):
    arrays = draw(st.dictionaries(st.text(max_size=9), entries, max_size=3))
    size = sum(array.bytes for array in arrays.values()) + draw(st.integers(0, 999))
    digest = draw(st.text("0123456789abcdef", min_size=64, max_size=64))
    return manifest.FileEntry(size, digest, arrays)


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,9}\.safetensors", fullmatch=True)
manifests = st.builds(
    manifest.Manifest,
    st.integers(0, 10**18 - 1),
    st.text(max_size=9),
    st.text(max_size=9),
    info,
    st.dictionaries(names, files(), max_size=3),
)


def damaged(data, content):
    """Change some bytes, insert some, or cut the end off."""
    content = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        width = data.draw(st.integers(0, 3))
        content[place : place + width] = data.draw(st.binary(min_size=1, max_size=4))
    return bytes(content[: data.draw(st.integers(0, len(content)))])


@pytest.fixture(scope="module")
def path():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "file")


@some
@given(manifests)
def test_a_manifest_is_read_back_equal(said):
    assert manifest.parse(said.encode()) == said


@some
@given(st.data(), manifests)
def test_a_damaged_manifest_is_refused(data, said):
    whole = said.encode()
    content = damaged(data, whole)
    if content == whole:
        return
    with pytest.raises(CheckpointError):
        manifest.parse(content)


@some
@given(values | st.dictionaries(st.sampled_from(["format", "step", "info", "files"]), values))
def test_a_random_manifest_with_a_valid_digest_is_read_or_refused(said):
    body = {
        "format": manifest.FORMAT,
        "step": 1,
        "gankit": "",
        "created": "",
        "info": {},
        "files": {},
    }
    with suppress(CheckpointError):
        content = manifest._sealed(body | said if isinstance(said, dict) else {"format": said})
        found = manifest.parse(content)
        assert manifest.parse(found.encode()) == found


@some
@given(st.data(), st.sampled_from(recipes()))
def test_a_damaged_configuration_is_read_or_refused(path, data, recipe):
    content = damaged(data, recipe.text.encode())
    path.write_bytes(content)
    with suppress(ConfigError):
        config = layering.config_of([layering.from_recipe("simple"), layering.from_file(path)])
        assert from_toml(config.to_toml()) == config


@some
@given(st.binary(max_size=99) | st.text(max_size=99).map(str.encode))
def test_a_random_configuration_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        layering.config_of([layering.from_file(path)])


SETTINGS = [*TrainConfig.__dataclass_fields__, "generator.layers.0.units", "generator.optimizer"]


@some
@given(st.sampled_from(SETTINGS) | st.text(max_size=20), values.map(json.dumps) | st.text())
def test_a_random_assignment_is_a_setting_or_refused(key, value):
    with suppress(ConfigError):
        assigned = layering.from_assignment(f"{key}={value}")
        config = layering.config_of([layering.from_recipe("simple"), assigned])
        assert from_toml(config.to_toml()) == config


finite = st.floats(allow_nan=False, allow_infinity=False)
losses = hnp.arrays(np.float64, st.tuples(st.integers(0, 9), st.just(2)), elements=finite)


@some
@given(st.lists(losses, max_size=4))
def test_logged_losses_are_read_back_bit_for_bit(path, blocks):
    path.unlink(missing_ok=True)
    logged(path, blocks)
    whole = np.concatenate([np.empty((0, 2)), *blocks])
    assert loss_log.read(path).tobytes() == whole.tobytes()


def logged(path, blocks):
    log, done = loss_log.LossLog(path), 0
    for block in blocks:
        log.append(done, block)
        done += len(block)
    log.close()


@some
@given(st.data(), losses.filter(len), st.integers(0, 9))
def test_a_damaged_log_gives_losses_or_is_refused(path, data, block, steps):
    path.unlink(missing_ok=True)
    logged(path, [block])
    path.write_bytes(damaged(data, path.read_bytes()))
    with suppress(CheckpointError):
        found = loss_log.read(path)
        assert np.isfinite(found).all()
    with suppress(CheckpointError):
        loss_log.truncate(path, steps)
        assert len(loss_log.read(path)) == steps


@some
@given(st.binary(max_size=99) | st.lists(values.map(json.dumps)).map("\n".join).map(str.encode))
def test_a_random_log_is_refused_or_has_no_step(path, content):
    path.write_bytes(content)
    with suppress(CheckpointError):
        assert loss_log.read(path).shape == (0, 2)


@pytest.fixture(scope="module")
def ground():
    """Return a folder with a small run, data, and complete and broken files."""
    with tempfile.TemporaryDirectory() as folder:
        yield random_arguments.ground(Path(folder, "ground"))


@some
@given(random_arguments.lines)
def test_random_arguments_end_with_a_documented_exit_code_and_one_line(ground, line):
    child = in_child(random_arguments.said, ground, line, limit=30)
    assert (child.signal, child.error) == (0, None)
    said = random_arguments.Said(**child.value)
    assert said.code in DOCUMENTED
    assert said.outside == []
    assert "Traceback" not in said.err
    errors = [row for row in said.err if re.match(r"gankit: (?!warning: )", row)]
    lines = [row for row in said.err if not row.startswith("  ")]
    if said.code == ExitCode.OK:
        assert errors == []
    elif not verified(line, said):
        assert [errors, said.out] == [lines[-1:], ""]


def verified(line, said):
    """Return whether the files were verified, with the errors on standard output."""
    return line[:2] == ["data", "verify"] and said.code == ExitCode.DATA and said.out


def test_the_result_is_recorded():
    record("fuzzing", f"{EXAMPLES} examples of each of 7 formats: typed errors only")
