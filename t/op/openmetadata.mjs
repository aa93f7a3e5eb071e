// SPDX-License-Identifier: Apache-2.0
// A stand-in for OpenMetadata, written from the rules of its source: how the server checks who asks
// (lib/om-filter.mjs), what its own login hands out (lib/om-login.mjs), and its pages in three generations (ui/).
//
//   node openmetadata.mjs [FILE.json | '{…}']      prints "READY http://127.0.0.1:PORT"
//
// Configuration (each member merges over the defaults below):
//   host, port, base       listens there; base is the path below which everything but /_… is ("" or "/catalog")
//   publicUrl              what a browser types, with the base; default: where it listens
//   ui                     "1.9", "1.11" or "newest": which generation of the pages
//   era                    "E1", "E2" or "E3": profile of JwtFilter and of the own login
//   filter                 "jwt" or "header" (CatalogOpenIdAuthorizationRequestFilter)
//   authentication, oidc, authorizer     as OpenMetadata names them; a publicKeyUrl that is a path is of this server
//   users                  { name: {email, displayName, isAdmin, isBot, roles, teams} }, null removes
//   idp                    the provider of the own login: {lifetime s, refreshToken, down, issuer}
//   answers                { "GET /api/v1/tables": {status, json, headers, delay, times} }: said instead of the truth
//
// Control, below no base and never recorded:
//   POST /_control  JSON, merged into the configuration
//   POST /_reset    back to the start, requests and sessions forgotten
//   GET  /_requests [{n, method, path, url, query, headers, body, status, who, upgrade}]   who: the principal or null
//   GET  /_state    {users, fetches of key lists, keys kept}
//   POST /_forget   {"sessions": true, "people": true}: the own login's sessions, sessions at its provider
//   POST /_token    {"kind": "bot"|"personal"|"user", "user": name, "claims": {…}, "header": {…}, "known": false}
//                   → {token}
import http from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { announce, listen, readBody, readConfig, sendJson } from './lib/server.mjs';
import { merge } from './lib/script.mjs';
import { OwnKey, Refusal, RemoteKeys, newId, principal } from './lib/om-filter.mjs';
import { CodeFlow } from './lib/om-login.mjs';
import { acceptSocket } from './lib/om-socket.mjs';

const given = readConfig(process.argv[2]);
const sets = JSON.parse(readFileSync(new URL('../demo/datasets.json', import.meta.url)));

function defaults(origin) {
  const base = given.base ?? '';
  const publicUrl = given.publicUrl ?? origin + base;
  return {
    base, publicUrl, ui: 'newest', era: 'E3', filter: 'jwt', answers: {},
    authentication: {
      provider: 'custom-oidc', providerName: 'SSO', clientType: 'confidential', clientId: 'openmetadata',
      authority: publicUrl, callbackUrl: `${publicUrl}/callback`, enableSelfSignup: true, enableAutoRedirect: false,
      publicKeyUrls: ['/_idp/jwks', '/api/v1/system/config/jwks'],
      tokenValidationAlgorithm: 'RS256', jwtPrincipalClaims: ['email', 'preferred_username', 'sub'],
      jwtPrincipalClaimsMapping: [], emailClaim: '', allowedEmailDomains: [], additionalTrustedRedirectUris: [],
    },
    oidc: { id: '', discoveryUri: `${origin}${base}/_idp/.well-known/openid-configuration` },
    authorizer: {
      principalDomain: 'example.com', enforcePrincipalDomain: false, allowedDomains: [], useRolesFromProvider: false,
      enableSecureSocketConnection: true, adminPrincipals: ['admin'],
    },
    idp: { lifetime: 3600, refreshToken: true, down: false },
    users: {
      admin: { email: 'admin@example.com', displayName: 'Administrator', isAdmin: true },
      alice: { email: 'alice@example.com', displayName: 'Alice Müller', isAdmin: true, roles: ['DataSteward'] },
      bob: { email: 'bob@example.com', roles: ['DataConsumer'] },
      'ingestion-bot': { email: 'ingestion-bot@example.com', displayName: 'Ingestion', isBot: true },
    },
  };
}

