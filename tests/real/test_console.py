"""The page a newcomer sees, in Chromium: live, complete, and without a complaint of the browser."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import PATIENCE, Started, free_port, seconds_to_health
from tests.real.browser import Page, chromium

ROOT = Path(__file__).parent.parent.parent
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@dataclass(slots=True)
class Desk:
    """A platform, its process, and a browser that has opened the one-time link."""

    platform: Started
    told: dict[str, Any]
    begun: float
    page: Page

    def rows(self, heading: str) -> str:
        """An expression: how many rows the table under a heading has."""
        panels = "[...document.querySelectorAll('section.panel')]"
        table = f"{panels}.find(p => p.querySelector('h2')?.textContent === '{heading}')"
        return f"({table}?.querySelectorAll('tbody tr').length ?? 0)"


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """`millrace up` on a fresh folder, and its link opened. Tokens are short, so that the page must renew them."""
    folder = tmp_path_factory.mktemp("console") / "data"
    command = ["up", "--port", str(free_port()), "--data-dir", str(folder), "-o", "json"]
    async with chromium() as page:
        begun = time.monotonic()
        with Started(*command, MILLRACE_AUTH_ACCESS_SECONDS="20") as platform:
            told = json.loads(platform.line())
            await page.size(1440, 900)
            await page.prefer("dark")
            await page.open(told["sign_in"])
            yield Desk(platform, told, begun, page)


async def test_a_newcomer_sees_bots_trade_within_a_minute_of_the_start(desk: Desk) -> None:
    page = desk.page
    await page.until("!!document.querySelector('.chart canvas')")
    await page.until("document.querySelector('#link').textContent.trim() === 'live'")
    assert await page.value("location.search") == ""
    await page.until(f"{desk.rows('Bots')} === 4")
    await page.until(f"{desk.rows('Last fills')} > 0", 120)
    seconds = time.monotonic() - desk.begun
    print(f"the first fill was on the page {seconds:.1f} s after the start")
    assert seconds < 60 * PATIENCE
    await page.until("document.querySelector('#orders td.up')?.textContent === 'buy'")
    await page.until(f"{desk.rows('Positions')} > 0")
    await page.until(f"{desk.rows('Orders')} > 0")
    await page.until("document.querySelectorAll('.feed li').length > 0")
    equity = await page.value("document.querySelector('.kpi b').textContent")
    assert 9_000 < float(equity.replace(",", "")) < 11_000


async def test_candles_move_while_one_looks(desk: Desk) -> None:
    page = desk.page
    before = len(page.frames)
    await page.until("document.querySelector('#link').textContent.trim() === 'live'")
    picture = await page.value(_PICTURE)
    await page.until(f"{_PICTURE} !== {json.dumps(picture)}", 10)
    market = [f for f in page.frames[before:] if f["type"] == "market_data"]
    assert {f["symbol"] for f in market} == {"BTCUSDT"}


_PICTURE = "[...document.querySelectorAll('.chart canvas')].map(c => c.toDataURL()).join().length"


async def test_another_market_and_timeframe_can_be_chosen(desk: Desk) -> None:
    page = desk.page
    for name, chosen in (("symbol", "ETHUSDT"), ("timeframe", "1m")):
        select = f"document.querySelector('select[aria-label={name}]')"
        await page.value(f"{select}.value = '{chosen}'; {select}.dispatchEvent(new Event('change', {{bubbles: true}}))")
    await page.until("document.querySelector('.chart').getAttribute('aria-label') === 'ETHUSDT candles, 1m'")
    seen = len(page.frames)
    await page.until("document.querySelectorAll('.chart canvas').length > 0")
    while not any(f["type"] == "market_data" and f["symbol"] == "ETHUSDT" for f in page.frames[seen:]):
        await page.until("true")


async def test_the_page_fits_a_telephone_and_both_colour_schemes(desk: Desk) -> None:
    page = desk.page
    colours = []
    for scheme in ("light", "dark"):
        await page.prefer(scheme)
        for width in (390, 1440):
            await page.size(width, 844)
            await page.until("document.documentElement.scrollWidth <= innerWidth", 5)
        await page.click("[aria-label='switch theme']")
        colours.append(await page.value("getComputedStyle(document.body).backgroundColor"))
    assert len(set(colours)) == 2


async def test_the_kill_switch_asks_stops_and_lets_go(desk: Desk) -> None:
    page = desk.page
    await page.size(1440, 900)
    await page.click("#kill")
    await page.until("document.querySelector('dialog').open")
    assert await page.value("document.querySelector('#kill-confirm').disabled")
    await page.write("#kill-word", "STOP")
    await page.until("!document.querySelector('#kill-confirm').disabled")
    await page.click("#kill-confirm")
    await page.until("document.querySelector('#kill').textContent.includes('stopped')")
    await page.until("[...document.querySelectorAll('.feed li')].some(l => l.textContent.includes('trading stopped'))")
    await page.click("#kill")
    await page.until("document.querySelector('dialog').open")
    await page.click("#kill-confirm")
    await page.until("document.querySelector('#kill').textContent.includes('Stop trading')")


async def test_the_page_outlives_its_token(desk: Desk) -> None:
    page = desk.page
    assert await page.value("document.querySelector('#link') !== null")
    while time.monotonic() - desk.begun < 45:  # two tokens long
        await page.until("true")
        await asyncio.sleep(0.5)
    seen = len(page.frames)
    await page.until("document.querySelector('#link').textContent.trim() === 'live'")
    while len(page.frames) == seen:
        await page.until("true")


async def test_the_browser_had_nothing_to_complain_about(desk: Desk) -> None:
    assert desk.page.problems == []
    if file := os.environ.get("MILLRACE_TEST_SCREENSHOT"):
        await desk.page.prefer("dark")
        await desk.page.size(1440, 1000)
        await desk.page.open(desk.told["address"])
        await desk.page.until(f"{desk.rows('Positions')} > 0 && {desk.rows('Last fills')} > 5", 120)
        await desk.page.until("document.querySelectorAll('.feed li').length > 3", 60)
        await desk.page.screenshot(ROOT / file)


async def test_the_page_comes_back_to_life_after_a_restart(desk: Desk) -> None:
    page = desk.page
    desk.platform.stop()
    await page.until("document.querySelector('#link').textContent.startsWith('offline')", 20)
    command = ["up", "--port", desk.told["address"].rsplit(":", 1)[1], "--data-dir", desk.told["data_dir"]]
    with Started(*command) as platform:
        await seconds_to_health(desk.told["address"], time.monotonic())
        await page.until("document.querySelector('#link').textContent.trim() === 'live'", 40)
        seen = len(page.frames)
        await page.until("document.querySelectorAll('.feed li').length > 0")
        while not any(f["type"] == "event" for f in page.frames[seen:]):
            await page.until("true")
        assert platform.stop().code == 0
