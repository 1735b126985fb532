"""The generator in a page: its images equal Python's, and its controls work."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.codes import Code
from gankit.conditions import Condition
from gankit.contract.latents import latents
from gankit.layers import (
    AveragePool,
    BatchNorm,
    BlurPool,
    BlurUpsample,
    ClassLogit,
    Concat,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    MinibatchStd,
    Projection,
    ReconstructionLogit,
    ReLU,
    Reshape,
    Residual,
    SelfAttention,
    Sigmoid,
    Tanh,
    Upsample,
)
from gankit.layers.specs import LAYERS, flat
from gankit.recipes import recipes
from gankit.report import explorer, render
from gankit.report.explorer_inputs import page_sources
from gankit.report.latent_directions import principal_directions
from gankit.visual.images import to_uint8
from tests.browser.chromium import PHONE
from tests.explorer_runs import (
    any_directions,
    any_sources,
    largest_difference,
    page_of,
    run_of_recipe,
    run_of_spec,
)

BOUND = 1e-4
KINDS = {
    "row": (
        Embedding(3),
        Dense(20, spectral=True),
        LeakyReLU(0.2),
        Projection(spectral=True),
        Residual((Tanh(), Dense(1), ReconstructionLogit("l1")), shortcut=(Dense(1),)),
        Dense(23),
        ClassLogit(),
        Tanh(),
        Reshape((4, 6, 1)),
    ),
    "image": (
        Dense(96),
        Reshape((6, 4, 4)),
        LayerNorm(1e-3),
        LeakyReLU(0.1),
        BlurPool(),
        BlurUpsample(),
        SelfAttention(3, spectral=True),
        Embedding(2),
        Residual(
            (Conv(8, 3, padding=1, groups=2, spectral=True), Sigmoid(), Dropout(0.3)),
            shortcut=(Conv(8, 1, bias=False), BatchNorm(0.9, 1e-3)),
        ),
        AveragePool(2),
        Upsample(2),
        ConvTranspose(4, 3, stride=2, padding=1, spectral=True),
        ReLU(),
        Conv(5, 4, stride=3, padding=2),
        Residual((Sigmoid(),)),
        InstanceNorm(1e-3),
        Tanh(),
        Concat("@13"),
        MinibatchStd(),
        Flatten(),
        Dense(36),
        Reshape((3, 4, 3)),
        Tanh(),
    ),
}
"""Generators that between them have every layer, on images of unequal sides."""
COLOURED = (
    Embedding(3),
    Dense(40),
    BatchNorm(0.9, 1e-3, conditional=True, gain=0.5),
    LeakyReLU(0.2),
    Dense(144),
    Tanh(),
    Reshape((8, 6, 3)),
)
TURNED = (
    Condition("angle", -45, 45),
    Condition("bold", 0, 1, binary=True),
    Condition("the width", 1.2, 3.6),
)
PICTURES = 12
RIGHT, LEFT, END, SPACE, BACK = "\ue014", "\ue012", "\ue010", " ", "\ue003"


@pytest.fixture
def opened(browser, tmp_path, monkeypatch):
    """Return a function that opens a page with a run's generator, nothing mounted."""
    monkeypatch.setattr(explorer, "page_sources", any_sources)

    def opened(run, network="generator", **more):
        path = tmp_path / "page.html"
        payload = explorer.payload(run, network=network, most=10**9)
        path.write_text(page_of(payload), "utf-8")
        browser.open(path, **more)
        return browser

    return opened


@pytest.mark.parametrize("name", [recipe.name for recipe in recipes()])
def test_images_of_every_recipe_equal_those_of_python(name, opened, monkeypatch):
    monkeypatch.setattr(explorer, "principal_directions", any_directions)
    run = run_of_recipe(name)
    assert largest_difference(opened(run), run) < BOUND


@pytest.mark.parametrize("inputs", [("noise", "source"), ("source", "noise")])
def test_images_of_labels_that_are_vectors_and_of_sources_equal_those_of_python(inputs, opened):
    first = (Dense(48), Reshape((8, 6, 1)), Concat(1), Flatten())
    if inputs[0] == "source":
        first = (Flatten(), Concat(1))
    run = run_of_spec(
        (*first, *COLOURED), (8, 6, 3), classes=0, conditions=TURNED,
        source="paired", source_shape=(8, 6, 1), inputs=inputs,
    )  # fmt: skip
    assert largest_difference(opened(run), run) < BOUND


@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_equals_that_of_python(kind, opened):
    run = run_of_spec(KINDS[kind], (4, 6, 1) if kind == "row" else (3, 4, 3))
    assert largest_difference(opened(run), run) < BOUND