class OpenMetadata {
  constructor(origin) {
    this.origin = origin;
    this.ownKey = new OwnKey('own-key-of-openmetadata');
    this.start();
  }

  start() {
    this.config = merge(defaults(this.origin), given);
    const { authentication, base } = this.config;
    const own = (url) => (url.startsWith('/') ? this.origin + base + url : url);
    authentication.publicKeyUrls = authentication.publicKeyUrls.map(own);
    this.requests = [];
    this.count = 0;
    this.remoteKeys = new RemoteKeys();
    this.botTokens = new Map();
    this.personalTokens = new Map();
    this.ids = new Map();
    this.flow = new CodeFlow(this);
  }

  // --- what the filter asks -----------------------------------------------------------------------------------------

  isLiveSession(id) { return this.flow.isLive(id) }
  isTaken(name) { return Boolean(this.config.users[name]) }
  findByEmail(email) { return Object.keys(this.config.users).find((name) => this.config.users[name]?.email === email) }

  // --- users --------------------------------------------------------------------------------------------------------

  account(name) {
    const user = this.config.users[name];
    const email = user?.email ?? `${name}@${this.config.authorizer.principalDomain}`;
    return { name: user?.displayName ?? name, email };
  }

  // The code flow creates people by itself; behind a bridge they sign up.
  createUser(name) {
    if (!this.config.authentication.enableSelfSignup || this.config.users[name]) return;
    this.config.users[name] = { email: this.account(name).email,
      isAdmin: this.config.authorizer.adminPrincipals.includes(name) };
  }

  user(name) {
    const user = this.config.users[name];
    if (!user) return null;
    if (!this.ids.has(name)) this.ids.set(name, newId());
    return { id: this.ids.get(name), name, fullyQualifiedName: name, email: user.email, displayName: user.displayName,
      isAdmin: Boolean(user.isAdmin), isBot: Boolean(user.isBot), preferences: user.preferences ?? {},
      roles: (user.roles ?? []).map((role) => ({ name: role, type: 'role' })),
      teams: (user.teams ?? []).map((team) => ({ name: team, type: 'team' })), personas: [], domains: [] };
  }

  makeToken({ kind = 'user', user, claims = {}, header, known = true }) {
    const type = { bot: 'BOT', personal: 'PERSONAL_ACCESS', user: 'OM_USER' }[kind];
    const token = this.ownKey.sign({ iss: 'open-metadata.org', sub: user, email: this.account(user).email,
      isBot: kind === 'bot', tokenType: type, iat: Math.floor(Date.now() / 1000), jti: newId(), ...claims }, header);
    if (known && kind === 'bot') this.botTokens.set(user, token);
    if (known && kind === 'personal')
      this.personalTokens.set(user, new Set([...(this.personalTokens.get(user) ?? []), token]));
    return token;
  }

  // --- the API ------------------------------------------------------------------------------------------------------

  publicConfig() {
    const names = ['provider', 'providerName', 'clientType', 'enableSelfSignup', 'enableAutoRedirect',
      'jwtPrincipalClaims', 'jwtPrincipalClaimsMapping', 'clientId', 'authority', 'callbackUrl'];
    return Object.fromEntries(names.map((name) => [name, this.config.authentication[name]]));
  }

  tables(who) {
    const me = this.user(who.name);
    const mayRead = (set) => !set.audience || me?.isAdmin || me?.isBot
      || me?.roles.some((role) => role.name === { 'data-stewards': 'DataSteward' }[set.audience]);
    return sets.map((set) => (mayRead(set) ? { ...set, audience: undefined }
      : { name: set.name, domain: set.domain, audience: set.audience }));
  }

