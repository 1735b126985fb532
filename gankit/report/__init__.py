"""Write a report about runs: one HTML file that works without network, server or gankit."""

from gankit.report.page import render
from gankit.report.section import Section

__all__ = ["Section", "render"]
