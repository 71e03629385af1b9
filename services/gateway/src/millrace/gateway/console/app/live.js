// One WebSocket: authenticate, subscribe, resume by sequence number after a cut.
import { signal } from "../vendor/vendor.js";
import { accessToken, renew, user } from "./api.js";

export const link = signal("offline");
export const heard = signal(0);
const EXPIRED = 4401;
const listeners = new Set();
let socket = null;
let last = null;
let delay = 500;
let market = null;

export const onMessage = (listener) => (listeners.add(listener), () => listeners.delete(listener));

export function watch(symbol, timeframe) {
  if (socket?.readyState === 1) {
    if (market) socket.send(JSON.stringify({ type: "unsubscribe", channel: "market_data", ...market }));
    socket.send(JSON.stringify({ type: "subscribe", channel: "market_data", symbol, timeframe }));
  }
  market = { symbol, timeframe };
}

export function connect() {
  if (!user.value) return;
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.onopen = () => {
    const auth = { type: "auth", token: accessToken() };
    socket.send(JSON.stringify(last === null ? auth : { ...auth, resume_from: last }));
    socket.send(JSON.stringify({ type: "subscribe", channel: "events" }));
    if (market) socket.send(JSON.stringify({ type: "subscribe", channel: "market_data", ...market }));
  };
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    delay = 500;
    if (message.seq) last = message.seq;
    heard.value = Date.now();
    link.value = "live";
    for (const listener of listeners) listener(message);
  };
  socket.onclose = async (event) => {
    link.value = "offline";
    if (event.code === EXPIRED) {
      try {
        await renew();
      } catch (problem) {
        if (problem.status === 401) return void (user.value = false);
      }
    }
    setTimeout(connect, delay * (0.7 + 0.6 * Math.random()));
    delay = Math.min(delay * 2, 15000);
  };
}

setInterval(() => {
  if (link.value === "live" && Date.now() - heard.value > 5000) link.value = "stale";
}, 1000);