  // {status, json} of an API call that the filter let pass. `path` is what follows /api/v1/.
  async api(method, path, req, who, body) {
    const found = (json) => (json ? { status: 200, json } : { status: 404, json: { code: 404, message: 'Not found' } });
    const missing = (name) => ({ status: 404, json: { code: 404, message: `user instance for ${name} not found` } });
    switch (`${method} ${path}`) {
      case 'GET system/config/auth': return found(this.publicConfig());
      case 'GET system/config/authorizer': return found({ principalDomain: this.config.authorizer.principalDomain });
      case 'GET system/config/jwks': return found(this.ownKey.jwks());
      case 'GET system/config/customUiThemePreference': return found({ customTheme: {} });
      case 'GET system/health': return found({ status: 'OK' });
      case 'GET system/version':
        return found({ version: { 1.9: '1.9.0', 1.11: '1.11.0' }[this.config.ui] ?? '1.13.1' });
      case 'GET users/loggedInUser': {
        if (who.roles && this.config.users[who.name]) this.config.users[who.name].roles = who.roles;
        return this.user(who.name) ? found(this.user(who.name)) : missing(who.name);
      }
      case 'POST users': return this.signUp(who, JSON.parse(body || '{}'));
      case 'GET permissions': return found({ data: [{ resource: 'table', permissions: ['ViewAll'] }] });
      case 'GET tables': return found({ data: this.tables(who), paging: { total: sets.length } });
      default: break;
    }
    const [, id, rest] = /^users\/(\w+)(?:\/(\w+))?$/.exec(path) ?? [];
    const name = [...this.ids].find(([, value]) => value === id)?.[0];
    if (name && method === 'GET' && rest === 'preferences') return found(this.user(name).preferences);
    if (name && method === 'PATCH' && !rest) return this.patchUser(name, req, who, JSON.parse(body));
    return found(path.startsWith('tables/name/') && this.tables(who).find((set) => set.name === path.slice(12)));
  }

  // Only for oneself, only with what the token says.
  signUp(who, { displayName }) {
    if (!this.config.authentication.enableSelfSignup)
      return { status: 403, json: { code: 403, message: 'Self signup is not enabled' } };
    if (this.config.users[who.name]) return { status: 409, json: { code: 409, message: 'Entity already exists' } };
    this.config.users[who.name] = { email: who.email, displayName, roles: ['DataConsumer'] };
    return { status: 201, json: this.user(who.name) };
  }

  patchUser(name, req, who, operations) {
    if (req.headers['content-type'] !== 'application/json-patch+json')
      return { status: 415, json: { code: 415, message: 'HTTP 415 Unsupported Media Type' } };
    if (who.name !== name && !this.config.users[who.name]?.isAdmin)
      return { status: 403, json: { code: 403, message: `Principal: CatalogPrincipal{name='${who.name}'} is not admin` }
      };
    const named = operations.filter(({ op, path }) => ['add', 'replace'].includes(op) && path === '/displayName');
    for (const { value } of named) this.config.users[name].displayName = String(value);
    return { status: 200, json: this.user(name) };
  }

  // True when a test has said what is to be said.
  async said(req, res, path) {
    const said = this.config.answers[`${req.method} ${path}`];
    if (!said || (said.times !== undefined && said.times-- <= 0)) return false;
    if (said.delay) await new Promise((done) => { setTimeout(done, said.delay); });
    for (const [name, value] of Object.entries(said.headers ?? {})) res.setHeader(name, value);
    if (said.status) sendJson(res, said.status, said.json ?? {});
    return Boolean(said.status);
  }

  async serveApi(req, res, path, entry) {
    try {
      const who = await principal(req, path.slice(5), this.config, this);
      entry.who = who;
      const { status, json } = await this.api(req.method, path.slice(8), req, who, entry.body);
      return sendJson(res, status, json);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return sendJson(res, error.status, { code: error.status, message: error.message });
    }
  }

  // --- pages --------------------------------------------------------------------------------------------------------

