// SPDX-License-Identifier: Apache-2.0
// How a token is renewed. Until 1.11 each tab for itself; in the newest generation once for all tabs, with one silent
// login (prompt=none) when the server says 401, and a breaker.
const threshold = 60_000;
const wait = () => new Promise(() => {});

export function expiry(token) {
  try {
    const { exp } = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
    return typeof exp === 'number' ? exp * 1000 : null;
  } catch {
    return null;
  }
}

export class SimpleRenewal {
  constructor({ http, store, signOut }) { Object.assign(this, { http, store, signOut }) }

  schedule(token) {
    clearTimeout(this.timer);
    const left = (expiry(token) ?? 0) - Date.now();
    if (left > 0) this.timer = setTimeout(() => this.renew(), left > threshold ? left - threshold : 0);
  }

  stop() { clearTimeout(this.timer) }

  renew() {
    this.running ??= this.cycle().finally(() => { this.running = null });
    return this.running;
  }

  async cycle() {
    const answer = await this.http.raw('GET', '/auth/refresh').catch(() => null);
    if (!answer?.accessToken) return this.signOut('Your session has expired.').then(wait);
    await this.store.set(answer.accessToken);
    return this.schedule(answer.accessToken);
  }
}

// At most one silent login a tab in three minutes: om-reauth = {tabs: {id: time}, pending: {tab, at}}.
class ReauthGuard {
  constructor() {
    this.tab = sessionStorage.getItem('om-tab-id') ?? crypto.randomUUID();
    sessionStorage.setItem('om-tab-id', this.tab);
  }

  read() { return JSON.parse(localStorage.getItem('om-reauth') ?? '{"tabs":{}}') }
  write(value) { localStorage.setItem('om-reauth', JSON.stringify(value)) }

  // "go": navigate now; "wait": another tab is at it; "stop": this tab has had its turn.
  claim() {
    const now = Date.now();
    const state = this.read();
    if (now - (state.tabs[this.tab] ?? 0) < 180_000) return 'stop';
    if (state.pending && state.pending.tab !== this.tab && now - state.pending.at < 30_000) return 'wait';
    state.tabs[this.tab] = now;
    state.pending = { tab: this.tab, at: now };
    this.write(state);
    return 'go';
  }

  // The tab is back from a silent login: true when there was one.
  settle() {
    const state = this.read();
    if (state.pending?.tab !== this.tab) return false;
    this.write({ ...state, pending: null });
    return true;
  }
}

export class Coordinator {
  constructor({ http, store, signOut, silentLogin }) {
    Object.assign(this, { http, store, signOut, silentLogin });
    this.cycles = [];
    this.guard = new ReauthGuard();
    this.channel = new BroadcastChannel('om-auth');
    this.channel.addEventListener('message', ({ data }) => { if (data.type === 'done') this.schedule(data.token) });
    const look = async () => {
      const exp = document.visibilityState === 'visible' && expiry((await this.store.get()).primary);
      if (exp && exp - Date.now() < threshold) this.renew();
    };
    document.addEventListener('visibilitychange', look);
    window.addEventListener('focus', look);
  }

  schedule(token) {
    clearTimeout(this.timer);
    const exp = expiry(token);
    if (exp) this.timer = setTimeout(() => this.renew(), Math.max(0, exp - threshold - Date.now()));
  }

  stop() { clearTimeout(this.timer) }

  // A token came by the callback page.
  arrived(token) {
    this.guard.settle();
    this.channel.postMessage({ type: 'done', token });
  }

  renew() {
    this.running ??= this.cycle().finally(() => { this.running = null });
    return this.running;
  }

  async cycle() {
    const now = Date.now();
    this.cycles = [...this.cycles.filter((time) => now - time < 30_000), now];
    if (this.cycles.length > 3) return this.giveUp('Too many renewals: your session has expired.');
    const { primary: before } = await this.store.get();
    const outcome = await navigator.locks.request('om-refresh', () => this.renewOnce(before));
    if (outcome === 'reauthenticate') return this.reauthenticate(before);
    return outcome === 'done' ? undefined : this.giveUp('Your session has expired.');
  }

  async renewOnce(before) {
    const { primary } = await this.store.get();
    if (primary && primary !== before) {
      this.schedule(primary); // another tab was first
      return 'done';
    }
    try {
      const { accessToken } = await this.http.raw('GET', '/auth/refresh');
      if (!accessToken) return 'failed';
      await this.store.set(accessToken);
      this.schedule(accessToken);
      this.channel.postMessage({ type: 'done', token: accessToken });
      return 'done';
    } catch (error) {
      return error.status === 401 ? 'reauthenticate' : 'failed';
    }
  }

  async reauthenticate(before) {
    const turn = this.guard.claim();
    if (turn === 'stop') return this.giveUp('Your session has expired.');
    if (turn === 'go') return this.silentLogin().then(wait);
    const came = await new Promise((resolve) => {
      this.channel.addEventListener('message', ({ data }) => resolve(data.type === 'done'));
      setTimeout(() => resolve(false), 30_000);
    });
    const { primary } = await this.store.get();
    return came && primary && primary !== before ? undefined : this.giveUp('Your session has expired.');
  }

  // Back at the sign-in page from a silent login that the provider would not do.
  async cameBackEmpty() {
    if (!this.guard.settle()) return false;
    this.channel.postMessage({ type: 'failed' });
    return true;
  }

  async giveUp(why) {
    await this.signOut(why);
    return wait();
  }
}
