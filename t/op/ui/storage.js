// SPDX-License-Identifier: Apache-2.0
// Where the token lies: {primary, secondary}. Until 1.9 in localStorage under om-session; since 1.10 in the service
// worker's IndexedDB, in the memory of the tab when the worker cannot be reached, in localStorage where there is none.
const empty = { primary: '', secondary: '' };

class LocalStore {
  constructor(key, wrap, unwrap) { Object.assign(this, { key, wrap, unwrap }) }

  async get() {
    const text = localStorage.getItem(this.key);
    return text ? this.unwrap(JSON.parse(text)) : empty;
  }

  async set(primary, secondary = '') {
    localStorage.setItem(this.key, JSON.stringify(this.wrap({ primary, secondary })));
  }

  async clear() { localStorage.removeItem(this.key) }
}

class WorkerStore {
  constructor(base) { this.worker = this.connect(base).catch(() => null) }

  async connect(base) {
    await navigator.serviceWorker.register(`${base}/app-worker.js`, { scope: `${base}/` });
    const late = new Promise((resolve, reject) => { setTimeout(() => reject(new Error('no worker')), 5000) });
    return (await Promise.race([navigator.serviceWorker.ready, late])).active;
  }

  async ask(type, value) {
    const worker = await this.worker;
    if (!worker) {
      if (type === 'set') this.memory = value;
      return this.memory;
    }
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve, reject) => {
      port1.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.result));
    });
    worker.postMessage({ type, key: 'app_state', value }, [port2]);
    return answer;
  }

  async get() { return JSON.parse(await this.ask('get') ?? JSON.stringify(empty)) }
  async set(primary, secondary = '') { await this.ask('set', JSON.stringify({ primary, secondary })) }
  async clear() { await this.set('') }
}

export function openStore(kind, base) {
  if (kind === 'session') {
    return new LocalStore('om-session',
      ({ primary, secondary }) => ({ state: { oidcIdToken: primary, refreshTokenKey: secondary }, version: 0 }),
      ({ state }) => ({ primary: state.oidcIdToken, secondary: state.refreshTokenKey }));
  }
  return 'serviceWorker' in navigator ? new WorkerStore(base) : new LocalStore('app_state', (v) => v, (v) => v);
}