def test_every_layer_is_in_a_tested_network():
    assert {type(layer) for spec in KINDS.values() for layer in flat(spec)} == set(LAYERS)


@pytest.mark.parametrize("seed", [0, 1, 2**53 - 1])
def test_noise_of_a_seed_equals_that_of_python(seed, opened):
    page = opened(run_of_spec(COLOURED, (8, 6, 3)))
    drawn = page.run(
        "return gankitExplorer.latents(400, 64, arguments[0], payload.stream)"
        ".map((row) => Array.from(row))",
        seed,
    )
    wanted = latents(400, 64, seed)
    np.testing.assert_allclose(drawn, wanted, atol=1e-6)
    assert np.abs(wanted).max() > 3.7  # The tail is drawn in another way.


@pytest.fixture
def run():
    return run_of_spec(COLOURED, (8, 6, 3))


@pytest.fixture
def page(opened, run):
    """Return the browser with a finished explorer."""
    return mounted(opened(run))


def mounted(page):
    page.run("gankitExplorer.mount(document.getElementById('here'), payload)")
    settled(page)
    return page


def settled(page):
    """Wait until every picture is made."""
    page.wait(
        lambda: not page.all("[aria-busy=true]") and page.all("[aria-busy=false]"), "the images"
    )


def picture(page, canvas=".explorer__picture"):
    """Return a canvas' pixels, `(height, width, 3)`."""
    settled(page)
    address = page.run("return arguments[0].toDataURL()", page.find(canvas))
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("RGB")).astype(int)


def assert_shows(page, image, canvas=".explorer__picture"):
    """Compare a canvas with an image; a value between two levels may be rounded to either."""
    assert np.abs(picture(page, canvas) - to_uint8(image).astype(int)).max() <= 1


def small(number):
    return f".explorer__small:nth-child({number + 1}) canvas"


def slider(page, number=0):
    return page.all(".explorer__range")[number]


def said(page):
    return page.find(".explorer__caption").text


def test_pictures_are_those_of_the_first_seed(page, run):
    wanted = run.sample(PICTURES, 0, 0)
    assert_shows(page, wanted[0])
    for number in range(PICTURES):
        assert_shows(page, wanted[number], small(number))
    assert said(page) == "Seed 0, image 1, class 0"
    assert "gankit sample RUN -n 12 --seed 0 --class 0" in page.find("#here").text


def test_new_makes_another_picture_and_the_old_seed_restores_the_first(page, run):
    first = picture(page)
    page.press(page.find(".explorer__main"), SPACE)
    assert said(page) == "Seed 1, image 1, class 0"
    assert_shows(page, run.sample(1, 1, 0)[0])
    assert (picture(page) != first).any()
    page.press(page.find("input[type=number]"), BACK, "0")
    np.testing.assert_array_equal(picture(page), first)


def test_an_invalid_seed_changes_nothing(page):
    first, field = picture(page), page.find("input[type=number]")
    page.press(field, BACK)
    assert field.get_attribute("aria-invalid") == "true"
    page.press(field, "-3")
    assert field.get_attribute("aria-invalid") == "true"
    np.testing.assert_array_equal(picture(page), first)
    assert said(page) == "Seed 0, image 1, class 0"


def test_a_slider_moves_all_pictures_along_its_direction_and_back(page, run):
    first = picture(page)
    page.press(slider(page, 1), *[RIGHT] * 15)
    direction = principal_directions(run, 2).vectors[1]
    noise = latents(PICTURES, 5, 0) + np.float32(1.5) * direction.astype(np.float32)
    moved = run.generator(noise.astype(np.float32), np.zeros(PICTURES, np.int64))
    assert_shows(page, moved[0])
    assert_shows(page, moved[7], small(7))
    assert (picture(page) != first).any()
    assert "+1.5" in page.find("#here").text
    label = page.find(".explorer__picture").get_attribute("aria-label")
    assert label == "Seed 0, image 1, class 0, moved along direction 2 by 1.5"
    page.all(".explorer__back")[1].click()
    np.testing.assert_array_equal(picture(page), first)


def test_reset_restores_every_direction(page):
    first, reset = picture(page), page.all(".explorer__button")[-1]
    assert not reset.is_enabled()
    page.press(slider(page, 0), END)
    page.press(slider(page, 2), RIGHT)
    assert (picture(page) != first).any()
    page.press(reset, SPACE)
    np.testing.assert_array_equal(picture(page), first)
    assert not reset.is_enabled()
    assert page.run("return document.activeElement.type") == "range"


