"""Animations: read back frame by frame, and made by `gankit sample`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

import gankit
from gankit.errors import CheckpointError, ConfigError
from gankit.visual import animation, images, video

SUFFIXES = sorted(animation.FORMATS.keys() - {".mp4"})
"""Those that Pillow reads frame by frame."""


def noise(count, *shape):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def frames_of(path, mode="L"):
    with Image.open(path) as file:
        shown = [
            (np.asarray(frame.convert(mode)), frame.info.get("duration"))
            for frame in ImageSequence.Iterator(file)
        ]
        return [pixels for pixels, _ in shown], [time for _, time in shown], file.info.get("loop")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_grey_level_of_every_frame_is_read_back_and_the_last_frame_is_long(tmp_path, suffix):
    wanted = noise(7, 16, 17)
    wanted[3, :, :] = np.arange(272).reshape(16, 17) % 256
    path = tmp_path / f"moving{suffix}"
    assert animation.write(path, iter(wanted), fps=20) == 7
    found, times, loop = frames_of(path)
    assert len(found) == 7
    for mine, theirs in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert loop == 0
    if suffix != ".webp":  # Pillow tells no times of the pictures of one.
        assert times == [50] * 6 + [1550]


@pytest.mark.parametrize("suffix", [".webp", ".apng"])
def test_every_colour_of_every_frame_is_read_back(tmp_path, suffix):
    wanted = noise(3, 9, 8, 3)
    animation.write(tmp_path / f"a{suffix}", wanted)
    np.testing.assert_array_equal(frames_of(tmp_path / f"a{suffix}", "RGB")[0], wanted)


def test_an_unchanged_frame_is_stored_as_a_longer_frame(tmp_path):
    one, other = noise(2, 5, 5)
    animation.write(tmp_path / "a.gif", [one, one, other], fps=10)
    found, times, _ = frames_of(tmp_path / "a.gif")
    assert (len(found), times) == (2, [200, 1600])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pictures_of_another_size_are_refused_and_nothing_is_written(tmp_path, suffix):
    with pytest.raises(ConfigError, match="picture 2 has 5 x 4 pixels; expected 4 x 4"):
        animation.write(tmp_path / f"a{suffix}", [noise(1, 4, 4)[0], noise(1, 4, 5)[0]])
    assert not list(tmp_path.iterdir())


def test_no_frames_too_many_pixels_and_an_impossible_speed_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(animation, "MOST_PIXELS", 100)
    for frames, fps, said in (
        ([], 10, "no pictures"),
        (noise(7, 4, 4), 10, "100 pixels"),
        (noise(1, 4, 4), 51, "got 51"),
    ):
        with pytest.raises(ConfigError, match=said):
            animation.write(tmp_path / "a.gif", frames, fps=fps)
    assert not list(tmp_path.iterdir())


def test_a_caption_is_below_the_unchanged_picture():
    for shape in ((40, 90), (40, 90, 3)):
        picture = noise(1, *shape)[0]
        made = animation.captioned(picture, "step 1,250")
        np.testing.assert_array_equal(made[:40], picture)
        below = made[40:]
        assert below.max() > 150  # Something is written there,
        assert not below[:, 0].any()  # and not cut off.
        assert not below[:, -1].any()


def test_of_many_grids_evenly_spaced_ones_with_the_first_and_last_are_used(tmp_path):
    for step in range(0, 1100, 100):
        images.write_png(tmp_path / f"{step:06d}.png", np.full((2, 2), step // 10, np.uint8))
    for step in (999999, 1000000):
        images.write_png(tmp_path / f"{step}.png", np.full((2, 2), 7, np.uint8))
    (tmp_path / "other.png").write_bytes(b"")
    grids, there = animation.of_training(tmp_path, 4)
    assert there == 13
    assert [(step, int(grid[0, 0])) for step, grid in grids] == [
        (0, 0),
        (400, 40),
        (800, 80),
        (1000000, 7),
    ]


def test_a_folder_without_grids_and_a_damaged_one_are_named(tmp_path):
    with pytest.raises(CheckpointError, match="no grids"):
        animation.of_training(tmp_path / "nowhere")
    (tmp_path / "000001.png").write_bytes(b"\x89PNG")
    with pytest.raises(CheckpointError, match=r"000001\.png is not a complete PNG"):
        animation.of_training(tmp_path)


@pytest.fixture
def run(machine, command):
    """Return the folder of a class-conditional run of 3 epochs."""
    (machine / "tiny.toml").write_text(
        """
        backend = "numpy"
        dataset = "glyphs"
        latent = 3
        batch = 4
        epochs = 3
        steps_per_epoch = 2
        sample_every = 1
        [generator]
        layers = [{ layer = "embedding", units = 2 }, { layer = "dense", units = 784 },
                  { layer = "tanh" }, { layer = "reshape", shape = [28, 28, 1] }]
        [discriminator]
        layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
        """,
        "utf-8",
    )
    words = ["train", "--config", "tiny.toml", "--out", "run", "--no-progress"]
    assert command(*words).code == 0
    return Path("run")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_training_becomes_an_animation_of_its_grids(command, run, suffix):
    ended = command("sample", run, "--training", "--scale", 2, "--out", f"t{suffix}")
    assert (ended.code, ended.out) == (0, f"t{suffix}\n")
    found = frames_of(f"t{suffix}")[0]
    for path, frame in zip(sorted((run / "samples").iterdir()), found, strict=True):
        with Image.open(path) as picture:
            grid = images.enlarged(np.asarray(picture), 2)
        np.testing.assert_array_equal(frame[: len(grid)], grid)


def test_an_animation_interpolates_from_seed_to_seed(command, run):
    words = ["--interpolate", "1,2,1", "--steps", "3", "-n", "4", "--out", "i.webp"]
    ended = command("sample", run, *words)
    assert "5 frames" in ended.err
    found = frames_of("i.webp")[0]
    opened = gankit.load(run)
    for frame, seed in zip(found[::2], (1, 2, 1), strict=True):
        np.testing.assert_array_equal(frame, images.grid(opened.sample(4, seed)))


def test_an_interpolation_picture_has_a_row_for_each_class_and_pair_of_seeds(command, run):
    words = ["--interpolate", "1,2", "--steps", "4", "--by-class", "--scale", "1", "--out", "i.png"]
    assert command("sample", run, *words).code == 0
    opened = gankit.load(run)
    with Image.open("i.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (10 * 30 - 2, 4 * 30 - 2)
    (last,) = images.to_uint8(opened.sample(10, 2, np.arange(10)))[9:]
    np.testing.assert_array_equal(pixels[-28:, -28:], last[..., 0])


def test_truncated_samples_are_those_of_python(command, run):
    assert command("sample", run, "-n", "3", "--truncation", "0.5", "--out", "a.npy").code == 0
    wanted = gankit.load(run).sample(3, truncation=0.5)
    np.testing.assert_array_equal(np.load("a.npy", allow_pickle=False), wanted)


IMPOSSIBLE = [
    ("--training --class 3 -n 4", "remove --class, -n"),
    ("--training --out t.png", "name a .gif, .webp, .apng or .mp4 file"),
    ("--out a.gif", "is an animation"),
    ("--interpolate 1", "at least two seeds"),
    ("--interpolate 1,-2", "at least two seeds"),
    ("--interpolate 1,2 --seed 3", "remove --seed"),
    ("--interpolate 1,2 --columns 3", "remove --columns"),
    ("--interpolate 1,2 --steps 1", "from 2"),
    ("--interpolate 1,2 --steps 2000 --out a.gif", "at most 1,000"),
    ("--steps 4", "needs --interpolate"),
    ("--frames 4", "needs --training"),
    ("--fps 4", "needs an animation"),
    ("--training --fps 90", "expected 0.1 to 50"),
    ("--scale 0", "at least 1"),
    ("--scale 9999", "enlarged 9999 times"),
    ("--truncation -1", "at least 0"),
    ("--scale 2 --out a.npy", "needs an image file"),
]


def test_impossible_options_are_refused_in_one_line_and_write_nothing(command, run):
    before = sorted(Path().rglob("*"))
    for words, said in IMPOSSIBLE:
        ended = command("sample", run, *words.split())
        assert ended.code == 2, words
        assert ended.err.count("\n") == 1, words
        assert said in ended.err
    assert sorted(Path().rglob("*")) == before


@pytest.fixture
def without_imageio(monkeypatch):
    monkeypatch.setattr(video, "find_spec", lambda _: None)


@pytest.mark.usefixtures("without_imageio")
def test_a_video_without_imageio_is_refused_with_the_remedy(command, run, tmp_path):
    ended = command("sample", run, "--interpolate", "1,2", "--out", tmp_path / "a.mp4")
    assert ended.code == 2
    assert "it needs imageio; pip install 'gankit[video]', or name a .webp" in ended.err
    assert not list(tmp_path.glob("a.*"))


def decoded(path):
    """Return all bytes of a video's frames as colours, and what ffmpeg says of it."""
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    words = [ffmpeg, "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(words, capture_output=True, check=True, timeout=60)
    return np.frombuffer(done.stdout, np.uint8), done.stderr.decode()


@pytest.mark.parametrize("shape", [(24, 32), (17, 15), (24, 32, 3)])
def test_a_video_has_every_frame_nearly_as_it_is(tmp_path, shape):
    pytest.importorskip("imageio_ffmpeg")
    levels = [np.full(shape, level, np.uint8) for level in (0, 60, 128, 255)]
    assert animation.write(tmp_path / "a.mp4", iter(levels), fps=4) == 4
    height, width = (side + side % 2 for side in shape[:2])
    found, told = decoded(tmp_path / "a.mp4")
    frames = found.reshape(-1, height, width, 3).astype(int)
    for level, frame in zip((0, 60, 128, *[255] * 7), frames, strict=True):
        assert abs(frame - level).max() <= 4  # The last one stays for 1.5 seconds.
    assert "4 fps" in told
    assert f"{width}x{height}" in told


def test_a_path_between_seeds_becomes_a_video(command, run, tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / "a.mp4"
    ended = command("sample", run, "--interpolate", "1,2", "--steps", 5, "--out", path)
    assert ended.code == 0, ended.err
    found, told = decoded(path)
    assert "10 fps" in told
    assert len(np.unique(found)) > 10
