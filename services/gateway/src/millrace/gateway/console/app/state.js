// What the dashboard shows, kept fresh by the event stream and by asking again when it says that something changed.
import { signal } from "../vendor/vendor.js";
import { call } from "./api.js";
import { onMessage } from "./live.js";

export const bots = signal(null);
export const positions = signal(null);
export const balance = signal(null);
export const orders = signal(null);
export const trades = signal([]);
export const equity = signal(null);
export const feed = signal([]);
export const markets = signal([]);
export const killed = signal([]);

const parts = {
  bots: async () => (bots.value = (await call("/console/api/bots?limit=100")).items),
  positions: async () => (positions.value = (await call("trading/positions?limit=100")).positions),
  balance: async () => (balance.value = await call("portfolio/balance")),
  orders: async () => (orders.value = (await call("/console/api/orders?limit=50")).items),
  trades: async () => (trades.value = (await call("/console/api/trades?limit=100")).items),
  killed: async () => (killed.value = (await call("risk/kill")).items),
};
const wanted = new Set();
let busy = false;

async function refresh() {
  if (busy) return;
  busy = true;
  while (wanted.size) {
    const names = [...wanted];
    wanted.clear();
    await Promise.allSettled(names.map((name) => parts[name]()));
    await new Promise((done) => setTimeout(done, 500));
  }
  busy = false;
}

export function want(...names) {
  for (const name of names) wanted.add(name);
  refresh();
}

const money = (text) => Number(text).toLocaleString("en", { maximumFractionDigits: 2 });
const words = {
  fill_booked: (e) => `${e.side} ${+e.quantity} ${e.symbol} at ${money(e.price)}`,
  order_updated: (e) => (e.state === "refused" || e.state === "cancelled" ? `order ${e.state}${e.reason ? `: ${e.reason}` : ""}` : null),
  signal_raised: (e) => `${e.bot} wants to ${e.side} ${e.symbol}: ${e.reason}`,
  bot_changed: (e) => `bot ${e.name} is ${e.status}`,
  kill_switch_changed: (e) => (e.active ? `trading stopped (${e.scope}): ${e.reason}` : `trading allowed again (${e.scope})`),
  alert_raised: (e) => (e.alert_type === "kill_switch" ? null : e.message),
  bot_held: (e) => `bot ${e.name} is held by an administrator: ${e.reason}`,
};

onMessage((message) => {
  if (message.type !== "event") return;
  const event = message.data;
  if (event.kind === "equity_marked") {
    if (event.currency === "USDT") equity.value = event; // the account on luno counts in rand
    want("balance", "positions", "bots");
  }
  if (event.kind === "fill_booked") want("trades", "positions", "balance", "bots");
  if (event.kind === "order_updated") want("orders");
  if (event.kind === "bot_changed") want("bots");
  if (event.kind === "kill_switch_changed") want("killed", "orders");
  const text = words[event.kind]?.(event);
  if (text) feed.value = [{ at: event.at, text, seq: message.seq }, ...feed.value].slice(0, 60);
});

export async function load() {
  want(...Object.keys(parts));
  try {
    markets.value = (await call("/console/api/markets?exchange=binance")).items;
  } catch {
    setTimeout(load, 2000);
  }
}