def test_another_class_makes_another_picture(page, run):
    page.press(page.find("input[type=radio]"), RIGHT, RIGHT)
    assert said(page) == "Seed 0, image 1, class 2"
    assert_shows(page, run.sample(1, 0, 2)[0])


def test_clicking_a_small_picture_enlarges_it(page, run):
    page.press(page.all(".explorer__small")[4], SPACE)
    assert_shows(page, run.sample(5, 0, 0)[4])
    assert said(page) == "Seed 0, image 5, class 0"
    pressed = [button.get_attribute("aria-pressed") for button in page.all(".explorer__small")]
    assert pressed.index("true") == 4
    assert pressed.count("true") == 1


def test_a_saved_pictures_name_says_how_to_make_it_again(page, run, tmp_path):
    page.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.press(page.find("input[type=radio]"), RIGHT)
    settled(page)
    page.all(".explorer__button")[1].click()
    path = tmp_path / "seed-0-image-1-class-1.png"
    page.wait(path.exists, "the file that is saved")
    with Image.open(path) as saved:
        assert saved.size == (6 * 64, 8 * 64)
        pixels = np.asarray(saved.convert("RGB")).astype(int)
    squares = np.kron(to_uint8(run.sample(1, 0, 1)[0]), np.ones((64, 64, 1))).astype(int)
    assert np.abs(pixels - squares).max() <= 1


def test_every_control_has_a_name_and_is_reached_by_keyboard(page):
    reached, unseen, missed = page.tab_through()
    assert (unseen, missed) == ([], [])
    names = [control.accessible_name for control in reached]
    assert names[:PICTURES] == [f"image {i + 1}" for i in range(PICTURES)]
    assert names[PICTURES : PICTURES + 4] == ["New", "Seed", "Save PNG", "0"]
    assert [re.sub(r" [\d.]+ %", "", name) for name in names[PICTURES + 4 :]] == [
        f"Direction {i + 1}" for i in range(5)
    ]


@pytest.mark.parametrize("labels", [{"classes": 25}, {"classes": 0, "conditions": TURNED}])
def test_axe_finds_nothing_serious(opened, axe_faults, labels):
    codes = (Code("kind", "categorical", 3), Code("slant", "uniform"))
    page = mounted(opened(run_of_spec(COLOURED, (8, 6, 3), codes=codes, **labels)))
    page.press(slider(page), END)
    settled(page)
    assert axe_faults() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_report(browser, axe_faults, explored_report, scheme):
    browser.open(explored_report, prefers_color_scheme=scheme)
    settled(browser)
    assert axe_faults() == []


@pytest.fixture(scope="module")
def explored_report(tmp_path_factory):
    """Return a report that explores a small run with classes."""
    folder = tmp_path_factory.mktemp("explored")
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 6, 3), np.uint8)
    networks = COLOURED, (Flatten(), Dense(1))
    gankit.fit(
        images, *networks, labels=np.arange(20) % 3, latent=5, steps=2, batch=4,
        backend="numpy", out=folder / "run",
    )  # fmt: skip
    path = folder / "report.html"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(explorer, "principal_directions", any_directions)
        path.write_text(render([folder / "run"], explore=True), "utf-8")
    return path


def test_a_generator_without_classes_offers_none(opened):
    run = run_of_spec((Dense(144), Tanh(), Reshape((8, 6, 3))), (8, 6, 3))
    page = mounted(opened(run))
    assert page.all("input[type=radio]") == []
    assert said(page) == "Seed 0, image 1"
    assert "--class" not in page.find("#here").text
    assert_shows(page, run.sample(1, 0)[0])


def test_codes_are_chosen_and_moved(opened):
    codes = (
        Code("kind", "categorical", 3),
        Code("slant", "uniform"),
        Code("style", "normal", 2),
    )
    run = run_of_spec(COLOURED, (8, 6, 3), codes=codes)
    page = mounted(opened(run))
    zero = {"kind": 0, "slant": 0, "style": 0}
    for number, image in enumerate(run.sample(PICTURES, 0, 0, codes=zero)):
        assert_shows(page, image, small(number))
    assert said(page) == "Seed 0, image 1, class 0, kind 0, slant 0, style 0"
    page.press(page.all("input[type=radio]")[3], RIGHT, RIGHT)
    page.press(slider(page, 0), END)
    page.press(slider(page, 1), *[LEFT] * 4)
    moved = run.sample(PICTURES, 0, 0, codes={"kind": 2, "slant": 2, "style": -0.4})
    assert_shows(page, moved[0])
    assert_shows(page, moved[7], small(7))
    assert np.abs(moved[0] - run.sample(1, 0, 0, codes=zero)[0]).max() > 0.1
    assert said(page) == "Seed 0, image 1, class 0, kind 2, slant 2, style -0.4"
    command = "--seed 0 --class 0 --code kind=2 --code slant=2 --code style=-0.4"
    assert command in page.find("#here").text


