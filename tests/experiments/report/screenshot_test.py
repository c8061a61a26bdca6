import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.experiments.report.pages import Page

BROWSER = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --virtual-time-budget=2000 "
    # Whatever it asked a network for would fail.
    "--proxy-server=127.0.0.1:9"
).split()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [400, 1200])
def test_browser_shows_the_page(page: Page, tmp_path: Path, width: int) -> None:
    from PIL import Image

    picture = tmp_path / "page.png"
    command = [str(BROWSER), *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}"]
    command += [f"--window-size={width},3000", f"--screenshot={picture}"]
    command += [(page.folder / "report.html").as_uri()]
    subprocess.run(
        command, check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    pixels = np.asarray(Image.open(picture).convert("RGB"), dtype=float)
    assert pixels.shape == (3000, width, 3)
    # Something is written in each 500 pixels, and drawings have colours.
    assert all(band.min() < 100 for band in np.split(pixels, 6))
    assert (np.ptp(pixels, axis=2) > 100).sum() > 1000
    # Nothing runs over the right edge: but for tables, which scroll, the last column is white.
    assert (pixels[:, -1].min(axis=1) > 200).mean() > 0.9
