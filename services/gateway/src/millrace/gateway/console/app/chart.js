// Candles with the user's own fills as markers.
import { CandlestickSeries, createChart, createSeriesMarkers } from "../vendor/charts.js";
import { html, useEffect, useRef } from "../vendor/vendor.js";
import { call } from "./api.js";
import { onMessage, watch } from "./live.js";
import { trades } from "./state.js";

const seconds = (text) => Math.floor(Date.parse(text) / 1000);
const bar = (c) => ({ time: seconds(c.timestamp), open: +c.open, high: +c.high, low: +c.low, close: +c.close });
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function Chart({ symbol, timeframe, step, theme }) {
  const box = useRef(null);
  useEffect(() => {
    const chart = createChart(box.current, {
      autoSize: true,
      layout: { background: { color: colour("--panel") }, textColor: colour("--dim"), attributionLogo: false },
      grid: { vertLines: { color: colour("--line") }, horzLines: { color: colour("--line") } },
      timeScale: { timeVisible: true, secondsVisible: step < 60, rightOffset: 8 },
    });
    const up = colour("--up");
    const down = colour("--down");
    const series = chart.addSeries(CandlestickSeries, { upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false });
    const markers = createSeriesMarkers(series, []);
    let first = Infinity;
    let newest = 0;
    const mark = () => {
      const shown = trades.value.filter((t) => t.symbol === symbol && seconds(t.timestamp) >= first);
      markers.setMarkers(
        shown.reverse().map((t) => ({
          time: Math.floor(seconds(t.timestamp) / step) * step,
          position: t.side === "buy" ? "belowBar" : "aboveBar",
          shape: t.side === "buy" ? "arrowUp" : "arrowDown",
          color: t.side === "buy" ? up : down,
          text: t.side === "buy" ? "buy" : "sell",
        })),
      );
    };
    let ready = false;
    call(`market-data/${symbol}?timeframe=${timeframe}&limit=300`).then((found) => {
      series.setData(found.data.map(bar));
      first = found.data.length ? seconds(found.data[0].timestamp) : Infinity;
      newest = found.data.length ? seconds(found.data.at(-1).timestamp) : 0;
      ready = true;
      mark();
    });
    watch(symbol, timeframe);
    const stopMessages = onMessage((m) => {
      if (!ready || m.type !== "market_data" || m.symbol !== symbol || m.timeframe !== timeframe) return;
      const next = bar(m.data); // a candle's close may arrive just after its successor has begun
      series.update(next, next.time < newest);
      newest = Math.max(newest, next.time);
    });
    const stopTrades = trades.subscribe(() => ready && mark());
    return () => (stopMessages(), stopTrades(), chart.remove());
  }, [symbol, timeframe, theme]);
  return html`<div class="chart" role="img" aria-label=${`${symbol} candles, ${timeframe}`} ref=${box}></div>`;
}
