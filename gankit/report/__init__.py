"""Runs as a page: one HTML file that needs no network, no server and no gankit to be read."""

from gankit.report.page import render
from gankit.report.section import Section

__all__ = ["Section", "render"]
