"""The configuration of a run: `TrainConfig`, the order of its sources, error messages."""

from gankit.config.train_config import (
    AUTO,
    LIMIT,
    NetworkConfig,
    TrainConfig,
    from_settings,
    from_toml,
    parse_toml,
    subject,
)

__all__ = [
    "AUTO",
    "LIMIT",
    "NetworkConfig",
    "TrainConfig",
    "from_settings",
    "from_toml",
    "parse_toml",
    "subject",
]