def test_conditions_are_chosen_and_moved(opened):
    run = run_of_spec(COLOURED, (8, 6, 3), classes=0, conditions=TURNED)
    page = mounted(opened(run))
    middle = {"angle": 0, "bold": 0, "the width": 2.4}
    for number, image in enumerate(run.sample(PICTURES, 0, middle)):
        assert_shows(page, image, small(number))
    assert said(page) == "Seed 0, image 1, angle 0, bold 0, the width 2.4"
    page.press(page.all("input[type=radio]")[0], RIGHT)
    page.press(slider(page, 0), END)
    page.press(slider(page, 1), *[LEFT] * 3)
    moved = run.sample(PICTURES, 0, {"angle": 45, "bold": 1, "the width": 2.25})
    assert_shows(page, moved[0])
    assert_shows(page, moved[7], small(7))
    assert np.abs(moved[0] - run.sample(1, 0, middle)[0]).max() > 0.1
    assert said(page) == "Seed 0, image 1, angle 45, bold 1, the width 2.25"
    command = "--seed 0 --label angle=45 --label bold=1 --label 'the width=2.25'"
    assert command in page.find("#here").text
    page.all(".explorer__back")[1].click()
    assert said(page) == "Seed 0, image 1, angle 45, bold 1, the width 2.4"


TRANSLATING = (Conv(4, 3, padding=1), LeakyReLU(0.2), Conv(3, 1), Tanh())
ALONE = {"source": "paired", "source_shape": (8, 6, 1), "inputs": ("source",)}


def translated(run, sources):
    return run.generator(run.problem.scale(sources), None)


def test_each_image_is_that_of_a_source_beside_the_large_one(opened):
    run = run_of_spec(TRANSLATING, (8, 6, 3), classes=0, **ALONE)
    page, sources = mounted(opened(run)), any_sources(run)
    made = translated(run, sources)
    for number in range(PICTURES):
        assert_shows(page, made[number], small(number))
    assert_shows(page, made[0])
    grey = np.repeat(run.problem.scale(sources), 3, axis=3)
    assert_shows(page, grey[0], ".explorer__source")
    page.press(page.all(".explorer__small")[4], SPACE)
    assert_shows(page, made[4])
    assert_shows(page, grey[4], ".explorer__source")
    assert said(page) == "Image 5"
    assert page.all("input[type=number]") == page.all(".explorer__range") == []
    assert "gankit translate RUN" in page.find("#here").text


def test_the_button_that_opens_a_picture_is_reached_by_keyboard(opened):
    page = mounted(opened(run_of_spec(TRANSLATING, (8, 6, 3), classes=0, **ALONE)))
    reached, unseen, missed = page.tab_through()
    assert (unseen, missed) == ([], [])
    assert "Open a picture\u2026" in {control.accessible_name for control in reached}


def test_a_picture_takes_the_place_of_a_source(opened, tmp_path):
    run = run_of_spec(TRANSLATING, (8, 6, 3), classes=0, **ALONE)
    page, sources = mounted(opened(run)), any_sources(run)
    colours = np.random.default_rng(8).integers(0, 256, (8, 6, 3), np.uint8)
    Image.fromarray(colours).save(tmp_path / "mine.png")
    chooser = page.find("input[type=file]")
    page.press(page.all(".explorer__small")[2], SPACE)
    chooser.send_keys(str(tmp_path / "mine.png"))
    page.wait(lambda: said(page) == "Image 3, of mine.png", "the picture")
    grey = np.asarray(Image.fromarray(colours).convert("L"))[np.newaxis, ..., np.newaxis]
    shown = picture(page, ".explorer__source")[..., :1]
    assert np.abs(shown - grey[0].astype(int)).max() <= 1
    wanted = translated(run, shown.astype(np.uint8)[np.newaxis])[0]
    assert_shows(page, wanted)
    assert_shows(page, wanted, small(2))
    assert_shows(page, translated(run, sources)[3], small(3))
    (tmp_path / "notes.png").write_text("no picture")
    chooser.send_keys(str(tmp_path / "notes.png"))
    sentence = "notes.png is not a picture that this browser reads."
    page.wait(lambda: sentence in page.find("#here").text, "the message")
    assert said(page) == "Image 3, of mine.png"


