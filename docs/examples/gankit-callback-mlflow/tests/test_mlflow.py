"""The MLflow log, in a real database beside the run."""

import os

import numpy as np
import pytest
from mlflow import MlflowClient

import gankit

# MLflow 3.17 uses functions that SQLAlchemy 2.1 has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """Remove MLflow's environment variables of this machine."""
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def train(tmp_path):
    """Return a function that trains up to a step, in a folder of that name or in memory."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)
    np.save(tmp_path / "noise.npy", noise)

    def run(steps, folder, **settings):
        return gankit.train(
            backend="numpy",
            dataset=str(tmp_path / "noise.npy"),
            steps=steps,
            batch=4,
            out=folder and tmp_path / folder,
            **settings,
        )

    return run


def logged(uri):
    """Return MLflow's client, and the runs at an address."""
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("gankit").experiment_id
    return client, client.search_runs([experiment])


def losses(client, run):
    """Return the losses by step; fail if a step was logged twice."""
    both = [
        client.get_metric_history(run.info.run_id, f"loss/{network}")
        for network in ("discriminator", "generator")
    ]
    found = [{metric.step: metric.value for metric in history} for history in both]
    assert [len(steps) for steps in found] == [len(history) for history in both]
    return [[found[0][step], found[1][step]] for step in sorted(found[0])]


def test_losses_grids_and_settings_are_logged_and_a_resumed_run_continues(train, tmp_path):
    train(3, "run", steps_per_epoch=3, sample_every=1)
    run = train(6, "run", steps_per_epoch=3, sample_every=1, resume=True)
    client, found = logged(f"sqlite:///{tmp_path / 'run' / 'mlflow.db'}")
    assert len(found) == 1
    assert losses(client, found[0]) == run.history.tolist()
    assert found[0].data.params["recipe"] == "simple"
    assert found[0].info.status == "FINISHED"
    grids = sorted(path.name for path in (tmp_path / "run" / "mlflow").rglob("*.png"))
    assert grids == ["000003.png", "000006.png"]


def test_the_address_can_be_changed_and_repeated_steps_are_logged_once(
    train, tmp_path, monkeypatch
):
    uri = f"sqlite:///{tmp_path / 'all.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    train(3, "run", checkpoint_every=2)
    (tmp_path / "run" / "checkpoints" / "000003").rename(tmp_path / "lost")
    run = train(4, "run", checkpoint_every=2, resume=True)
    client, found = logged(uri)
    assert losses(client, found[0]) == run.history.tolist()
    assert not (tmp_path / "run" / "mlflow.db").exists()


def test_a_run_in_memory_is_not_logged(train, tmp_path):
    train(2, None)
    assert not list(tmp_path.rglob("mlflow*"))
