"""What can be asked for."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from millrace.backtest.domain.costs import SlippageModel
from millrace.backtest.domain.sizes import Mode
from millrace.common.web.json_body import Amount

Number = Annotated[int, Field(ge=1, lt=1 << 63)]
Status = Literal["queued", "running", "completed", "failed", "cancelled"]
Fraction = Annotated[Amount, Field(ge=0, le=Decimal("0.1"))]


class NewBacktest(BaseModel):
    """A run to be made, of a strategy by id or number, or of a built-in one by name. Costs are fractions, up to 0.1.

    `parameters` take the place of the strategy's own, one by one. `start` is in the range, `end` is not. The same
    `intent_id` again is answered with the run it has made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("", max_length=100)
    strategy_id: UUID | Number | None = None
    strategy: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    exchange: str = "binance"
    symbols: list[str] = Field(min_length=1, max_length=10)
    timeframes: list[str] = Field(["1h"], min_length=1, max_length=5)
    start: AwareDatetime
    end: AwareDatetime
    initial_capital: Annotated[Amount, Field(gt=0, le=Decimal(10**12))]
    mode: Mode = "percent_equity"
    size: Amount | None = None
    commission: Fraction = Decimal("0.001")
    slippage_model: SlippageModel = "fixed"
    slippage: Fraction = Decimal(0)
    market_impact: bool = False
    protection: Literal["close", "intrabar"] = "close"
    origin: Annotated[str, Field(max_length=40)] | None = None
    intent_id: UUID | None = None

    @model_validator(mode="after")
    def _one_strategy(self) -> "NewBacktest":
        if (self.strategy_id is None) == (self.strategy is None):
            raise ValueError("give either strategy_id or strategy")
        return self
