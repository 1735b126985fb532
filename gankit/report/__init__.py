"""Write runs as one HTML file that opens without network, server or gankit."""

from gankit.report.page import render
from gankit.report.section import Section

__all__ = ["Section", "render"]
