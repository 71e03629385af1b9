// The first screen: am I making money, is anything stuck, stop it now.
import { html, useState } from "../vendor/vendor.js";
import { Chart } from "./chart.js";
import { balance, bots, equity, feed, markets, orders, positions, trades } from "./state.js";

const number = (value, digits = 2) => Number(value ?? 0).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const tone = (value) => (Number(value) > 0 ? "up" : Number(value) < 0 ? "down" : "dim");
const signed = (value, digits = 2) => html`<span class=${tone(value)}>${Number(value) > 0 ? "▲ +" : Number(value) < 0 ? "▼ " : ""}${number(value, digits)}</span>`;
const clock = (text) => new Date(text).toISOString().slice(11, 19);
const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 };
const length = (timeframe) => parseInt(timeframe, 10) * SECONDS[timeframe.at(-1)];

function Kpi({ name, note, children }) {
  return html`<div class="panel kpi"><small>${name}</small><b>${children}</b><small>${note}</small></div>`;
}

function Table({ rows, empty, head, row }) {
  if (rows === null) return html`<p class="empty">loading …</p>`;
  if (!rows.length) return html`<p class="empty">${empty}</p>`;
  return html`<div class="scroll" tabindex="0"><table><thead><tr>${head.map(([t, n]) => html`<th class=${n ? "n" : ""}>${t}</th>`)}</tr></thead><tbody>${rows.map(row)}</tbody></table></div>`;
}

export function Dashboard({ theme }) {
  const symbols = markets.value.map((m) => m.symbol.replace("/", ""));
  const timeframes = markets.value[0]?.timeframes ?? [];
  const [symbol, setSymbol] = useState("BTCUSDT");
  const [chosen, setTimeframe] = useState("");
  const timeframe = chosen || timeframes[0];
  const running = (bots.value ?? []).filter((b) => b.status === "active").length;
  const exposure = (positions.value ?? []).reduce((sum, p) => sum + p.quantity * p.current_price, 0);
  const cash = Number(balance.value?.assets.find((a) => a.asset === "USDT")?.wallet_balance ?? 0); // until the first mark
  const working = (orders.value ?? []).filter((o) => ["pending", "open", "partially_filled"].includes(o.status));
  return html`<main id="overview">
    <section class="kpis" aria-label="summary">
      <${Kpi} name="Equity" note="USDT, paper">${number(equity.value?.equity ?? cash + exposure)}<//>
      <${Kpi} name="Today" note="since 00:00 UTC">${signed(equity.value?.day_pnl ?? 0)}<//>
      <${Kpi} name="Drawdown" note="from the peak">${number(100 * (equity.value?.drawdown ?? 0))} %<//>
      <${Kpi} name="Exposure" note=${`${(positions.value ?? []).length} open positions`}>${number(exposure)}<//>
      <${Kpi} name="Bots" note=${`${working.length} working orders`}>${running} running<//>
    </section>
    <div class="stack">
      <section class="panel"><h2>
        <select aria-label="symbol" value=${symbol} onChange=${(e) => setSymbol(e.target.value)}>${symbols.map((s) => html`<option value=${s}>${s}</option>`)}</select>
        <select aria-label="timeframe" value=${timeframe} onChange=${(e) => setTimeframe(e.target.value)}>${timeframes.map((t) => html`<option value=${t}>${t}</option>`)}</select>
        <span>recorded market, times in UTC</span></h2>
        ${timeframe && html`<${Chart} symbol=${symbol} timeframe=${timeframe} step=${length(timeframe)} theme=${theme} />`}</section>
      <section class="panel" id="bots"><h2>Bots</h2><${Table} rows=${bots.value} empty="No bots yet." head=${[["name"], ["market"], ["strategy"], ["state"], ["profit", 1]]}
        row=${(b) => html`<tr key=${b.id}><td>${b.name}</td><td>${b.symbol} ${b.timeframe}</td><td>${b.strategy}</td><td>${b.status}</td><td class="n">${signed(b.pnl)}</td></tr>`} /></section>
      <section class="panel"><h2>Last fills</h2><${Table} rows=${trades.value.slice(0, 30)} empty="Nothing has been traded yet." head=${[["time"], ["market"], ["side"], ["quantity", 1], ["price", 1], ["fee", 1], ["realised", 1]]}
        row=${(t) => html`<tr key=${t.id}><td>${clock(t.timestamp)}</td><td>${t.symbol}</td><td class=${t.side === "buy" ? "up" : "down"}>${t.side}</td><td class="n">${+t.quantity}</td><td class="n">${number(t.price)}</td><td class="n">${number(t.fee)}</td><td class="n">${signed(t.realized_pnl)}</td></tr>`} /></section>
    </div>
    <div class="stack">
      <section class="panel" id="positions"><h2>Positions</h2><${Table} rows=${positions.value} empty="No open positions." head=${[["market"], ["side"], ["size", 1], ["entry", 1], ["profit", 1]]}
        row=${(p) => html`<tr key=${p.id}><td>${p.symbol}</td><td>${p.side === "buy" ? "long" : "short"}</td><td class="n">${p.quantity}</td><td class="n">${number(p.entry_price)}</td><td class="n">${signed(p.pnl)}</td></tr>`} /></section>
      <section class="panel" id="orders"><h2>Orders</h2><${Table} rows=${orders.value} empty="No orders yet." head=${[["time"], ["market"], ["side"], ["type"], ["quantity", 1], ["state"]]}
        row=${(o) => html`<tr key=${o.id} title=${o.reason ?? ""}><td>${clock(o.created_at)}</td><td>${o.symbol.replace("/", "")}</td><td class=${o.side.toLowerCase() === "buy" ? "up" : "down"}>${o.side.toLowerCase()}</td><td>${o.order_type.toLowerCase()}</td><td class="n">${+o.quantity}</td><td>${o.status}</td></tr>`} /></section>
      <section class="panel"><h2>Events</h2>${feed.value.length ? html`<ul class="feed scroll" tabindex="0">${feed.value.map((e) => html`<li key=${e.seq}><time>${clock(e.at)}</time><span>${e.text}</span></li>`)}</ul>` : html`<p class="empty">Nothing has happened since you opened this page.</p>`}</section>
    </div>
  </main>`;
}
