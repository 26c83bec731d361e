import numpy as np
import PIL.Image

from export.calibration_images import generate_images
from export.changed_views import change_at_random


def test_views_depend_on_the_seed_alone_and_are_rgb_images() -> None:
    image = generate_images(1)[0]
    before = image.copy()
    views = [change_at_random(image, np.random.default_rng(seed)) for seed in range(40)]
    for seed, view in enumerate(views):
        assert view.mode == "RGB"
        assert min(view.size) >= 1
        assert view == change_at_random(image, np.random.default_rng(seed))
    assert image == before
    assert len({view.tobytes() for view in views}) > 30


def test_images_of_a_few_pixels_can_be_changed() -> None:
    for size in ((1, 1), (1, 9), (300, 2)):
        for seed in range(40):
            view = change_at_random(PIL.Image.new("RGB", size), np.random.default_rng(seed))
            assert min(view.size) >= 1
