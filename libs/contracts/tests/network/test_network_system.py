"""The platform, its exchanges and the mode of trading in contract network."""

from datetime import UTC, datetime
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds, without
from libs.contracts.tests.samples import sample
from millrace.contracts.canonical.accounts import CheckKeys
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.system import Platform, PlatformHealth, PlatformsHealth, SystemStatus, TradingMode
from millrace.contracts.network import DIALECT

NETWORK = Desk(DIALECT, "/api/")
PING, STATUS = "GET system/ping", "GET system/status"
MODE, SET_MODE = "GET system/mode", "POST system/mode"
PLATFORMS, HEALTH, PROVIDERS = "GET system/platforms", "GET platforms/health", "GET providers"
KEYS = "POST keys/test"
NOW = "2026-01-02T03:04:05Z"
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
GIVEN: dict[str, Any] = {"provider": "luno", "api_key": "key", "api_secret": "secret", "passphrase": ""}
LUNO: dict[str, Any] = {
    "id": "luno",
    "name": "Luno",
    "enabled": True,
    "bot_limit": 5,
    "supports_paper": True,
    "supports_live": True,
    "icon": "🇿🇦",
    "logo": "",
    "color": "#3861FB",
    "region": "ZA",
    "required_fields": ("api_key", "api_secret"),
    "description": "Luno cryptocurrency exchange",
}


def platform(**changes: Any) -> Platform:
    """The document's own exchange, with changes."""
    return sample(Platform, **{**LUNO, **changes})


def health(**changes: Any) -> dict[str, Any]:
    """How an exchange is told to be."""
    found = PlatformsHealth(items={"luno": PlatformHealth(**changes)})
    return dict(NETWORK.answers(HEALTH, found)["platforms"]["luno"])


@pytest.mark.parametrize("ask", [PING, STATUS, MODE, PLATFORMS, HEALTH, PROVIDERS])
def test_a_question_about_the_platform_is_asked_without_a_word(ask: str) -> None:
    view = NETWORK.row(ask).view
    assert NETWORK.asks(ask) == Nothing()
    assert (view.query, view.body) == (None, None)


def test_a_ping_is_answered_with_the_time_it_is() -> None:
    assert NETWORK.answers(PING, at=NEW_YEAR) == {"status": "ok", "timestamp": NOW}


def test_a_status_is_told_as_in_the_document() -> None:
    found = SystemStatus(bots_active=5, bots_total=10)
    assert NETWORK.answers(STATUS, found) == {
        "success": True,
        "status": {
            "database": "connected",
            "websocket": "active",
            "sse": "active",
            "api": "operational",
            "bots_active": 5,
            "bots_total": 10,
        },
        "timestamp": NOW,
    }


def test_what_is_not_well_is_told_in_its_own_word() -> None:
    told = NETWORK.answers(STATUS, SystemStatus(database="disconnected", api="degraded"))["status"]
    assert (told["database"], told["api"], told["bots_active"], told["bots_total"]) == (
        "disconnected",
        "degraded",
        0,
        0,
    )


@pytest.mark.parametrize(
    ("mode", "flags"),
    [("testing", (True, False, False)), ("live_trading", (False, True, False)), ("autopilot", (False, False, True))],
)
def test_a_mode_is_told_with_what_it_means(mode: Any, flags: tuple[bool, bool, bool]) -> None:
    paper, live, autopilot = flags
    assert NETWORK.answers(MODE, TradingMode(mode=mode)) == {
        "success": True,
        "mode": mode,
        "paper_trading": paper,
        "live_trading": live,
        "autopilot": autopilot,
    }
    assert NETWORK.answers(SET_MODE, TradingMode(mode=mode)) == {"success": True, "mode": mode}


@pytest.mark.parametrize(
    ("written", "mode"),
    [
        ("testing", "testing"),
        ("live_trading", "live_trading"),
        ("autopilot", "autopilot"),
        ("LIVE_TRADING", "live_trading"),
        (" Autopilot ", "autopilot"),
    ],
)
def test_a_mode_is_set_in_any_case(written: str, mode: Any) -> None:
    assert NETWORK.asks(SET_MODE, {"mode": written}) == TradingMode(mode=mode)


@pytest.mark.parametrize(
    "told", [{}, {"mode": "live"}, {"mode": ""}, {"mode": None}, {"mode": True}, {"mode": ["testing"]}]
)
def test_a_mode_is_one_of_three(told: dict[str, Any]) -> None:
    assert NETWORK.wrong(SET_MODE, told) == ["mode"]


def test_flags_do_not_set_a_mode() -> None:
    told = {"mode": "testing", "live_trading": True, "autopilot": True, "user_id": "7"}
    assert NETWORK.asks(SET_MODE, told) == TradingMode(mode="testing")


def test_platforms_are_told_as_in_the_document() -> None:
    assert NETWORK.answers(PLATFORMS, items=(platform(),)) == {
        "platforms": [
            {
                "id": "luno",
                "name": "Luno",
                "display_name": "Luno",
                "enabled": True,
                "bot_limit": 5,
                "supports_paper": True,
                "supports_live": True,
                "icon": "🇿🇦",
                "color": "#3861FB",
                "region": "ZA",
            }
        ],
        "total_count": 1,
        "default": "all",
        "timestamp": NOW,
    }


