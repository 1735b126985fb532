"""What tests of the contract share."""

from __future__ import annotations

import os

import pytest

from tests.paths import ROOT


@pytest.fixture(scope="module")
def wrong_backends_as_plugin(tmp_path_factory):
    """Install the wrong backends as a plugin, so that other processes find them."""
    site = tmp_path_factory.mktemp("site")
    info = site / "wrong_backends-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wrong_backends\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[gankit]\nwrong_backends = tests.wrong_backends\n")
    with pytest.MonkeyPatch.context() as patch:
        for folder in (site, ROOT):
            patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield
