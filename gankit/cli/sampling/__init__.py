"""What `gankit sample` makes: images, interpolations, or an animation of the training."""

from __future__ import annotations

from typing import TypeAlias

import click

from gankit._utils.paths import is_pretrained, require_parent
from gankit.cli.sampling.images import ImagesRequest
from gankit.cli.sampling.interpolation import InterpolationRequest
from gankit.cli.sampling.options import SampleOptions
from gankit.cli.sampling.training import TrainingRequest
from gankit.cli.sampling.varied_code import VariedCodeRequest
from gankit.runs import RunFolder

__all__ = ["sample_request"]

Request: TypeAlias = ImagesRequest | InterpolationRequest | TrainingRequest | VariedCodeRequest


def sample_request(ctx: click.Context) -> Request:
    """Return what the options ask for, checked; raise ConfigError or CheckpointError."""
    options = SampleOptions.of(ctx)
    request = _request(options)
    request.check()
    options.check()
    if not is_pretrained(options.run):
        RunFolder.open(options.run)
    if options.out is not None:
        require_parent(options.out)
    return request


def _request(options: SampleOptions) -> Request:
    if options.training:
        return TrainingRequest(options)
    if options.interpolate:
        return InterpolationRequest(options)
    code = options.varied_code
    return VariedCodeRequest(options, code) if code else ImagesRequest(options)
