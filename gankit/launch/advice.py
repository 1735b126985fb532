"""Advice on a run's settings, printed before it starts."""

from __future__ import annotations

from gankit._text import counted, printable
from gankit.launch.resolved_plan import ResolvedPlan

FEW_STEPS = 500
"""After fewer steps, most generators make grey noise."""


def advice(plan: ResolvedPlan) -> list[str]:
    """Return lines about settings that a new user probably does not want.

    One is for a run of few steps, because its epochs have few; one for named classes that the
    networks do not use.
    """
    return [line for line in (_few_steps(plan), _unused_classes(plan)) if line]


def _few_steps(plan: ResolvedPlan) -> str | None:
    config = plan.config
    if config.steps is not None or config.steps_per_epoch or plan.steps >= FEW_STEPS:
        return None
    images, longer = counted(len(plan.data), "image"), "--minutes does not add steps; "
    return (
        f"{counted(plan.steps, 'step')}: an epoch of {images} has {plan.epoch:,}, and networks "
        f"need some thousands; {longer if config.minutes else ''}choose more with --steps 3000"
    )


def _unused_classes(plan: ResolvedPlan) -> str | None:
    names = plan.data.class_names
    if not names or len(names) < 2 or plan.config.conditional:
        return None
    return (
        f"{printable(plan.config.recipe)} does not use the classes ({len(names)}); "
        "the recipe projection generates images of a chosen class"
    )
