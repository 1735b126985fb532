"""Short names of the learning rates, and what to write where they are not settings."""

from __future__ import annotations

ROLES = ("generator", "discriminator")
LEARNING_RATES = {
    "lr": ROLES,
    "lr_generator": ROLES[:1],
    "lr_discriminator": ROLES[1:],
}
"""The networks whose learning rate an option sets; the last two override the first."""


def remedies(setting: str) -> dict[str, str]:
    """Return what to write in place of each short name, and of "learning_rate".

    Parameters
    ----------
    setting
        How to set the learning rate of one network, with `{}` for its name.

    >>> remedies("{}.rate")["learning_rate"]
    'generator.rate and discriminator.rate'
    """
    written = {
        name: " and ".join(setting.replace("{}", role) for role in roles)
        for name, roles in LEARNING_RATES.items()
    }
    return {"learning_rate": written.pop("lr"), **written}
