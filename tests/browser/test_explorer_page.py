"""The page that only makes images: the one of the generator that gankit ships."""

from __future__ import annotations

import gankit
from gankit.report import render_explorer
from tests.browser.test_explorer import RIGHT, assert_shows


def test_the_page_of_the_shipped_digits_makes_pythons_images(browser, tmp_path):
    run = gankit.load("pretrained:digits")
    path = tmp_path / "digits.html"
    path.write_text(render_explorer(run, title="Digits"), "utf-8")
    browser.open(path)
    assert browser.find("h1").text == "Digits"
    assert browser.run("return document.title") == "Digits: gankit explorer"
    assert_shows(browser, run.sample(1, seed=0, labels=0)[0])
    browser.press(browser.find("input[type=radio]"), *[RIGHT] * 7)
    assert_shows(browser, run.sample(1, seed=0, labels=7)[0])
    assert browser.requests() == [path.as_uri()]
