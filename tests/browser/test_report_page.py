"""A report in a real browser: controls, charts, requests and accessibility."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gankit.report import Section, render
from gankit.visual import images
from tests.browser.chromium import DESKTOP, PHONE
from tests.report_runs import add_evaluations, add_warning, make_run, uri

HOSTILE = "<img src=x onerror='window.broken=1'>"
LONG = "a-name-without-any-space-in-it" * 6
RIGHT, LEFT, HOME, END = "\ue014", "\ue012", "\ue011", "\ue010"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return two runs with every file that a run can have."""
    folder = tmp_path_factory.mktemp("runs")
    losses = np.ones((2000, 2))
    losses[1234] = 50  # A spike of one step.
    ours = make_run(folder / "ours", losses=losses, grids=(500, 1000, 2000), backend="torch")
    theirs = make_run(folder / "theirs", 1500, (1000, 1500), seed=3, summary=HOSTILE)
    for run, step in ((ours, 2000), (theirs, 1500)):
        add_evaluations(run, (step // 2, step))
        run.nearest_path(step).parent.mkdir()
        run.nearest_path(step).write_bytes(run.sample_path(step).read_bytes())
    add_warning(theirs, 300, f"the generator makes one image {HOSTILE}")
    return ours, theirs


@pytest.fixture(scope="module")
def one(runs, tmp_path_factory):
    """Return a page of one run."""
    return written(tmp_path_factory.mktemp("one") / "page.html", runs[:1])


@pytest.fixture(scope="module")
def two(runs, tmp_path_factory):
    """Return a page of two runs with every part, with hostile text where possible."""
    table = Section(HOSTILE, ["run", "figure"], [[LONG, 1.5], [HOSTILE, "2 ± 1"]], HOSTILE)
    path = tmp_path_factory.mktemp("two") / "page.html"
    return written(path, runs, sections=[table], title=f"{HOSTILE} {LONG}")


@pytest.fixture(scope="module")
def four(runs, tmp_path_factory):
    """Return a page with tables of five columns."""
    return written(tmp_path_factory.mktemp("four") / "page.html", runs * 2)


def written(path, runs, **more):
    path.write_text(render([run.path for run in runs], **more), "utf-8")
    return path


def shown(browser, run=0):
    return browser.find(f'img[data-run="{run}"]').get_attribute("src")


def caption(browser, run=0):
    return browser.find(f'[data-caption="{run}"]').text


def domain(browser, chart=0):
    """Return the steps that a chart's label names."""
    return browser.all(".chart")[chart].get_attribute("aria-label").partition(", ")[2]


def lines(browser):
    return [line.get_attribute("d") for line in browser.all(".plot .line")]


def unfold(browser):
    for summary in browser.all("summary"):
        browser.press(summary, " ")
    assert browser.all("details:not([open])") == []


def drag(browser, chart, start, end):
    """Drag over a chart, from one fraction of its width to another."""
    from selenium.webdriver import ActionChains

    plot = browser.all(".plot")[chart]
    half, width = plot.size["width"] / 2, plot.size["width"]
    ActionChains(browser.driver, duration=0).move_to_element_with_offset(
        plot, round(start * width - half), 0
    ).click_and_hold().move_to_element_with_offset(
        plot, round(end * width - half), 0
    ).release().perform()


def test_the_slider_moves_the_picture_by_keyboard(browser, runs, one):
    browser.open(one)
    slider = browser.find("#step")
    assert shown(browser) == uri(runs[0], 2000)
    browser.press(slider, LEFT)
    assert shown(browser) == uri(runs[0], 1000)
    assert caption(browser) == browser.find("#step-text").text == "after step 1,000"
    assert slider.get_attribute("aria-valuetext") == "after step 1,000"
    browser.press(slider, HOME)
    assert shown(browser) == uri(runs[0], 500)
    browser.press(slider, RIGHT, END)
    assert shown(browser) == uri(runs[0], 2000)


def test_the_shown_grid_is_drawn_and_marked_in_the_curves(browser, one):
    browser.open(one)
    wide = "return document.querySelector('img[data-run]').naturalWidth"
    assert browser.run(wide) == 32
    before = browser.find(".now").get_attribute("d")
    browser.press(browser.find("#step"), HOME)
    browser.wait(lambda: browser.run(wide) == 32, "the first grid")
    assert browser.find(".now").get_attribute("d") != before


WATCH = """
window.seen = [];
const watched = ["#play", "[data-caption='0']"].map(place => document.querySelector(place));
const note = changes => changes.forEach(change => window.seen.push(change.target.textContent));
const observer = new MutationObserver(note);
watched.forEach(place => observer.observe(place, {childList: true}));
"""


def test_play_goes_through_the_grids_and_stops_at_the_last(browser, runs, one):
    browser.open(one)
    browser.run(WATCH)
    browser.find("#play").click()
    browser.wait(lambda: browser.run("return window.seen.at(-1)") == "Play", "the last grid")
    steps = [f"after step {number}" for number in ("500", "1,000", "2,000")]
    assert browser.run("return window.seen") == ["Pause", *steps, "Play"]
    assert shown(browser) == uri(runs[0], 2000)


@pytest.mark.parametrize("how", ["#play", "#step"])
def test_play_is_paused_by_its_button_and_by_the_slider(browser, one, how):
    browser.open(one)
    browser.run("window.setInterval = () => 7")  # Time stands still.
    browser.press(browser.find("#play"), " ")
    assert browser.find("#play").text == "Pause"
    browser.press(browser.find(how), " " if how == "#play" else RIGHT)
    assert browser.find("#play").text == "Play"


def test_nothing_moves_without_input(browser, one):
    browser.open(one)
    moving = "return document.getAnimations().length"
    assert browser.run(moving) == 0
    assert browser.find("#play").text == "Play"


def test_the_reduced_motion_setting_is_respected(browser, one):
    smooth = "return getComputedStyle(document.documentElement).scrollBehavior"
    browser.open(one, prefers_reduced_motion="reduce")
    assert browser.run(smooth) == "auto"
    browser.open(one)
    assert browser.run(smooth) == "smooth"


def test_curves_are_drawn_with_every_spike(browser, one):
    browser.open(one)
    browser.run("document.querySelector('#smooth').value = 0")
    bands = browser.all(".plot .band")
    assert len(browser.all(".chart")) > 2
    assert all(line.count("L") > 1 for line in lines(browser)[:2])
    assert bands[0].get_attribute("d").count("L") > 500
    top, height = browser.run("const b = arguments[0].getBBox(); return [b.y, b.height]", bands[0])
    assert height > 100, "the band is flat: the spike is lost"
    assert top > 0, "the spike is outside the plot"


def test_the_values_under_the_pointer_are_shown(browser, one):
    from selenium.webdriver import ActionChains

    browser.open(one)
    said = [readout.text for readout in browser.all(".readout")[:2]]
    assert all("steps 1,997 to 2,000" in text for text in said)
    ActionChains(browser.driver).move_to_element(browser.find(".plot")).perform()
    near = [readout.text.partition("steps")[2] for readout in browser.all(".readout")[:2]]
    assert near[0] == near[1] != said[0].partition("steps")[2]


@pytest.mark.parametrize("key", ["+", "="])
def test_keys_zoom_move_and_reset(browser, one, key):
    browser.open(one)
    chart = browser.find(".chart")
    whole, drawn = domain(browser), lines(browser)
    assert whole == "steps 1 to 2,000"
    browser.press(chart, key)
    near = domain(browser)
    assert near == "steps 501 to 1,500"
    assert lines(browser) != drawn
    browser.press(chart, RIGHT)
    assert domain(browser) == "steps 751 to 1,750"
    browser.press(chart, LEFT, "-")
    assert domain(browser) == whole
    browser.press(chart, key, "0")
    assert (domain(browser), lines(browser)) == (whole, drawn)


def test_buttons_zoom_every_chart(browser, one):
    browser.open(one)
    browser.find('[data-zoom="in"]').click()
    charts = len(browser.all(".chart"))
    assert {domain(browser, i) for i in range(charts)} == {"steps 501 to 1,500"}
    browser.find('[data-zoom="left"]').click()
    assert domain(browser) == "steps 251 to 1,250"
    browser.find('[data-zoom="reset"]').click()
    assert domain(browser) == "steps 1 to 2,000"


def test_dragging_zooms_and_a_click_does_not(browser, one):
    browser.open(one)
    drag(browser, 0, 0.5, 0.502)
    assert domain(browser) == "steps 1 to 2,000"
    drag(browser, 0, 0.5, 0.75)
    ends = [int(word.replace(",", "")) for word in domain(browser).split() if word[0].isdigit()]
    assert 700 < ends[0] < 1100
    assert 400 < ends[1] - ends[0] < 700


def test_the_wheel_zooms_a_focused_chart_and_otherwise_scrolls_the_page(browser, one):
    browser.open(one)
    wheel = """const event = new WheelEvent("wheel", {deltaY: -1, clientX: 900, cancelable: true});
        document.querySelector(".plot").dispatchEvent(event);
        return event.defaultPrevented"""
    assert not browser.run(wheel)
    assert domain(browser) == "steps 1 to 2,000"
    browser.press(browser.find(".chart"))
    assert browser.run(wheel)
    assert domain(browser) != "steps 1 to 2,000"


def test_nothing_is_fetched(browser, two):
    browser.open(two)
    browser.press(browser.find("#step"), HOME, END)
    asked = [url for url in browser.requests() if not url.startswith("data:")]
    assert asked == [two.resolve().as_uri()]
    names = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    assert [name for name in browser.run(names) if not name.startswith("data:")] == []


def test_nothing_can_be_fetched(chromium, two):
    chromium.open(two)
    refused = """const done = arguments[0], image = new Image();
        document.addEventListener("securitypolicyviolation", event => done(event.blockedURI));
        image.src = "http://127.0.0.1:9/picture.png";"""
    assert "127.0.0.1:9" in chromium.driver.execute_async_script(refused)
    assert any("127.0.0.1:9" in line for line in chromium.complaints())


def test_text_of_a_run_is_not_interpreted_as_markup(browser, two):
    browser.open(two)
    assert browser.run("return window.broken") is None
    assert browser.find("h1").text.startswith(HOSTILE)
    assert browser.all("img[onerror]") == []


@pytest.mark.parametrize("page", ["one", "two", "four"])
def test_a_phone_needs_no_horizontal_scrolling(browser, request, page):
    browser.open(request.getfixturevalue(page), PHONE)
    unfold(browser)
    whole, seen = browser.run(
        "const page = document.documentElement; return [page.scrollWidth, page.clientWidth]"
    )
    assert whole == seen <= PHONE[0]


CONTRAST = """
function linear(c) { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 }
function numbers(colour) { return colour.match(/[\\d.]+/g).map(Number) }
function light(rgb) { const [r, g, b] = rgb.map(linear); return .2126*r + .7152*g + .0722*b }
function ground(element) {
  for (let e = element; e; e = e.parentElement) {
    const c = numbers(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
  }
  return [255, 255, 255];
}
const worst = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  if (!own || element.closest("script, style, .hidden, .skip, noscript")) continue;
  const style = getComputedStyle(element);
  const ink = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
  const [a, b] = [light(numbers(ink).slice(0, 3)), light(ground(element))];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) worst.push(`${element.tagName}.${element.className}: ${ratio}`);
}
return [getComputedStyle(document.body).backgroundColor, worst];
"""


def test_light_and_dark_themes_have_contrast(browser, two):
    browser.open(two)
    light, faint = browser.run(CONTRAST)
    assert faint == []
    browser.open(two, prefers_color_scheme="dark")
    dark, faint = browser.run(CONTRAST)
    assert faint == []
    assert light != dark


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, axe_faults, two, scheme):
    browser.open(two, prefers_color_scheme=scheme)
    unfold(browser)
    assert axe_faults() == []


def test_curves_have_contrast_in_light_and_dark_themes(browser, two):
    script = (
        CONTRAST.partition("const worst")[0]
        + """
        return [...document.querySelectorAll(".plot .line")].map(line => {
          const [a, b] = [numbers(getComputedStyle(line).stroke), ground(line)].map(light);
          return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        });"""
    )
    for scheme in ("light", "dark"):
        browser.open(two, prefers_color_scheme=scheme)
        assert min(browser.run(script)) >= 3


def test_runs_are_side_by_side_and_on_a_phone_below_each_other(browser, two):
    places = (
        "return [...document.querySelectorAll('.card')].map(c => c.getBoundingClientRect().top)"
    )
    browser.open(two, DESKTOP)
    tops = browser.run(places)
    assert tops[0] == tops[1]
    browser.open(two, PHONE)
    tops = browser.run(places)
    assert tops[0] < tops[1]


def test_one_slider_moves_both_runs_to_their_newest_grids(browser, runs, two):
    browser.open(two)
    slider = browser.find("#step")
    browser.press(slider, HOME)
    assert shown(browser, 0) == uri(runs[0], 500)
    assert caption(browser, 1) == "no grid yet"
    browser.press(slider, RIGHT)
    assert [shown(browser, i) for i in (0, 1)] == [uri(run, 1000) for run in runs]
    browser.press(slider, RIGHT)
    assert [caption(browser, i) for i in (0, 1)] == ["after step 1,000", "after step 1,500"]


def test_curves_of_two_runs_differ_in_more_than_colour_and_can_be_hidden(browser, two):
    browser.open(two)
    dashes = (
        "return [...document.querySelectorAll('.chart:first-child .plot .line')]"
        ".map(line => getComputedStyle(line).strokeDasharray)"
    )
    first, second = browser.run(dashes)
    assert first != second
    browser.press(browser.find('[data-shown="1"]'), " ")
    assert browser.run(dashes) == [first]


@pytest.fixture(scope="module")
def seven(tmp_path_factory):
    """Return a page of seven runs, each with one evaluation."""
    folder = tmp_path_factory.mktemp("seven")
    runs = [make_run(folder / f"run-{i}", 20, (20,), seed=i) for i in range(7)]
    for run in runs:
        add_evaluations(run, (20,))
    return written(folder / "page.html", runs)


def test_seven_runs_and_the_baseline_differ_in_dash_or_dot(browser, seven):
    browser.open(seven)
    styles = (
        "return [...document.querySelectorAll(arguments[0])]"
        ".map(mark => getComputedStyle(mark))"
        ".map(style => [style.stroke, style.strokeDasharray, style.fill])"
    )
    lines = browser.run(styles, ".chart:nth-child(1) .plot .line")
    baselines = browser.run(styles, ".chart:nth-child(3) .plot .baseline")
    dots = browser.run(styles, ".chart:nth-child(3) .plot .dot")
    dashes = [line[1] for line in lines]
    assert len(set(dashes)) == len(lines) == 7
    assert {baseline[1] for baseline in baselines}.isdisjoint(dashes)
    assert len({tuple(dot) for dot in dots}) == len(dots) == 7


def test_a_tall_grid_fills_its_frame_and_the_window(browser, tmp_path):
    run = make_run(tmp_path / "classes", 20, ())
    images.write_png(run.sample_path(20), np.zeros((298, 148), np.uint8))
    browser.open(written(tmp_path / "page.html", [run]), DESKTOP)
    grid, frame = (
        browser.run("return document.querySelector(arguments[0]).getBoundingClientRect()", name)
        for name in (".tall .grid", ".tall")
    )
    assert grid["height"] == pytest.approx(grid["width"] * 298 / 148, abs=2)
    assert frame["width"] - grid["width"] < 30
    assert 600 < grid["height"] < DESKTOP[1] - 150


def test_a_warning_is_marked_where_it_was_given(browser, two):
    browser.open(two)
    assert browser.find(".plot .warned title").get_attribute("textContent") == (
        "warning after step 300"
    )


def test_every_control_has_a_name_and_headings_leave_out_no_level(browser, two):
    browser.open(two)
    unfold(browser)
    controls = browser.all("button, input, summary, [tabindex='0'], nav")
    assert len(controls) > 10
    assert [c.get_attribute("outerHTML") for c in controls if not c.accessible_name] == []
    levels = [int(h.tag_name[1]) for h in browser.all("h1, h2, h3, h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    images = browser.all("img")
    assert images
    assert all(image.get_attribute("alt") for image in images)
    for landmark in ("header", "main", "nav", "footer"):
        assert len(browser.all(landmark)) == 1
    assert browser.find("html").get_attribute("lang") == "en"


def test_the_tab_key_reaches_every_control_with_a_visible_focus(browser, one):
    browser.open(one)
    reached, unseen, missed = browser.tab_through()
    assert (unseen, missed) == ([], [])
    names = {place.get_attribute("id") or place.get_attribute("class") for place in reached}
    assert {"skip", "play", "step", "smooth", "chart", "scroll"} <= names


def test_without_scripts_the_newest_grids_and_the_tables_are_shown(browser, runs, two):
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(two)
        assert shown(browser, 1) == uri(runs[1], 1500)
        assert not browser.find("#player").is_displayed()
        assert "Without JavaScript" in browser.find("#samples").text
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)
