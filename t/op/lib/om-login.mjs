// SPDX-License-Identifier: Apache-2.0
// OpenMetadata's own login as a confidential client, with the provider in the same process: shows that server and pages
// are right by themselves. What the browser gets: E1 the ID token in the query, unencoded; E2 a token of the server's
// own in the fragment; E3 the provider's ID token there.
import { OwnKey, newId } from './om-filter.mjs';
import { loginPage } from './page.mjs';
import { readBody, sendHtml, sendJson } from './server.mjs';

const cookieName = (era) => (era === 'E1' ? 'JSESSIONID' : 'OM_SESSION');
const silent = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required'];

function cookie(req, name) {
  return (req.headers.cookie ?? '').split(/; */).find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

export class CodeFlow {
  constructor(om) {
    this.om = om;
    this.idpKey = new OwnKey('provider-key-1');
    this.sessions = new Map();
    this.people = new Map(); // sessions at the provider: cookie -> account
    this.codes = new Map();
    this.waiting = new Map(); // logins at the provider that have not been finished
  }

  get config() { return this.om.config }

  redirect(res, to) {
    res.writeHead(302, { location: Buffer.from(to).toString('latin1'), 'cache-control': 'no-store' });
    res.end();
  }

  json(res, status, message) { sendJson(res, status, { code: status, message }) }

  // --- /api/v1/auth/* and /callback --------------------------------------------------------------------------------

  login(req, res, url) {
    const target = url.searchParams.get('redirectUri');
    const { publicUrl, authentication } = this.config;
    const trusted = [authentication.callbackUrl, `${publicUrl}/auth/callback`, `${publicUrl}/mcp/callback`,
      ...(authentication.additionalTrustedRedirectUris ?? [])];
    if (!target || (this.config.era !== 'E1' && !trusted.includes(target)))
      return this.json(res, 400, 'Redirect URI must exactly match a trusted redirect URI');
    const [, session] = this.session(req);
    const prompt = url.searchParams.get('prompt') === 'none' ? 'none' : null;
    if (session?.account && !prompt) return this.sendToken(res, session, target);
    const id = newId();
    const state = newId().slice(0, 10);
    this.sessions.set(id, { state, target });
    res.setHeader('set-cookie', `${cookieName(this.config.era)}=${id}; Path=/; HttpOnly; SameSite=Lax`);
    const query = new URLSearchParams({ state, ...(prompt && { prompt }) });
    return this.redirect(res, `${publicUrl}/_idp/authorize?${query}`);
  }

  callback(req, res, url) {
    const [, session] = this.session(req);
    const error = url.searchParams.get('error');
    const pending = session?.state && session.state === url.searchParams.get('state');
    if (!pending || silent.includes(error)) return this.redirect(res, `${this.config.publicUrl}/signin`);
    const account = this.codes.get(url.searchParams.get('code'));
    this.codes.delete(url.searchParams.get('code'));
    if (error || !account) return this.json(res, 400, error ?? 'The code is not valid');
    const { target } = session;
    Object.assign(session, { account, state: null, target: null });
    this.renew(session);
    this.om.createUser(account);
    return this.sendToken(res, session, target);
  }

  refresh(req, res) {
    if (req.method !== 'GET') return this.notAllowed(res, 'GET');
    const [id, session] = this.session(req);
    if (!session?.account) return this.json(res, 401, 'No session, please sign in');
    if (this.config.idp.down) {
      res.setHeader('retry-after', '5');
      return this.json(res, 503, 'The identity provider gives no answer');
    }
    if (!this.config.idp.refreshToken) {
      this.sessions.delete(id);
      return this.json(res, 401, 'Expired token!');
    }
    this.renew(session);
    const expiryDuration = this.config.era === 'E1' ? session.exp : session.exp * 1000;
    return sendJson(res, 200, { tokenType: 'Bearer', accessToken: session.token, expiryDuration });
  }

  logout(req, res) {
    const method = this.config.era === 'E1' ? 'GET' : 'POST';
    if (req.method !== method) return this.notAllowed(res, method);
    this.sessions.delete(this.session(req)[0]);
    return this.redirect(res, `${this.config.publicUrl}/logout`);
  }

  notAllowed(res, allow) {
    res.setHeader('allow', allow);
    this.json(res, 405, 'HTTP 405 Method Not Allowed');
  }

  session(req) {
    const id = cookie(req, cookieName(this.config.era));
    return [id, this.sessions.get(id)];
  }

  isLive(id) { return [...this.sessions.values()].some((session) => session.sid === id) }

  renew(session) {
    const now = Math.floor(Date.now() / 1000);
    const { name, email } = this.om.account(session.account);
    session.exp = now + this.config.idp.lifetime;
    session.sid ??= newId();
    const common = { sub: session.account, email, iat: now, exp: session.exp, jti: newId() };
    session.token = this.config.era === 'E2'
      ? this.om.ownKey.sign({ ...common, iss: 'open-metadata.org', roles: [], isBot: false, tokenType: 'OM_USER',
        sessionId: session.sid })
      : this.idpKey.sign({ ...common, iss: this.issuer(), aud: this.config.authentication.clientId, name,
        email_verified: true });
  }

  sendToken(res, session, target) {
    if (session.exp <= Date.now() / 1000) this.renew(session);
    const { name, email } = this.om.account(session.account);
    const facts = { id_token: session.token, email, name };
    const plain = Object.entries(facts).map(([key, value]) => `${key}=${value}`).join('&');
    const how = this.config.era === 'E1' ? `?${plain}` : `#${new URLSearchParams(facts)}`;
    return this.redirect(res, target + how);
  }

  // --- the provider -------------------------------------------------------------------------------------------------

  issuer() { return this.config.idp.issuer ?? `${this.om.origin}/_idp` }

  authorize(req, res, url) {
    const { state, prompt } = Object.fromEntries(url.searchParams);
    const account = this.people.get(cookie(req, 'idp'));
    if (account && prompt !== 'login') return this.answer(res, state, account);
    if (prompt === 'none')
      return this.redirect(res, `${this.config.publicUrl}/callback?error=login_required&state=${state}`);
    const uid = newId();
    this.waiting.set(uid, state);
    return this.redirect(res, `${this.config.publicUrl}/interaction/${uid}`);
  }

  answer(res, state, account) {
    const code = newId();
    this.codes.set(code, account);
    return this.redirect(res, `${this.config.publicUrl}/callback?code=${code}&state=${state}`);
  }

  async interaction(req, res, uid) {
    const state = this.waiting.get(uid);
    if (!state) return this.json(res, 400, 'No login waits here');
    const facts = { action: `${this.config.base}/interaction/${uid}`, client: 'Metadata catalogue', accounts: [] };
    if (req.method !== 'POST') return sendHtml(res, 200, loginPage(facts));
    const form = new URLSearchParams(await readBody(req, 65536));
    const account = form.get('login');
    if (!account || form.get('password') !== account) return sendHtml(res, 401, loginPage({ ...facts, failed: true }));
    this.waiting.delete(uid);
    const id = newId();
    this.people.set(id, account);
    res.setHeader('set-cookie', `idp=${id}; Path=/; HttpOnly; SameSite=Lax`);
    return this.answer(res, state, account);
  }

  // Answers true when the path was one of these.
  async serve(req, res, path, url) {
    const uid = /^\/interaction\/(\w+)$/.exec(path)?.[1];
    switch (path) {
      case '/api/v1/auth/login': this.login(req, res, url); return true;
      case '/api/v1/auth/refresh': this.refresh(req, res); return true;
      case '/api/v1/auth/logout': this.logout(req, res); return true;
      case '/callback': this.callback(req, res, url); return true;
      case '/_idp/authorize': this.authorize(req, res, url); return true;
      case '/_idp/jwks': sendJson(res, 200, this.idpKey.jwks()); return true;
      case '/_idp/.well-known/openid-configuration': sendJson(res, 200, { issuer: this.issuer() }); return true;
      default:
        if (uid) await this.interaction(req, res, uid);
        return Boolean(uid);
    }
  }
}