def test_a_network_back_makes_images_of_pictures(opened):
    run = run_of_recipe("cyclegan")
    page, pictures = mounted(opened(run, "to_source")), any_sources(run, "to_source")
    made = run.networks["to_source"](run.problem.scale(pictures))
    assert np.abs(made - run.generator(run.problem.scale(pictures))).max() > 0.1
    assert_shows(page, made[0])
    assert_shows(page, made[7], small(7))
    assert_shows(page, run.problem.scale(pictures)[0], ".explorer__source")
    assert "gankit translate RUN --network to_source" in page.find("#here").text


def test_a_report_has_a_pane_for_each_network_of_images(browser, tmp_path):
    run = gankit.train(
        "cyclegan", backend="numpy", dataset="glyphs", batch=4, steps=2, out=tmp_path / "run"
    )
    path = tmp_path / "report.html"
    path.write_text(render([tmp_path / "run"], explore=True), "utf-8")
    browser.open(path)
    settled(browser)
    assert [each.text for each in browser.all(".explore-pane h3")] == ["generator", "to_source"]
    text = browser.find("#explore .note").text
    assert "the weights of the generator and the network to_source." in text
    sources, pictures = (page_sources(run, name) for name in ("generator", "to_source"))
    back = run.networks["to_source"](run.problem.scale(pictures))
    for pane, image in enumerate((translated(run, sources)[0], back[0])):
        assert_shows(browser, image, f".explore-pane:nth-child({pane + 1}) .explorer__picture")
    path.write_text(render([tmp_path / "run"], explore=True, network="to_source"), "utf-8")
    browser.open(path)
    assert browser.all(".explore-pane h3") == []
    assert_shows(browser, back[0])


def test_a_large_picture_is_cut_and_scaled(opened, tmp_path):
    run = run_of_spec(TRANSLATING, (8, 6, 3), classes=0, **ALONE)
    page = mounted(opened(run))
    drawn = np.zeros((400, 600), np.uint8)
    drawn[:, 300:] = 255  # The right half is white: so is that of what remains of the width.
    Image.fromarray(drawn).save(tmp_path / "half.png")
    page.find("input[type=file]").send_keys(str(tmp_path / "half.png"))
    page.wait(lambda: said(page) == "Image 1, of half.png", "the picture")
    shown = picture(page, ".explorer__source")[..., 0]
    assert shown[:, :2].max() < 16
    assert shown[:, 4:].min() > 239


def test_many_classes_are_a_list(opened):
    run = run_of_spec(COLOURED, (8, 6, 3), classes=25)
    page = mounted(opened(run))
    page.find("select").send_keys("17")
    assert said(page) == "Seed 0, image 1, class 17"
    assert_shows(page, run.sample(1, 0, 17)[0])


def test_two_explorers_of_a_page_are_independent(page):
    page.run(
        "const other = document.createElement('div'); other.id = 'other';"
        "document.body.append(other); gankitExplorer.mount(other, payload)"
    )
    first = picture(page)
    page.press(page.all("#other input[type=radio]")[0], RIGHT)
    page.press(page.all("#other .explorer__range")[0], END)
    np.testing.assert_array_equal(picture(page), first)
    assert page.all("input[type=radio]")[0].is_selected()
    ids = [each.get_attribute("id") for each in page.all("[id]")]
    assert len(ids) == len(set(ids))


def test_it_fits_on_a_phone(opened, run):
    page = mounted(opened(run, size=PHONE))
    assert page.run("return document.documentElement.scrollWidth") <= PHONE[0]


def test_a_report_explores_the_run_that_it_is_about(browser, tmp_path):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (20, 28, 28, 1), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images, labels=np.arange(20) % 10)
    run = gankit.train(
        "cgan",
        backend="numpy",
        dataset=str(tmp_path / "images.npz"),
        batch=4,
        steps=2,
        out=tmp_path / "run",
    )
    path = tmp_path / "report.html"
    path.write_text(render([tmp_path / "run"], explore=True), "utf-8")
    assert path.stat().st_size < 10_000_000
    browser.open(path)
    assert_shows(browser, run.sample(1, 0, 0)[0])
    browser.press(browser.find(".explorer__root input[type=radio]"), RIGHT)
    assert_shows(browser, run.sample(1, 0, 1)[0])


def test_nothing_is_fetched(page):
    page.press(page.find(".explorer__main"), SPACE)
    settled(page)
    assert {address.partition(":")[0] for address in page.requests()} <= {"file", "data"}
    assert page.run("return performance.getEntriesByType('resource').length") == 0
