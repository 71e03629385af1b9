// The public API with a token that lives in memory only; the refresh token is a cookie this page cannot read.
import { signal } from "../vendor/vendor.js";

export const user = signal(null);
export const failure = signal("");
export const invite = new URLSearchParams(location.search).get("invite");
let token = "";
let timer = 0;

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(typeof found.detail === "string" ? found.detail : `error ${answer.status}`), { status: answer.status });
  return found;
}

function enter(found) {
  token = found.access_token;
  user.value = found.user ?? found.user_context;
  clearTimeout(timer);
  timer = setTimeout(() => renew().catch(() => {}), 800 * found.expires_in); // in time; a 401 does it as well
}

export const accessToken = () => token;

export async function start() {
  if (invite) return (user.value = false); // whoever is signed in here: the invite is for somebody new
  const ticket = new URLSearchParams(location.search).get("ticket");
  if (ticket) history.replaceState(null, "", location.pathname);
  for (const [path, body] of [...(ticket ? [["/console/api/ticket", { ticket }]] : []), ["/api/v1/auth/refresh", {}]]) {
    try {
      return enter(await post(path, body));
    } catch (problem) {
      if (ticket && path.endsWith("ticket")) failure.value = problem.message;
    }
  }
  user.value = false;
}

export async function signIn(username, password, code) {
  failure.value = "";
  try {
    enter(await post("/api/v1/auth/login", { username, password, ...(code && { totp_code: code }) }));
  } catch (problem) {
    failure.value = problem.message;
  }
}

export async function register(username, email, password) {
  failure.value = "";
  try {
    enter(await post("/api/v1/auth/register", { username, email, password, invite_code: invite }));
    history.replaceState(null, "", location.pathname);
  } catch (problem) {
    failure.value = problem.message;
  }
}

export async function signOut() {
  await fetch("/api/v1/auth/logout", { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${token}` }, body: "{}" });
  token = "";
  user.value = false;
}

let renewing = null; // one at a time: a refresh token is good once

export function renew() {
  renewing ??= post("/api/v1/auth/refresh", {}).then(enter).finally(() => (renewing = null));
  return renewing;
}

export async function call(path, options = {}, again = true) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(path.startsWith("/") ? path : `/api/v1/${path}`, { ...options, headers });
  if (answer.status === 401 && again) {
    try {
      await renew();
    } catch (problem) {
      if (problem.status === 401) user.value = false; // anything else passes: the platform may be restarting
      throw problem;
    }
    return call(path, options, false);
  }
  if (!answer.ok) throw new Error(`error ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}
