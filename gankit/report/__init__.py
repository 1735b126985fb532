"""Write a report about runs: one HTML file that works without network, server or gankit."""

from gankit.report.explorer_page import render_explorer
from gankit.report.page import render
from gankit.report.section import Section

__all__ = ["Section", "render", "render_explorer"]
