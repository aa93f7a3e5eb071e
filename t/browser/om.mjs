// SPDX-License-Identifier: Apache-2.0
// What stories about the stand-in for OpenMetadata share: its control, and waiting for its pages.
export class Om {
  constructor(origin) { this.origin = origin }

  async ask(method, path, body) {
    const answer = await fetch(this.origin + path, { method, body: body && JSON.stringify(body) });
    return answer.json();
  }

  control(script) { return this.ask('POST', '/_control', script) }
  say(call, status, message, times) {
    return this.control({ answers: { [call]: { status, json: { code: status, message }, times } } });
  }

  forget(what) { return this.ask('POST', '/_forget', what) }
  state() { return this.ask('GET', '/_state') }

  async token(order) { return (await this.ask('POST', '/_token', order)).token }

  async requests(path) {
    const all = await this.ask('GET', '/_requests');
    return path ? all.filter((entry) => entry.path === path) : all;
  }
}

export const at = (page) => new URL(page.url()).pathname;
export const shown = (page, name) =>
  page.waitForSelector(`body[data-page="${name}"][data-ready=yes]`, { timeout: 30000 });
export const catalogue = (page, name = 'my-data') => shown(page, name);
export const signInPage = (page) => shown(page, 'signin');
export const stored = (page) => page.evaluate(() => window.om.auth.store.get());

// Waits until another token is stored.
export async function changed(page, old, patience = 30000) {
  const until = Date.now() + patience;
  while (Date.now() < until) {
    const { primary } = await stored(page).catch(() => ({})); // it may be on its way to another page
    if (primary && primary !== old) return primary;
    await page.waitForTimeout(50);
  }
  throw new Error('the token did not change');
}
