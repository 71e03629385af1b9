"""Everything the platform can be asked through the contracts: what each operation takes and what it answers.

Rows of the table name these operations; the gateway has one handler for each. Neither knows the other.
"""

from collections.abc import Mapping
from typing import Any

from millrace.contracts.canonical import accounts, bots, market, performance, research, risk, system, trading, users
from millrace.contracts.canonical.frame import ById, Done, Listing, Nothing, Page, Terminated

Kinds = tuple[Any, Any]

_AUTH: Mapping[str, Kinds] = {
    "auth.register": (users.Register, users.SignedIn),
    "auth.login": (users.Login, users.SignedIn),
    "auth.refresh": (users.Refresh, users.SignedIn),
    "auth.logout": (users.Logout, Done),
    "auth.me": (Nothing, users.User),
    "auth.update_me": (users.UpdateUser, users.User),
    "auth.sessions": (Nothing, users.Sessions),
    "auth.terminate_session": (ById, Done),
    "auth.request_reset": (users.RequestReset, Done),
    "auth.complete_reset": (users.CompleteReset, Done),
    "auth.enroll_two_factor": (Nothing, users.TwoFactorSecret),
    "auth.verify_two_factor": (users.VerifyTwoFactor, Done),
    "users.list": (Listing, Page[users.User]),
}
_BOTS: Mapping[str, Kinds] = {
    "bots.list": (bots.ListBots, Page[bots.Bot]),
    "bots.create": (bots.CreateBot, bots.Bot),
    "bots.get": (ById, bots.Bot),
    "bots.update": (bots.UpdateBot, bots.Bot),
    "bots.change": (bots.ChangeBot, bots.Bot),
    "bots.delete": (ById, Done),
    "bots.hold": (ById, bots.Bot),
    "bots.connect": (bots.LinkAccount, bots.Bot),
    "bots.disconnect": (bots.LinkAccount, bots.Bot),
    "bots.terminate": (ById, Terminated),
    "bots.accounts": (ById, accounts.Accounts),
    "bots.performance": (ById, performance.Periods),
    "strategies.list": (bots.ListStrategies, Page[bots.Strategy]),
    "strategies.create": (bots.CreateStrategy, bots.Strategy),
    "strategies.update": (bots.UpdateStrategy, bots.Strategy),
    "strategies.start": (ById, bots.Strategy),
    "strategies.stop": (ById, bots.Strategy),
    "signals.take": (trading.Signal, trading.Executed),
    "signals.ready": (Nothing, Done),
}
_ACCOUNTS: Mapping[str, Kinds] = {
    "accounts.create": (accounts.CreateAccount, accounts.Account),
    "accounts.list": (Listing, Page[accounts.Account]),
    "accounts.get": (ById, accounts.Account),
    "accounts.set_credentials": (accounts.SetCredentials, accounts.Account),
    "accounts.sync": (ById, accounts.Account),
    "accounts.performance": (performance.AskPerformance, performance.Performance),
    "accounts.delete": (ById, Done),
    "accounts.assign_group": (accounts.AssignGroup, accounts.Account),
    "accounts.terminate": (ById, Terminated),
    "accounts.check_keys": (accounts.CheckKeys, accounts.KeysChecked),
    "groups.list": (Listing, Page[accounts.Group]),
    "groups.get": (ById, accounts.Group),
    "groups.create": (accounts.SetGroup, accounts.Group),
    "groups.update": (accounts.SetGroup, accounts.Group),
    "groups.delete": (ById, Done),
    "groups.performance": (performance.AskPerformance, performance.Performance),
    "groups.metrics": (ById, accounts.GroupMetrics),
    "groups.history": (accounts.AskHistory, accounts.GroupHistory),
    "groups.add": (accounts.GroupMembers, accounts.MembersChanged),
    "groups.remove": (accounts.GroupMembers, accounts.MembersChanged),
    "groups.execute": (trading.ExecuteForGroup, trading.Executed),
}
_TRADING: Mapping[str, Kinds] = {
    "orders.place": (trading.PlaceOrder, trading.Order),
    "orders.list": (trading.ListOrders, Page[trading.Order]),
    "orders.get": (ById, trading.Order),
    "orders.cancel": (trading.CancelOrder, trading.Cancelled),
    "positions.list": (trading.ListPositions, Page[trading.Position]),
    "positions.close": (trading.ClosePosition, trading.Order),
    "trades.list": (trading.ListTrades, Page[trading.Trade]),
    "portfolio.balance": (Nothing, accounts.PortfolioBalance),
    "portfolio.performance": (performance.AskPerformance, performance.Performance),
    "portfolio.overview": (Nothing, performance.Overview),
    "wallet.balances": (Nothing, accounts.Wallets),
    "wallet.transfers": (Nothing, accounts.Transfers),
    "wallet.transfer": (accounts.RequestTransfer, accounts.Transfer),
    "risk.limits": (risk.ListLimits, risk.RiskLimits),
    "risk.create_limit": (risk.CreateLimit, risk.RiskLimit),
    "risk.update_limit": (risk.UpdateLimit, risk.RiskLimit),
    "risk.set_limits": (risk.SetLimits, risk.RiskLimits),
    "risk.events": (risk.ListRiskEvents, Page[risk.RiskEvent]),
}
_MARKET: Mapping[str, Kinds] = {
    "market.ticker": (market.AskMarket, market.Ticker),
    "market.candles": (market.ListCandles, market.Candles),
    "market.book": (market.AskMarket, market.Book),
    "market.symbols": (market.ListMarkets, market.Markets),
}
_SYSTEM: Mapping[str, Kinds] = {
    "system.ping": (Nothing, Done),
    "system.health": (Nothing, system.Health),
    "system.status": (Nothing, system.SystemStatus),
    "system.mode": (Nothing, system.TradingMode),
    "system.set_mode": (system.TradingMode, system.TradingMode),
    "system.platforms": (Nothing, system.Platforms),
    "system.platforms_health": (Nothing, system.PlatformsHealth),
    "system.metrics": (system.AskMetrics, system.MetricReadings),
    "system.alerts": (risk.ListAlerts, Page[risk.SystemAlert]),
    "cache.read": (Nothing, research.Cache),
    "cache.delete": (research.DeleteKeys, research.KeysDeleted),
    "jobs.read": (Nothing, research.Jobs),
    "jobs.create": (research.CreateJob, research.Job),
}
_RESEARCH: Mapping[str, Kinds] = {
    "assistant.say": (system.Say, system.Reply),
    "assistant.history": (system.AskConversation, system.Conversation),
    "assistant.greeting": (Nothing, system.Greeting),
    "assistant.clear": (Nothing, Done),
    "backtests.create": (research.CreateBacktest, research.Backtest),
    "backtests.list": (research.ListBacktests, Page[research.Backtest]),
    "backtests.get": (ById, research.Backtest),
    "backtests.delete": (ById, Done),
    "models.list": (research.ListModels, Page[research.Model]),
    "models.train": (research.TrainModel, research.Training),
    "predictions.list": (research.ListPredictions, research.Predictions),
}

OPERATIONS: Mapping[str, Kinds] = {
    **_AUTH, **_BOTS, **_ACCOUNTS, **_TRADING, **_MARKET, **_SYSTEM, **_RESEARCH,
}  # fmt: skip
"""(command, result) of each operation, by its name."""
