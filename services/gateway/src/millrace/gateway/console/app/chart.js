// Candles with the user's own fills as markers.
import { CandlestickSeries, createChart, createSeriesMarkers } from "../vendor/charts.js";
import { html, useEffect, useRef } from "../vendor/vendor.js";
import { call } from "./api.js";
import { link, onMessage, watch } from "./live.js";
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
    const bars = new Map();
    let first = Infinity;
    let newest = 0;
    let gone = false;
    const mark = () => {
      if (!bars.size) return;
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
    const draw = () => {
      const sorted = [...bars.values()].sort((a, b) => a.time - b.time);
      series.setData(sorted);
      first = sorted[0]?.time ?? Infinity;
      newest = sorted.at(-1)?.time ?? 0;
      mark();
    };
    const fetchBars = async () => {
      try {
        const found = await call(`market-data/${symbol}?timeframe=${timeframe}&limit=300`);
        if (gone) return;
        for (const each of found.data.map(bar)) bars.set(each.time, each);
        draw();
      } catch {
        if (!gone) setTimeout(fetchBars, 2000);
      }
    };
    watch(symbol, timeframe);
    const stopMessages = onMessage((m) => {
      if (!bars.size || m.type !== "market_data" || m.symbol !== symbol || m.timeframe !== timeframe) return;
      const next = bar(m.data); // a candle's close may arrive just after its successor has begun
      const known = bars.has(next.time);
      bars.set(next.time, next);
      if (next.time < newest && !known) return draw();
      series.update(next, next.time < newest);
      newest = Math.max(newest, next.time);
    });
    const stopTrades = trades.subscribe(mark);
    let here = false;
    const stopLink = link.subscribe((state) => {
      if (state === "live" || !here) fetchBars(); // at first, and for what was missed while away
      here = true;
    });
    return () => ((gone = true), stopMessages(), stopTrades(), stopLink(), chart.remove());
  }, [symbol, timeframe, theme]);
  return html`<div class="chart" role="img" aria-label=${`${symbol} candles, ${timeframe}`} ref=${box}></div>`;
}
