"""Hostile run folders: settings, logs, facts, locks, and cached weights."""

from __future__ import annotations

import warnings

import gankit
from gankit.config import layering
from gankit.data import locations
from gankit.evaluation.features.classifier import CACHE
from gankit.launch.resume.lasting_settings import lasting
from gankit.launch.resume.recorded_config import recorded
from gankit.runs import RunFolder
from gankit.runs import loss_log as log
from tests.crash.hostile import (
    CANARY,
    DEEP,
    a_pickle,
    endless,
    hostile,
    pipe,
    sparse,
    write,
)
from tests.crash.hostile.checkpoints import HEADERS, checkpoint

STEP = '{"step": 1, "discriminator": 1.0, "generator": 1.0}\n'


def opened(run):
    return gankit.load(run)


def simple(**changes):
    """Return the settings of `simple` with some changes, as TOML."""
    return layering.config_of([layering.from_recipe("simple"), ("here", changes)]).to_toml()


def facts(path):
    return RunFolder(path.parent).facts()


def taken(run):
    with RunFolder(run).lock():
        pass


def taken_by_two(run):
    with RunFolder(run).lock():
        (run / ".lock-holder").unlink()
        (run / "holder").rename(run / ".lock-holder")
        return taken(run)


def weights(_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CACHE.read("mine", {"kernel": (2,)})


def cut(path):
    log.truncate(path, 1)


config = hostile(recorded, "CheckpointError")
line = hostile(log.read, "CheckpointError")
resumed = hostile(cut, "CheckpointError")
fact = hostile(facts, None)
cached = hostile(weights, None)


@config
def settings_that_are_a_pickle(folder):
    return write(folder / "config.toml", a_pickle()).parent


@config
def settings_that_are_a_pipe(folder):
    return pipe(folder / "config.toml").parent


@config
def settings_that_are_endless(folder):
    return endless(folder / "config.toml").parent


@config
def settings_larger_than_memory(folder):
    return sparse(folder / "config.toml", b"x = 1\n").parent


@config
def settings_of_half_a_gigabyte(folder):
    return sparse(folder / "config.toml", b"x = 1\n", 2**29).parent


@config
def settings_nested_deeply(folder):
    return write(folder / "config.toml", f"x = {'[' * DEEP}{']' * DEEP}").parent


@config
def settings_of_many_tables_in_one_name(folder):
    return write(folder / "config.toml", f"{'a.' * DEEP}a = 1").parent


@config
def settings_of_a_million_digits(folder):
    return write(folder / "config.toml", f"batch = {'9' * 10**6}").parent


@hostile(opened, "UnknownBackend")
def settings_that_name_a_module_as_backend(folder):
    write(folder / "config.toml", simple(backend=CANARY))
    checkpoint(folder / "checkpoints", settings=lasting(recorded(folder)))
    return folder


@hostile(opened, "CheckpointError")
def settings_that_name_a_module_as_loss(folder):
    write(folder / "config.toml", simple(loss=f"{CANARY}:loss", backend="numpy"))
    checkpoint(folder / "checkpoints")
    return folder


@line
def a_log_that_is_a_pickle(folder):
    return write(folder / "metrics.jsonl", a_pickle() + b"\n")


@line
def a_log_that_is_a_pipe(folder):
    return pipe(folder / "metrics.jsonl")


@line
def a_log_that_is_endless(folder):
    return endless(folder / "metrics.jsonl")


@line
def a_log_that_is_a_link(folder):
    (folder / "metrics.jsonl").symlink_to(write(folder / "moved", STEP))
    return folder / "metrics.jsonl"


@line
def a_log_that_is_a_folder(folder):
    (folder / "metrics.jsonl").mkdir()
    return folder / "metrics.jsonl"


@line
def a_log_larger_than_memory(folder):
    return sparse(folder / "metrics.jsonl", STEP.encode())


@line
def a_log_of_only_newlines(folder):
    return write(folder / "metrics.jsonl", b"\n" * 2**26)


@resumed
def a_log_of_too_many_newlines_to_resume(folder):
    return write(folder / "metrics.jsonl", b"\n" * 2**26)


@line
def a_log_that_is_deep(folder):
    return write(folder / "metrics.jsonl", "[" * 10**6 + "\n")


@line
def a_log_of_a_million_digits(folder):
    text = STEP.replace("1.0", "1" * 10**6)
    return write(folder / "metrics.jsonl", text)


@line
def a_log_of_an_endless_number(folder):
    return write(folder / "metrics.jsonl", STEP.replace("1.0", "1e999"))


@fact
def facts_that_are_a_pickle(folder):
    return write(folder / "environment.json", a_pickle())


@fact
def facts_that_are_a_pipe(folder):
    return pipe(folder / "environment.json")


@fact
def facts_that_are_endless(folder):
    return endless(folder / "environment.json")


@fact
def facts_that_are_deep(folder):
    return write(folder / "environment.json", "[" * DEEP + "]" * DEEP)


@fact
def facts_larger_than_memory(folder):
    return sparse(folder / "environment.json", b"{}")


@fact
def facts_of_a_million_digits(folder):
    return write(folder / "environment.json", f'{{"x": {"9" * 10**6}}}')


@hostile(taken, "StorageError")
def a_lock_that_is_a_link_to_another_file(folder):
    precious = write(folder / "precious", "all that I have")
    (folder / "run").mkdir()
    (folder / "run" / ".lock").symlink_to(precious)
    return folder / "run"


@hostile(taken, "StorageError")
def a_lock_that_is_a_folder(folder):
    (folder / ".lock").mkdir()
    return folder


@hostile(taken_by_two, "StorageError")
def a_holder_of_the_lock_that_is_a_pipe(folder):
    return pipe(folder / "holder").parent


@hostile(taken_by_two, "StorageError")
def a_holder_of_the_lock_that_is_deep(folder):
    return write(folder / "holder", "[" * 4000).parent


def _cache(name):
    return locations.cache() / "classifiers" / name


@cached
def cached_weights_that_are_a_pickle(_folder):
    return write(_cache("mine.safetensors"), a_pickle())


@cached
def cached_weights_that_are_a_pipe(_folder):
    return pipe(_cache("mine.safetensors"))


@cached
def cached_weights_larger_than_memory(_folder):
    return sparse(_cache("mine.safetensors"))


@cached
def cached_weights_with_a_false_header(_folder):
    return write(_cache("mine.safetensors"), HEADERS["a shape of 2^64 numbers"])
