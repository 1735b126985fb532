"""The networks of a run beside generator and discriminator."""

from __future__ import annotations

from gankit.contract import Network, NetworksTrainer, Trainer


def further_networks(trainer: Trainer) -> dict[str, Network]:
    """Return a trainer's further networks by name, in inference mode."""
    return dict(trainer.networks) if isinstance(trainer, NetworksTrainer) else {}
