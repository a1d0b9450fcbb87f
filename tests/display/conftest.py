"""What the tests of the displays share."""

import shutil

import pytest

from sklearn_m3l import M3LContrastTopicModel


@pytest.fixture(scope="session")
def small_model(small_multiview):
    # Trained topics: words of sampled ones are often equally likely.
    model = M3LContrastTopicModel(3, init="random", max_iter=20, random_state=0)
    return model.fit(small_multiview)


@pytest.fixture(scope="session")
def browser():
    """Return a headless Chromium, driven by Selenium."""
    from selenium import webdriver

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs Debian's packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1300,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as chrome:
        chrome.set_script_timeout(120)  # axe-core takes long on a busy machine
        yield chrome
