// The shell: sign-in, top bar, kill switch; screens go inside.
import { effect, html, render, useEffect, useRef, useState } from "../vendor/vendor.js";
import { call, failure, invite, register, signIn, signOut, start, user } from "./api.js";
import { Dashboard } from "./dashboard.js";
import { connect, heard, link } from "./live.js";
import { killed, load, want } from "./state.js";

function SignIn() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const send = (event) => (event.preventDefault(), signIn(name, password, code.trim()));
  return html`<form class="panel signin" onSubmit=${send}>
    <h1>Millrace</h1>
    <label>User or e-mail<br /><input autocomplete="username" value=${name} onInput=${(e) => setName(e.target.value)} required /></label>
    <label>Password<br /><input type="password" autocomplete="current-password" value=${password} onInput=${(e) => setPassword(e.target.value)} required /></label>
    <label>Code, if you have a second factor<br /><input autocomplete="one-time-code" inputmode="numeric" value=${code} onInput=${(e) => setCode(e.target.value)} /></label>
    <button>Sign in</button>
    ${failure.value && html`<p class="error" role="alert">${failure.value}</p>`}
    <p class="dim">The first start prints a one-time link; a restart prints a new one.</p>
  </form>`;
}

function Register() {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const send = (event) => (event.preventDefault(), register(name, email, password));
  return html`<form class="panel signin" onSubmit=${send}>
    <h1>Millrace</h1>
    <p class="dim">You are invited. Choose how you sign in from now on.</p>
    <label>User<br /><input autocomplete="username" value=${name} onInput=${(e) => setName(e.target.value)} required /></label>
    <label>E-mail<br /><input type="email" autocomplete="email" value=${email} onInput=${(e) => setEmail(e.target.value)} required /></label>
    <label>Password<br /><input type="password" autocomplete="new-password" minlength="8" value=${password} onInput=${(e) => setPassword(e.target.value)} required /></label>
    <button>Register</button>
    ${failure.value && html`<p class="error" role="alert">${failure.value}</p>`}
  </form>`;
}

function KillSwitch() {
  const dialog = useRef(null);
  const [word, setWord] = useState("");
  const active = killed.value.length > 0;
  const act = async () => {
    await call("risk/kill", { method: active ? "DELETE" : "POST", body: JSON.stringify({ scope: "user", reason: "kill switch in the console" }) });
    setWord("");
    dialog.current.close();
    want("killed", "orders");
  };
  return html`<button class="danger" id="kill" onClick=${() => dialog.current.showModal()}>${active ? "■ Trading stopped" : "■ Stop trading"}</button>
    <dialog ref=${dialog} aria-labelledby="kill-title"><h2 id="kill-title">${active ? "Allow trading again" : "Stop all trading"}</h2>
      <p>${active ? "Bots may send orders again." : "No new order is accepted and everything that rests is cancelled. Open positions stay."}</p>
      ${!active && html`<p><label>Type STOP to confirm<br /><input id="kill-word" value=${word} onInput=${(e) => setWord(e.target.value)} /></label></p>`}
      <p><button class="danger" id="kill-confirm" disabled=${!active && word !== "STOP"} onClick=${act}>${active ? "Allow" : "Stop"}</button> <button onClick=${() => dialog.current.close()}>Back</button></p>
    </dialog>`;
}

function Age() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = heard.value ? Math.max(0, Math.round((now - heard.value) / 1000)) : null;
  return html`<span class=${`badge ${link.value}`} id="link" role="status">${link.value}${link.value !== "live" && seconds !== null ? `, last update ${seconds} s ago` : ""}</span>`;
}

function App() {
  const [theme, setTheme] = useState(matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
  document.documentElement.dataset.theme = theme;
  if (user.value === null) return html`<p class="empty signin">…</p>`;
  if (!user.value) return invite ? html`<${Register} />` : html`<${SignIn} />`;
  return html`<header><span class="name">Millrace</span><span class="badge paper">PAPER</span><${Age} /><span class="space"></span>
      <${KillSwitch} />
      <button aria-label="switch theme" onClick=${() => setTheme(theme === "dark" ? "light" : "dark")}>◐</button>
      <button onClick=${signOut}>Sign out ${user.value.username}</button></header>
    <${Dashboard} theme=${theme} />
    <nav><a href="#overview">Overview</a><a href="#bots">Bots</a><a href="#positions">Positions</a><a href="#orders">Orders</a></nav>
    <footer>Charts by <a href="https://www.tradingview.com/" rel="noopener">TradingView</a> Lightweight Charts. Paper trading on a recorded market.</footer>`;
}

let open = false;
effect(() => {
  if (user.value && !open) {
    open = true;
    load();
    connect();
  } else if (user.value === false && open) {
    location.reload(); // nothing of the last user stays
  }
});
render(html`<${App} />`, document.getElementById("app"));
start();
