// SPDX-License-Identifier: Apache-2.0
// Calls of the API: the stored token goes with each, a 401 that a newer token could heal is healed and asked again.
export class HttpError extends Error {
  constructor(status, json) {
    super(json?.message ?? `status ${status}`);
    this.status = status;
  }
}

const never = ['/users/refresh', '/auth/refresh', '/users/login'];
const wait = () => new Promise(() => {});

export class Http {
  // renew(): resolves when a newer token is stored; signIn(): shows the sign-in page.
  constructor({ base, store, expiredTexts }) { Object.assign(this, { base, store, expiredTexts }) }

  async raw(method, path, body) {
    const { primary } = await this.store.get();
    const headers = { accept: 'application/json, text/plain, */*' };
    if (primary) headers.authorization = `Bearer ${primary}`;
    if (body !== undefined)
      headers['content-type'] = method === 'PATCH' ? 'application/json-patch+json' : 'application/json';
    const answer = await fetch(`${this.base}/api/v1${path}`,
      { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const json = await answer.json().catch(() => null);
    if (!answer.ok) throw new HttpError(answer.status, json);
    return json;
  }

  isRefreshable(path, message) {
    if (path.startsWith('/users/loggedInUser')) return this.expiredTexts.some((text) => message.includes(text));
    return true;
  }

  async call(method, path, body, tries = 0) {
    try {
      return await this.raw(method, path, body);
    } catch (error) {
      if (error.status !== 401 || never.includes(path)) throw error;
      if (!this.isRefreshable(path, error.message)) {
        await this.signIn();
        return wait();
      }
      if (tries >= 2) throw error;
      await this.renew();
      return this.call(method, path, body, tries + 1);
    }
  }
}