  page(req, res, path) {
    const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml',
      json: 'application/json', html: 'text/html; charset=utf-8' };
    const shared = { '/app.css': '../demo/public/app.css', '/icon.svg': '../demo/public/icon.svg' }[path];
    const script = /^\/(?:assets\/)?([\w.-]+\.(?:js|css|json))$/.exec(path)?.[1];
    const file = shared ?? `ui/${script ?? 'index.html'}`;
    const strange = !script && !shared && /\.\w{2,5}$/.test(path) && !path.startsWith('/table/');
    if (strange || !existsSync(new URL(file, import.meta.url)))
      return sendJson(res, 404, { code: 404, message: 'Not found' });
    let body = readFileSync(new URL(file, import.meta.url), 'utf8');
    if (file === 'ui/index.html')
      body = body.replaceAll('{base}', this.config.base).replaceAll('{ui}', this.config.ui);
    res.writeHead(200, {
      'content-type': types[file.split('.').pop()], 'content-length': Buffer.byteLength(body),
      'cache-control': 'no-cache',
      'content-security-policy': "default-src 'self'; frame-ancestors 'none'; object-src 'none'; form-action 'self'",
      'x-content-type-options': 'nosniff',
    });
    return res.end(req.method === 'HEAD' ? undefined : body);
  }

  // --- the door -----------------------------------------------------------------------------------------------------

  async control(req, res, path) {
    const order = req.method === 'POST' ? JSON.parse(await readBody(req) || '{}') : {};
    switch (`${req.method} ${path}`) {
      case 'POST /_control': merge(this.config, order); return sendJson(res, 200, this.config);
      case 'POST /_reset': this.start(); return sendJson(res, 200, {});
      case 'GET /_requests': return sendJson(res, 200, this.requests);
      case 'GET /_state': return sendJson(res, 200, { users: this.config.users, fetches: this.remoteKeys.fetches,
        keys: [...this.remoteKeys.kept.keys()] });
      case 'POST /_token': return sendJson(res, 200, { token: this.makeToken(order) });
      case 'POST /_forget':
        if (order.sessions) this.flow.sessions.clear();
        if (order.people) this.flow.people.clear();
        return sendJson(res, 200, {});
      default: return null;
    }
  }

  record(req, path, body) {
    const url = new URL(req.url, 'http://x');
    const entry = { n: ++this.count, method: req.method, path, url: req.url,
      query: Object.fromEntries(url.searchParams), headers: req.headers, body, who: null };
    this.requests.push(entry);
    if (this.requests.length > 5000) this.requests.shift();
    return entry;
  }

  // The path below the base; null when the request is for another place.
  below(path) {
    const { base } = this.config;
    if (!base) return path;
    return path === base ? '/' : path.startsWith(`${base}/`) ? path.slice(base.length) : null;
  }

  async serve(req, res) {
    const url = new URL(req.url, 'http://x');
    if (url.pathname.startsWith('/_') && await this.control(req, res, url.pathname) !== null) return undefined;
    const path = this.below(url.pathname);
    const form = path?.startsWith('/interaction/');
    const entry = this.record(req, path ?? url.pathname, form ? '' : await readBody(req));
    res.on('finish', () => { entry.status = res.statusCode; });
    if (path === null) return sendJson(res, 404, { code: 404, message: 'Not found' });
    if (await this.said(req, res, path)) return undefined;
    const { clientType } = this.config.authentication;
    if (clientType === 'confidential' && await this.flow.serve(req, res, path, url)) return undefined;
    if (path.startsWith('/api/v1/push/feed')) return acceptSocket(this, req, path, entry, { res });
    if (path.startsWith('/api/')) return this.serveApi(req, res, path, entry);
    if (['GET', 'HEAD'].includes(req.method)) return this.page(req, res, path);
    return sendJson(res, 405, { code: 405, message: 'HTTP 405 Method Not Allowed' });
  }
}

let om;
const server = http.createServer({ maxHeaderSize: 64 * 1024 }, (req, res) => {
  om.serve(req, res).catch((error) => {
    if (!res.headersSent) sendJson(res, 500, { code: 500, message: error.message });
  });
});
server.keepAliveTimeout = 60000;
server.on('upgrade', (req, socket) => {
  const path = om.below(new URL(req.url, 'http://x').pathname);
  acceptSocket(om, req, path, om.record(req, path, ''), { socket });
});
const host = given.host ?? '127.0.0.1';
const port = await listen(server, given.port, host);
om = new OpenMetadata(`http://${host}:${port}`);
announce(om.origin);
