"""axe-core, which finds what keeps people from using a page; the script comes from a package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PACKAGE = "axe_playwright_python"
"""It has axe-core's script; its own code, which needs Playwright, is not imported."""
REMEDY = "pip install --no-deps axe-playwright-python"
GRAVE = ("serious", "critical")
RUN = """
const done = arguments[0];
const options = {resultTypes: ["violations"], preload: false};
axe.run(document, options).then((found) => done(found.violations), (error) => done(`${error}`));
"""


def faults(browser):
    """Return what is serious or critical in the open page: its impact, rule and place."""
    (folder,) = find_spec(PACKAGE).submodule_search_locations
    browser.run(Path(folder, "axe.min.js").read_text("utf-8"))
    found = browser.driver.execute_async_script(RUN)
    assert isinstance(found, list), found
    return [
        f"{each['impact']}: {each['id']} at {node['target']}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
