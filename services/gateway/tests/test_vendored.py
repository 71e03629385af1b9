"""The console passes on the notices of what it is built from."""

import json
from importlib.resources import files

VENDOR = files("millrace.gateway").joinpath("console", "vendor")


def test_every_vendored_package_is_listed_with_its_licence() -> None:
    listed = VENDOR.joinpath("LICENSES.md").read_text()
    packages = json.loads(VENDOR.joinpath("VENDOR.json").read_text())["packages"]
    assert packages
    for name, facts in packages.items():
        assert f"## {name} {facts['version']} ({facts['license']})" in listed


def test_the_charts_are_attributed_to_their_makers_in_file_and_on_the_page() -> None:
    section = VENDOR.joinpath("LICENSES.md").read_text().split("## lightweight-charts")[1].split("## fancy-canvas")[0]
    assert "TradingView Lightweight Charts™" in section
    assert "TradingView, Inc. https://www.tradingview.com/" in section
    page = files("millrace.gateway").joinpath("console", "app", "main.js").read_text()
    assert '<a href="https://www.tradingview.com/"' in page
