"""The configuration of a run: `TrainConfig`, its sources and their order, error messages."""

from gankit.config.train_config import (
    AUTO,
    MOST_CONFIG_BYTES,
    NetworkConfig,
    TrainConfig,
    from_settings,
    from_toml,
    parse_toml,
    subject,
)

__all__ = [
    "AUTO",
    "MOST_CONFIG_BYTES",
    "NetworkConfig",
    "TrainConfig",
    "from_settings",
    "from_toml",
    "parse_toml",
    "subject",
]
