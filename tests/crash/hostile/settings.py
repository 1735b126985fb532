"""Hostile settings: files for --config and --recipe, values for --set and the environment."""

from __future__ import annotations

from pathlib import Path

from gankit import plugins, recipes
from gankit.config import layering
from tests.crash.hostile import CANARY, DEEP, a_pickle, hostile, pipe, sparse, write

SIMPLE = layering.from_recipe("simple")


def over_simple(path):
    return layering.config_of([SIMPLE, layering.from_file(path)])


def assigned(path):
    """Read a file's text as the value of --set."""
    return layering.config_of([SIMPLE, layering.from_assignment(path.read_text())])


def in_the_environment(path):
    return layering.config_of(
        [SIMPLE, *layering.from_environment({"GANKIT_SEED": path.read_text()})]
    )


def found(name):
    return recipes.recipe(str(name))


def resolved(path):
    config = over_simple(path)
    plugins.get_loss(config.loss)
    return plugins.get_backend(config.backend)


def as_recipe(path):
    return layering.config_of([layering.from_recipe(str(path))])


refused = hostile(over_simple, "ConfigError")


@refused
def a_configuration_that_is_a_pickle(folder):
    return write(folder / "mine.toml", a_pickle())


@refused
def a_configuration_that_is_a_pipe(folder):
    return pipe(folder / "mine.toml")


@refused
def a_configuration_that_is_endless(_folder):
    return Path("/dev/zero")


@refused
def a_configuration_that_is_a_folder(folder):
    return folder


@refused
def a_configuration_larger_than_memory(folder):
    return sparse(folder / "mine.toml", b"batch = 8\n")


@refused
def a_configuration_of_half_a_gigabyte(folder):
    return sparse(folder / "mine.toml", b"batch = 8\n", 2**29)


@refused
def a_configuration_of_many_settings(folder):
    return write(folder / "mine.toml", "".join(f"k{n}=1\n" for n in range(7_000)))


@refused
def a_configuration_of_a_million_settings(folder):
    return write(folder / "mine.toml", "".join(f"k{n}=1\n" for n in range(10**6)))


@refused
def a_configuration_of_deep_lists(folder):
    return write(folder / "mine.toml", f"batch = {'[' * DEEP}{']' * DEEP}")


@refused
def a_configuration_of_lists_as_deep_as_can_be_parsed(folder):
    return write(folder / "mine.toml", f"batch = {'[' * 250}{']' * 250}")


@refused
def a_configuration_of_deep_tables(folder):
    return write(folder / "mine.toml", f"[{'a.' * DEEP}a]\nx = 1\n")


@refused
def a_configuration_of_a_million_digits(folder):
    return write(folder / "mine.toml", f"batch = {'9' * 10**6}")


@refused
def a_configuration_of_hexadecimal_digits(folder):
    return write(folder / "mine.toml", f"batch = 0x{'f' * 10**6}")


@refused
def a_configuration_with_nan(folder):
    return write(folder / "mine.toml", "instance_noise = nan")


@refused
def a_configuration_with_a_key_given_twice(folder):
    return write(folder / "mine.toml", "batch = 8\nbatch = 9\n")


@refused
def a_configuration_in_yaml(folder):
    return write(folder / "mine.toml", f'batch = "!!python/object/apply:{CANARY}.sing []"')


@refused
def a_configuration_whose_layer_is_a_module(folder):
    text = f'generator.layers = [{{ layer = "{CANARY}.Dense", units = 3 }}]'
    return write(folder / "mine.toml", text)


@refused
def a_configuration_whose_optimizer_is_code(folder):
    text = f"generator.optimizer = {{ optimizer = \"__import__('{CANARY}')\" }}"
    return write(folder / "mine.toml", text)


@hostile(resolved, "UnknownName")
def a_configuration_whose_loss_is_a_module(folder):
    return write(folder / "mine.toml", f'loss = "{CANARY}:loss"')


@hostile(resolved, "UnknownBackend")
def a_configuration_whose_backend_is_a_module(folder):
    return write(folder / "mine.toml", f'backend = "{CANARY}"')


@hostile(as_recipe, "ConfigError")
def a_recipe_that_is_a_pipe(folder):
    return pipe(folder / "mine.toml")


@hostile(found, "UnknownName")
def a_recipe_in_another_folder(folder):
    (folder / "inside").mkdir()
    return write(folder / "inside" / ".." / "outside", 'summary = "mine"')


@hostile(assigned, "ConfigError")
def an_assignment_of_deep_lists(folder):
    return write(folder / "words", f"batch={'[' * DEEP}")


@hostile(assigned, "ConfigError")
def an_assignment_to_a_deep_key(folder):
    return write(folder / "words", f"{'a.' * DEEP}a=1")


@hostile(assigned, "ConfigError")
def an_assignment_of_many_digits(folder):
    return write(folder / "words", f"batch={'9' * 100_000}")


@hostile(in_the_environment, "ConfigError")
def a_variable_of_deep_lists(folder):
    return write(folder / "words", "[" * DEEP)


@hostile(in_the_environment, "ConfigError")
def a_variable_of_hexadecimal_digits(folder):
    return write(folder / "words", f"0x{'f' * 100_000}")
