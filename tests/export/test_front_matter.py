"""The front matter of a model card: the fields of model hubs, readable whatever the text."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gankit._text import printable
from gankit.config import layering
from gankit.export import Exported
from gankit.export.card.front_matter import front_matter
from gankit.export.card.yaml_block import yaml_block
from gankit.export.formats import Choice
from gankit.export.safetensors_format import SAFETENSORS
from gankit.passes import FurtherNetwork
from gankit.runs import RunFolder, evaluation_log

yaml = pytest.importorskip("yaml")
ODD = "\"no\": [1e3, {a: b}] # 'ñ' 数字 🎨 \\ %&*!|> @`"
"""A name with what is special in YAML."""
MEASURED = {
    "features": "64 classifier features (6a139aa6)",
    "reference": "10,000 of the 60,000 training images of mnist, seed 0",
    "samples": 100,
    "reference_samples": 10000,
    "neighbours": 5,
}


def evaluated(step, **metrics):
    """Return a row of the log of evaluations, with only some metrics."""
    numbers = dict.fromkeys(evaluation_log.NUMBERS, 0.5)
    optional = dict.fromkeys(evaluation_log.OPTIONAL)
    return {
        "step": step,
        "seed": 7,
        "histogram": None,
        **MEASURED,
        **numbers,
        **optional,
        **metrics,
    }


def exported(folder, name="digits", **changes):
    """Return the result of an export of a recipe's generator, of which no file is there."""
    given = {"backend": "torch", "dataset": "mnist"}
    config = layering.config_of([layering.from_recipe(name), ("here", given)])
    config = dataclasses.replace(config, classes=10)
    done = Exported(
        path=folder / "generator.safetensors",
        card=folder / "generator.safetensors.md",
        choice=Choice("safetensors", "torch", SAFETENSORS),
        run=RunFolder(folder),
        config=config,
        network="generator",
        inputs={"noise": (config.latent,)},
        output={"images": (28, 28, 1)},
        heads={},
        step=3,
        parameters=1,
        rows=16,
        difference=0.0,
        sha256="",
    )
    return dataclasses.replace(done, **changes)


def fields(done):
    """Return what a hub reads in the front matter."""
    text = front_matter(done)
    assert text.startswith("---\n")
    assert text.endswith("\n---")
    return yaml.safe_load(text[4:-4])


def test_a_hub_reads_every_field(tmp_path):
    for step, distance in ((2, 11.0), (3, 22.254321), (4, 9.0)):
        metrics = {"frechet": distance, "coverage": 0.00001, "classes_seen": 9}
        evaluation_log.append(tmp_path / "evaluations.jsonl", evaluated(step, **metrics))
    found = fields(exported(tmp_path, license="cc-by-sa-3.0"))
    (index,) = found.pop("model-index")
    assert found == {
        "license": "cc-by-sa-3.0",
        "library_name": "gankit",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan", "gankit", "digits", "class-conditional", "torch", "safetensors"],
        "datasets": ["ylecun/mnist"],
    }
    (result,) = index.pop("results")
    assert index == {"name": "digits on mnist"}
    values = {metric["type"]: metric for metric in result.pop("metrics")}
    assert result == {
        "task": {
            "type": "unconditional-image-generation",
            "name": "Unconditional Image Generation",
        },
        "dataset": {"type": "ylecun/mnist", "name": "mnist"},
    }
    names = "frechet kernel precision recall density coverage classes-seen nearest"
    assert list(values) == [f"gankit-{name}" for name in names.split()]
    assert values["gankit-frechet"] == {
        "type": "gankit-frechet",
        "name": "Fréchet distance of 64 classifier features (6a139aa6)",
        "value": 22.25,
        "args": MEASURED | {"seed": 7},
    }
    assert values["gankit-coverage"]["value"] == 1e-05
    assert values["gankit-classes-seen"]["value"] == 9
    assert values["gankit-classes-seen"]["name"] == "Classes seen"


def test_what_is_not_known_is_not_there(tmp_path):
    done = exported(tmp_path, "simple")
    config = dataclasses.replace(done.config, dataset="glyphs", recipe="custom", backend="numpy")
    assert fields(dataclasses.replace(done, config=config)) == {
        "library_name": "gankit",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan", "gankit", "numpy", "safetensors"],
    }


def test_a_damaged_log_has_no_results(tmp_path):
    (tmp_path / "evaluations.jsonl").write_text("garbage\n", "utf-8")
    assert "model-index" not in fields(exported(tmp_path))


IMAGE, ROW = {"a": (8, 8, 1)}, {"a": (6,)}
ENCODER, CRITIC = FurtherNetwork("generator", ()), FurtherNetwork("discriminator", ())


@pytest.mark.parametrize(
    ("network", "inputs", "output", "task"),
    [
        ("generator", ROW, IMAGE, "unconditional-image-generation"),
        ("generator", ROW | {"b": (8, 8, 1)}, IMAGE, "image-to-image"),
        ("encoder", IMAGE, IMAGE, "image-to-image"),
        ("encoder", IMAGE, ROW, "image-feature-extraction"),
        ("encoder", ROW, ROW, None),
        ("discriminator", IMAGE, ROW, None),
        ("critic", IMAGE, IMAGE, None),
    ],
)
def test_the_task_is_what_the_network_does(network, inputs, output, task, tmp_path):
    done = exported(tmp_path, network=network, inputs=inputs, output=output)
    networks = {"encoder": ENCODER, "critic": CRITIC}
    config = dataclasses.replace(done.config, networks=networks)
    found = fields(dataclasses.replace(done, config=config))
    assert found.get("pipeline_tag") == task
    assert (network in found["tags"]) == (network != "generator")


def test_odd_names_are_read_as_they_are_and_folders_are_left_out(tmp_path):
    evaluation_log.append(
        tmp_path / "evaluations.jsonl", evaluated(3, reference="9 images of /home/me/pets")
    )
    done = exported(tmp_path)
    config = dataclasses.replace(
        done.config, dataset=f"/home/me/{ODD.replace('/', '')}", recipe=f"{ODD}.toml"
    )
    found = fields(dataclasses.replace(done, config=config))
    assert ODD in found["tags"]
    assert "datasets" not in found
    (result,) = found["model-index"][0]["results"]
    assert result["dataset"] == {"type": ODD, "name": ODD}
    assert result["metrics"][0]["args"]["reference"] == "9 images of pets"


SCALARS = st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.dictionaries(st.sampled_from(["a", "b-c", "d_e"]), SCALARS), st.lists(SCALARS, min_size=1)
)
def test_any_value_is_read_as_it_is(mapping, several):
    def shown(value):
        return printable(value) if isinstance(value, str) else value

    found = yaml.safe_load(yaml_block({"short": mapping, "long": [{"list": several, **mapping}]}))
    wanted = {key: shown(value) for key, value in mapping.items()}
    assert found["short"] == wanted
    assert found["long"] == [{"list": [shown(value) for value in several], **wanted}]
    kinds = [type(value) for value in found["long"][0]["list"]]
    assert kinds == [type(value) for value in several]
