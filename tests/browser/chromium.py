"""The system's Chromium, driven by Selenium: nothing is downloaded or installed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.waiting import SECONDS, wait_for

REMEDY = "apt-get install chromium chromium-driver, and pip install --group test"
START = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--force-color-profile=srgb",
)
DESKTOP, PHONE = (1280, 900), (360, 740)
TAB = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
MOST_CONTROLS = 200
FOCUSED = """
const place = document.activeElement;
if (place === document.body || place.dataset.reached) return [null, false];
place.dataset.reached = "yes";
const seen = (element) => {
  const style = getComputedStyle(element);
  return element.checkVisibility({opacityProperty: true, visibilityProperty: true})
    && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
};
const near = [place, place.parentElement, place.nextElementSibling, ...(place.labels ?? [])];
return [place, near.some((element) => element && seen(element))];
"""
"""Return the control with the focus and whether its outline, or that beside it, can be seen."""
MISSED = """
const controls = "a[href], button, input, select, summary, [tabindex='0']";
return [...document.querySelectorAll(controls)]
  .filter((each) => !each.dataset.reached && !each.disabled)
  .filter((each) => each.checkVisibility({visibilityProperty: true}))
  .filter((each) => each.type !== "radio" || each.checked)
  .map((each) => each.outerHTML.slice(0, 200));
"""
"""Return the visible controls that Tab did not reach; of radio buttons it reaches the checked."""


def lacking():
    """Return which parts of the browser are missing."""
    programs = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return programs + ([] if find_spec("selenium") else ["selenium"])


def leave_out(said):
    """Skip a test for this reason, or fail it if a browser is required."""
    if os.environ.get("GANKIT_REQUIRE_BROWSER") == "1":
        pytest.fail(f"a browser is required; {said}", pytrace=False)
    pytest.skip(said)


class Chromium:
    """A browser that records its pages' requests and console messages."""

    def __init__(self):
        self.start()

    def start(self):
        """Start a browser with one empty tab."""
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses it otherwise.
        for word in [*START, *as_root]:
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service(shutil.which("chromedriver"), env=os.environ | {"SE_OFFLINE": "true"})
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(SECONDS)
        self.driver.set_script_timeout(SECONDS)

    def is_alive(self):
        """Return whether the tab still runs scripts."""
        try:
            return self.run("return true")
        except Exception:  # Selenium's own if the tab crashed, urllib3's if the browser ended.
            return False

    def restart(self):
        """Replace a browser that has ended or whose tab has crashed."""
        with contextlib.suppress(Exception):  # The old one may not answer.
            self.close()
        self.start()

    def open(self, path, size=DESKTOP, **preferences):
        """Open a file; as in `open_address`."""
        self.open_address(Path(path).resolve().as_uri(), size, **preferences)

    def open_address(self, address, size=DESKTOP, **preferences):
        """Open a page in a window of this size, for somebody with these preferences.

        `prefers_color_scheme="dark"`, `prefers_reduced_motion="reduce"`.
        """
        features = {"prefers-color-scheme": "light"} | {
            name.replace("_", "-"): value for name, value in preferences.items()
        }
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=1,
            mobile=False,
        )
        named = [{"name": name, "value": value} for name, value in features.items()]
        self.command("Emulation.setEmulatedMedia", features=named)
        self.complaints(), self.requests()
        self.driver.get(address)
        # The driver may return early, while the page's last script has not run.
        wait_for(lambda: self.run("return document.readyState === 'complete'"), "the page's load")

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script, *arguments):
        """Run the body of a JavaScript function; return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def press(self, element, *keys):
        """Focus an element as the Tab key would, and press keys."""
        self.run("arguments[0].focus()", element)
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def tab_through(self):
        """Press Tab from the page's start to its end.

        Return the controls that were reached, those that did not show it, and those that were not
        reached.
        """
        self.run("document.activeElement.blur()")
        reached, unseen = [], []
        while len(reached) < MOST_CONTROLS:
            for kind in ("rawKeyDown", "keyUp"):  # As the driver sends no keys to a file input.
                self.command("Input.dispatchKeyEvent", type=kind, **TAB)
            place, seen = self.run(FOCUSED)
            if place is None:
                break
            reached.append(place)
            unseen += [] if seen else [place.get_attribute("outerHTML")[:200]]
        return reached, unseen, self.run(MISSED)

    def wait(self, true, what, seconds=10):
        """Wait until a function returns a true value, and return it; a timeout names `what`."""
        return wait_for(true, what, seconds)

    def complaints(self):
        """Return the console's messages since the last call, warnings included."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """Return the addresses of requests since the last call."""
        entries = [json.loads(line["message"]) for line in self.driver.get_log("performance")]
        sent = [e["message"] for e in entries if e["message"]["method"] == SENT]
        return [message["params"]["request"]["url"] for message in sent]

    def close(self):
        self.driver.quit()


SENT = "Network.requestWillBeSent"