@pytest.mark.parametrize("count", [0, 1, 5])
def test_platforms_are_counted(count: int) -> None:
    body = NETWORK.answers(PLATFORMS, items=tuple(platform(id=f"p{n}") for n in range(count)))
    assert (body["total_count"], len(body["platforms"])) == (count, count)


def test_a_platform_that_is_off_says_so() -> None:
    (told,) = NETWORK.answers(PLATFORMS, items=(platform(enabled=False, supports_live=False, bot_limit=0),))[
        "platforms"
    ]
    assert (told["enabled"], told["supports_live"], told["bot_limit"]) == (False, False, 0)
    assert {kinds(told)[name] for name in ("enabled", "supports_paper", "supports_live")} == {"bool"}


def test_healths_are_told_as_in_the_document() -> None:
    luno = PlatformHealth(status="operational", has_keys=True, keys_valid=True, last_check=NEW_YEAR, latency_ms=45)
    found = PlatformsHealth(items={"luno": luno, "binance": PlatformHealth()})
    assert NETWORK.answers(HEALTH, found) == {
        "success": True,
        "platforms": {
            "luno": {
                "status": "operational",
                "has_keys": True,
                "keys_valid": True,
                "last_check": "2024-01-01T00:00:00Z",
                "api_latency_ms": 45,
            },
            "binance": {"status": "not_configured", "has_keys": False, "keys_valid": None, "last_check": None},
        },
    }


@pytest.mark.parametrize(("measured", "shown"), [(0.0, 0.0), (45.12345, 45.123), (1e6, 1e6)])
def test_a_latency_is_told_as_it_was_measured(measured: float, shown: float) -> None:
    assert health(latency_ms=measured)["api_latency_ms"] == shown


@pytest.mark.parametrize("valid", [True, False, None])
def test_keys_are_good_or_bad_or_nobody_knows(valid: bool | None) -> None:
    told = health(status="operational", has_keys=True, keys_valid=valid)
    assert told["keys_valid"] is valid
    assert "api_latency_ms" not in told


def test_no_exchange_is_an_empty_object() -> None:
    assert NETWORK.answers(HEALTH, PlatformsHealth()) == {"success": True, "platforms": {}}


def test_providers_are_told_as_in_the_document() -> None:
    assert NETWORK.answers(PROVIDERS, items=(platform(),)) == {
        "success": True,
        "providers": [
            {
                "id": "luno",
                "type": "exchange",
                "display_name": "Luno",
                "required_fields": ["api_key", "api_secret"],
                "icon": "luno.svg",
                "description": "Luno cryptocurrency exchange",
            }
        ],
    }
    assert NETWORK.answers(PROVIDERS, items=()) == {"success": True, "providers": []}


def test_a_provider_may_need_a_passphrase_and_have_a_picture_of_its_own() -> None:
    fields = ("api_key", "api_secret", "passphrase")
    (told,) = NETWORK.answers(PROVIDERS, items=(platform(required_fields=fields, logo="kucoin.png"),))["providers"]
    assert (told["required_fields"], told["icon"]) == (list(fields), "kucoin.png")


def test_keys_are_read_as_the_document_writes_them() -> None:
    assert NETWORK.asks(KEYS, GIVEN) == CheckKeys(exchange="luno", api_key="key", api_secret="secret", passphrase=None)
    assert NETWORK.asks(KEYS, without(GIVEN, "passphrase")) == NETWORK.asks(KEYS, GIVEN)


@pytest.mark.parametrize("written", [" Kucoin ", "KUCOIN", "kucoin"])
def test_an_exchange_is_named_in_any_case_and_a_passphrase_kept(written: str) -> None:
    command = NETWORK.asks(KEYS, {**GIVEN, "provider": written, "passphrase": " p "})
    assert command.exchange == "kucoin"
    assert command.passphrase is not None
    assert command.passphrase.get_secret_value() == " p "


def test_keys_are_never_written_out() -> None:
    command = NETWORK.asks(KEYS, {**GIVEN, "api_key": "AKIA", "api_secret": "hush", "passphrase": "psst"})
    text = f"{command!r} {command} {command.model_dump_json()}"
    assert [word for word in ("AKIA", "hush", "psst") if word in text] == []


@pytest.mark.parametrize("name", ["provider", "api_key", "api_secret"])
def test_what_a_check_cannot_do_without_must_be_there(name: str) -> None:
    assert NETWORK.wrong(KEYS, without(GIVEN, name)) == [name]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"provider": ""}, "provider"),
        ({"provider": " "}, "provider"),
        ({"provider": "x" * 41}, "provider"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "x" * 4097}, "api_key"),
        ({"api_secret": ""}, "api_secret"),
        ({"api_secret": "x" * 4097}, "api_secret"),
        ({"api_secret": 5}, "api_secret"),
        ({"passphrase": "x" * 4097}, "passphrase"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_keys_are_bounded(told: dict[str, Any], field: str) -> None:
    assert NETWORK.wrong(KEYS, {**GIVEN, **told}) == [field]


def test_good_keys_are_told_as_in_the_document() -> None:
    assert NETWORK.answers(KEYS, exchange="luno") == {
        "success": True,
        "message": "API keys are valid",
        "provider": "luno",
    }
