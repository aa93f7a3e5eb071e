// SPDX-License-Identifier: Apache-2.0
// Real providers as they are met in the wild: their discovery documents byte for byte but for the host names
// (providers/NAME/discovery.json as recorded), their keys' shape (key.json), headers, claims, errors and habits
// (lib/profiles.mjs). Any number of them in one process, on one TLS port, under their own host names.
//
//   node emulate.mjs [FILE.json | '{…}']      prints "READY http://127.0.0.1:PORT" when it serves
//
// That port is the control and at the same time an HTTP proxy: CONNECT of any host leads to the emulation, so that an
// operator's configuration works as it is, with SSOOutgoingProxy and SSOCAFile beside it.
//
// Start: {"tls": {key, cert: PEM files}, "providers": [{"kind": "onelogin", "id": …, …arguments of the kind…,
//        "script": {…}}]}; id is the kind unless told. The arguments are in lib/profiles.mjs.
// Control: GET /_facts {tls_port, providers: {id: issuer}}; POST /_control {id: {…merged into its script…}};
//        POST /_reset; GET /_requests [{provider, endpoint, host, path, query, form, headers, method}]; GET /_failures;
//        POST /_logout {provider, client, claims, remove} -> {token}: a logout token, to be delivered by the test
// Script: user (claims), clients {ID: {auth, secret, redirect_uris, logout_uris, grants ["code", "id_token"]}},
//        keys [names], sign (name), alg, refresh "always"|"offline_access"|"offline"|"never", rotate, overlap
//        (seconds), expires_in, id_token and userinfo {claims, remove, …as in scripted.mjs}, limits {discovery, jwks:
//        calls a
//        minute}, authorize_error, and what the kind adds
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { announce, escapeHtml, listen, readBody, readConfig, sendHtml, sendJson } from './lib/server.mjs';
import { halfHash, keyPair } from './lib/keys.mjs';
import { merge } from './lib/script.mjs';
import { makeToken } from './lib/token.mjs';
import { profiles } from './lib/profiles.mjs';

const WINDOW = 60 * 1000; // of the rate limits

const config = readConfig(process.argv[2]);
const folder = new URL('./providers/', import.meta.url);
const random = (bytes = 24) => randomBytes(bytes).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const digest = (hash, text, form = 'base64url') => createHash(hash).update(text).digest(form);

let requests = [];
let failures = [];

class Refusal extends Error {
  constructor(status, error, description) {
    super(description);
    Object.assign(this, { status, error });
  }
}

const honest = {
  user: { sub: '104209', email: 'alice@acme.test', email_verified: true, name: 'Alice Smith', given_name: 'Alice',
    family_name: 'Smith', preferred_username: 'alice', updated_at: 1700000000, groups: ['Data owners', 'staff'] },
  clients: {}, keys: ['k1'], sign: 'k1', alg: 'RS256', refresh: 'offline_access', rotate: true, overlap: 0,
  expires_in: 3600, id_token: {}, userinfo: {}, limits: {}, authorize_error: null,
};

// --- a provider -----------------------------------------------------------------------------------------------------

class Provider {
  constructor({ kind, id = kind, script = {}, ...args }) {
    this.profile = profiles[kind];
    if (!this.profile) throw new Error(`no provider is called ${kind}`);
    Object.assign(this, { kind, id, args });
    const { issuer, base = issuer, swap, file = 'discovery.json' } = this.profile.place(args);
    let text = readFileSync(new URL(`${kind}/${file}`, folder), 'utf8');
    for (const [from, to] of swap) text = text.replaceAll(from, to);
    this.document = text;
    this.metadata = JSON.parse(text);
    this.issuer = issuer;
    this.keyShape = readFileSync(new URL(`${kind}/key.json`, folder), 'utf8');
    this.places = new Map([[`${base.replace(/\/$/, '')}/.well-known/openid-configuration`, 'discovery'],
      [this.metadata.authorization_endpoint, 'authorize'], [this.metadata.token_endpoint, 'token'],
      [this.metadata.userinfo_endpoint, 'userinfo'], [this.metadata.jwks_uri, 'jwks'],
      ...(this.metadata.end_session_endpoint ? [[this.metadata.end_session_endpoint, 'logout']] : []),
      ...Object.entries(this.profile.more?.(this) ?? {})]);
    this.beginning = merge(merge(structuredClone(honest), structuredClone(this.profile.script ?? {})), script);
    this.reset();
  }

  reset() {
    this.script = structuredClone(this.beginning);
    Object.assign(this, { codes: new Map(), access: new Map(), refresh: new Map(), hits: {}, idTokens: new Map() });
  }

  fail(text) { failures.push(`${this.id}: ${text}`); }

  refuse(status, error, text) {
    this.fail(text);
    throw new Refusal(status, error, text);
  }

  kid(name) { return digest('sha256', keyPair(name).publicKey.export({ format: 'jwk' }).n); }

  keySet() {
    const [open, glue, close] = this.profile.keysFrame ?? ['{"keys":[', ',', ']}'];
    const keys = this.script.keys.map((name) => {
      const { n, e } = keyPair(name).publicKey.export({ format: 'jwk' });
      const der = keyPair(name).publicKey.export({ type: 'spki', format: 'der' });
      const facts = { n, e, kid: this.kid(name), x5c: der.toString('base64'), x5t: digest('sha1', der),
        x5t256: digest('sha256', der) };
      return this.keyShape.replace(/\$\{(\w+)\}/g, (_, fact) => facts[fact]);
    });
    return open + keys.join(glue) + close;
  }

  sign(claims, client, told = {}, typ = 'JWT') {
    const alg = told.alg ?? this.script.alg;
    const key = told.key ?? this.script.sign;
    const named = alg.startsWith('HS') ? { kid: null } : { key, kid: told.kid ?? this.kid(key) };
    const script = { ...told, alg, ...named };
    return makeToken(claims, script, { now: now(), iss: this.issuer, default_key: () => key },
      { typ, secret: this.script.clients[client]?.secret });
  }

  idToken(grant, more = {}) {
    const client = grant.client_id;
    const claims = { iss: this.issuer, sub: this.script.user.sub, aud: client, iat: now(), exp: now() + 600,
      auth_time: grant.auth_time, ...(grant.nonce ? { nonce: grant.nonce } : {}),
      ...this.profile.idToken(this, grant), ...more };
    const token = this.sign(claims, client, this.script.id_token);
    this.idTokens.set(token, grant);
    return token;
  }

  // Counts a call; 429 beyond what the provider allows in a minute.
  limit(endpoint, res) {
    const most = this.script.limits[endpoint];
    if (!most) return {};
    const start = Date.now() - (Date.now() % WINDOW);
    const hits = (this.hits[endpoint] = this.hits[endpoint]?.start === start ? this.hits[endpoint] : { start, n: 0 });
    hits.n++;
    const headers = { 'x-ratelimit-limit': most, 'x-ratelimit-remaining': Math.max(0, most - hits.n),
      'x-ratelimit-reset': Math.floor((start + WINDOW) / 1000) };
    if (hits.n <= most) return headers;
    this.fail(`${endpoint}: rate limit`);
    res.writeHead(429, { ...headers, 'content-type': 'application/json' });
    res.end('{"error":"too_many_requests"}');
    return null;
  }

  // --- authorization endpoint

  authorize(request, res) {
    const query = request.method === 'POST' ? request.form : request.query;
    const client = this.script.clients[query.client_id];
    const page = (text) => {
      this.fail(text);
      sendHtml(res, 400, `<!doctype html><title>Error</title><p>${escapeHtml(text)}`);
    };
    if (!client) return page('authorize: unknown client');
    const back = query.redirect_uri;
    if (!client.redirect_uris?.includes(back)) return page(`authorize: redirect_uri ${back}`);
    const grant = { client_id: query.client_id, redirect_uri: query.redirect_uri, nonce: query.nonce, query,
      scopes: (query.scope ?? '').split(' '), challenge: query.code_challenge, auth_time: now(), sid: random(16),
      family: { revoked: false } };
    const problem = this.script.authorize_error ?? this.checkAuthorization(query, client) ??
      this.profile.authorize?.(this, query, client);
    if (problem) {
      this.fail(`authorize: ${problem.error}: ${problem.error_description}`);
      return this.answer(res, query, { ...problem, ...(query.state ? { state: query.state } : {}) });
    }
    const params = {};
    if (query.response_type.includes('code')) {
      params.code = random();
      this.codes.set(params.code, grant);
    }
    if (query.response_type.includes('id_token'))
      params.id_token = this.idToken(grant, params.code ? { c_hash: halfHash('RS256', params.code) } : {});
    return this.answer(res, query, { ...params, state: query.state, ...this.profile.params?.(this, grant) });
  }

  checkAuthorization(query, client) {
    const types = client.grants ?? ['code'];
    const error = (code, text) => ({ error: code, error_description: text });
    if (!(query.scope ?? '').split(' ').includes('openid')) return error('invalid_scope', 'openid is missing');
    if (!this.metadata.response_types_supported.includes(query.response_type))
      return error('unsupported_response_type', `response type ${query.response_type} is not supported`);
    if (!query.response_type.split(' ').every((type) => types.includes(type)))
      return error('unauthorized_client', `${query.response_type} is not allowed for the client`);
    if (query.response_type.includes('id_token') && !query.nonce) return error('invalid_request', 'nonce is missing');
    const needsPkce = client.auth === 'none' && query.response_type.includes('code');
    if (needsPkce && (query.code_challenge_method !== 'S256' || !/^[\w-]{43}$/.test(query.code_challenge ?? '')))
      return error('invalid_request', 'PKCE with S256 is required');
    return null;
  }

  answer(res, query, params) {
    const list = Object.entries(params).filter(([, value]) => value !== undefined);
    const posted = query.response_mode === 'form_post';
    if (posted) {
      const inputs = list.map(([k, v]) => `<input type="hidden" name="${k}" value="${escapeHtml(v)}">`).join('\n');
      return sendHtml(res, 200, `<!doctype html><title>One moment</title>
<form method="post" action="${escapeHtml(query.redirect_uri)}">${inputs}</form>
<script>document.forms[0].submit()</script>`);
    }
    const glue = query.response_type?.includes('id_token') ? '#' : query.redirect_uri.includes('?') ? '&' : '?';
    res.writeHead(302, { location: query.redirect_uri + glue + new URLSearchParams(list), 'content-length': 0 });
    return res.end();
  }

  // --- token endpoint

  // Exactly the method the client is registered with.
  authenticate({ form, headers }) {
    let id = form.client_id;
    let secret = form.client_secret;
    let method = secret !== undefined ? 'client_secret_post' : 'none';
    if (headers.authorization) {
      method = secret !== undefined ? 'two methods' : 'client_secret_basic';
      const pair = Buffer.from(headers.authorization.replace(/^Basic /i, ''), 'base64').toString().split(':');
      [id, secret] = pair.map((part) => decodeURIComponent(part.replace(/\+/g, ' ')));
    }
    const client = this.script.clients[id];
    if (!client) this.refuse(401, 'invalid_client', `token: unknown client ${id}`);
    if (client.auth !== method) this.refuse(401, 'invalid_client', `token: ${method} instead of ${client.auth}`);
    if (method !== 'none' && secret !== client.secret) this.refuse(401, 'invalid_client', 'token: wrong secret');
    return id;
  }

  redeemCode(form, client) {
    const grant = this.codes.get(form.code);
    if (!grant || grant.used) this.refuse(400, 'invalid_grant', 'token: code unknown or used');
    grant.used = true;
    if (grant.client_id !== client || grant.redirect_uri !== form.redirect_uri)
      this.refuse(400, 'invalid_grant', 'token: client or redirect_uri differs');
    if (grant.challenge && form.code_verifier === undefined)
      this.refuse(400, 'invalid_grant', 'token: code_verifier is missing');
    if (grant.challenge && digest('sha256', form.code_verifier) !== grant.challenge)
      this.refuse(400, 'invalid_grant', 'token: code_verifier does not fit');
    return grant;
  }

  // A token that was exchanged may be used once more within the overlap; after that, or when a younger one was used
  // already (second to last), somebody has a copy: all of the family end.
  redeemRefresh(form, client) {
    const held = this.refresh.get(form.refresh_token);
    if (!held || held.grant.family.revoked || held.grant.client_id !== client)
      this.refuse(400, 'invalid_grant', 'token: unknown or revoked refresh token');
    if (!this.script.rotate) return held.grant;
    const age = held.usedAt === undefined ? -1 : (Date.now() - held.usedAt) / 1000;
    if (age > this.script.overlap || (age >= 0 && held.serial < held.grant.family.serial - 1)) {
      held.grant.family.revoked = true;
      this.refuse(400, 'invalid_grant', 'token: refresh token used again; the family is revoked');
    }
    held.usedAt ??= Date.now();
    return held.grant;
  }

  wantsRefresh(grant) {
    const { refresh } = this.script;
    return refresh === 'always' || (refresh === 'offline' && grant.query.access_type === 'offline') ||
      (refresh === 'offline_access' && grant.scopes.includes('offline_access'));
  }

  token(request, res) {
    const { form } = request;
    const client = this.authenticate(request);
    const refreshing = form.grant_type === 'refresh_token';
    if (!refreshing && form.grant_type !== 'authorization_code')
      this.refuse(400, 'unsupported_grant_type', `token: ${form.grant_type}`);
    const grant = refreshing ? this.redeemRefresh(form, client) : this.redeemCode(form, client);
    const accessToken = this.profile.accessToken?.(this, grant) ?? random();
    this.access.set(accessToken, grant);
    const out = { access_token: accessToken, token_type: 'Bearer', expires_in: this.script.expires_in,
      scope: grant.scopes.join(' ') };
    if (this.wantsRefresh(grant) && (!refreshing || this.script.rotate)) {
      out.refresh_token = random();
      grant.family.serial = (grant.family.serial ?? 0) + 1;
      this.refresh.set(out.refresh_token, { grant, serial: grant.family.serial });
    }
    out.id_token = this.idToken(refreshing ? { ...grant, nonce: undefined } : grant,
      this.profile.noAtHash ? {} : { at_hash: halfHash(this.script.alg, accessToken) });
    res.setHeader('cache-control', 'no-store');
    return sendJson(res, 200, out);
  }

  // --- the others

  userinfo(request, res) {
    const grant = this.access.get(/^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]);
    if (!grant) this.refuse(401, 'invalid_token', 'userinfo: no valid access token');
    const claims = { sub: this.script.user.sub, ...this.profile.userinfo(this, grant), ...this.script.userinfo.claims };
    for (const name of this.script.userinfo.remove ?? []) delete claims[name];
    return sendJson(res, 200, claims);
  }

  // Comes back only to a registered address and with what the provider wants to see; else the person stays there.
  logout(request, res) {
    const params = { ...request.query, ...request.form };
    const grant = this.idTokens.get(params.id_token_hint);
    const client = this.script.clients[grant?.client_id ?? params.client_id];
    const target = this.profile.logoutTarget
      ? this.profile.logoutTarget(this, params, grant, client)
      : grant && params.post_logout_redirect_uri;
    if (params.id_token_hint !== undefined && !grant) this.fail('logout: unknown id_token_hint');
    if (!target) return sendHtml(res, 200, '<!doctype html><title>Portal</title><p>You are signed out of the portal.');
    if (!client?.logout_uris?.includes(target)) {
      this.fail(`logout: ${target} is not registered`);
      return sendHtml(res, 400, '<!doctype html><title>Error</title><p>The return address is not registered.');
    }
    const back = new URL(target);
    if (params.state !== undefined && params.post_logout_redirect_uri) back.searchParams.set('state', params.state);
    res.writeHead(302, { location: back.href, 'content-length': 0 });
    return res.end();
  }

  discovery(request, res, limits) {
    const body = this.profile.document?.(this) ?? this.document;
    return this.meta(res, body, { ...this.profile.headers.discovery, ...limits });
  }

  jwks(request, res, limits) { return this.meta(res, this.keySet(), { ...this.profile.headers.jwks, ...limits }); }

  meta(res, body, headers) {
    res.writeHead(200, { 'content-type': 'application/json', ...headers, 'content-length': Buffer.byteLength(body) });
    return res.end(body);
  }

  logoutToken({ client, claims = {}, remove = [] }) {
    const out = { iss: this.issuer, aud: client, sub: this.script.user.sub, iat: now(), exp: now() + 120, jti: random(),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} }, ...claims };
    for (const name of remove) delete out[name];
    return this.sign(out, client, {}, 'logout+jwt');
  }
}

// --- the server -----------------------------------------------------------------------------------------------------

const providers = (config.providers ?? []).map((entry) => new Provider(entry));
// Now, because on a busy machine a caller would not wait for them.
for (const key of new Set(providers.flatMap((p) => [...p.script.keys, p.script.sign]))) keyPair(key);

// Several tenants or applications may share an endpoint: whose client or whose token is it?
function find(url, form, headers) {
  const place = url.origin + url.pathname;
  const all = providers.filter((p) => p.places.has(place));
  const [, kind, value] = /^(Basic|Bearer) (.*)$/i.exec(headers.authorization ?? '') ?? [];
  const basic = kind?.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString().split(':')[0] : undefined;
  const client = form.client_id ?? url.searchParams.get('client_id') ?? basic;
  const one = all.find((p) => p.script.clients[client] || p.access.has(value)) ?? all[0];
  return one && [one, one.places.get(place)];
}

async function serve(req, res) {
  const url = new URL(req.url, `https://${req.headers.host}`);
  const body = await readBody(req);
  const isForm = /urlencoded/.test(req.headers['content-type'] ?? '');
  const form = Object.fromEntries(new URLSearchParams(isForm ? body : ''));
  const [provider, endpoint] = find(url, form, req.headers) ?? [];
  const request = { provider: provider?.id, endpoint, method: req.method, host: url.host, path: url.pathname,
    query: Object.fromEntries(url.searchParams), form, headers: req.headers };
  requests.push(request);
  if (!provider) return sendJson(res, 404, { error: 'not_found' });
  try {
    const limits = provider.limit(endpoint, res);
    return limits && await provider[endpoint](request, res, limits);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return sendJson(res, error.status, { error: error.error, error_description: error.message });
  }
}

async function control(req, res) {
  const body = await readBody(req);
  const order = body ? JSON.parse(body) : {};
  switch (req.url) {
    case '/_facts': return sendJson(res, 200, { tls_port: tlsPort,
      providers: Object.fromEntries(providers.map((p) => [p.id, p.issuer])) });
    case '/_control':
      for (const [id, script] of Object.entries(order)) merge(providers.find((p) => p.id === id).script, script);
      return sendJson(res, 200, { ok: true });
    case '/_reset':
      providers.forEach((p) => p.reset());
      [requests, failures] = [[], []];
      return sendJson(res, 200, { ok: true });
    case '/_requests': return sendJson(res, 200, requests);
    case '/_failures': return sendJson(res, 200, failures);
    case '/_logout':
      return sendJson(res, 200, { token: providers.find((p) => p.id === order.provider).logoutToken(order) });
    default: return sendJson(res, 404, { error: 'no such control' });
  }
}

const guard = (handle) => (req, res) => {
  handle(req, res).catch((error) => {
    process.stderr.write(`emulate: ${error.stack}\n`);
    if (res.headersSent) res.destroy();
    else sendJson(res, 500, { error: 'server_error', error_description: error.message });
  });
};

const tls = { key: readFileSync(config.tls.key), cert: readFileSync(config.tls.cert) };
const tlsPort = await listen(https.createServer(tls, guard(serve)), 0, '127.0.0.1');
const proxy = http.createServer(guard(control));
proxy.on('connect', (req, client) => {
  const upstream = net.connect(tlsPort, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.pipe(client).pipe(upstream);
  });
  upstream.on('error', () => client.destroy());
  client.on('error', () => upstream.destroy());
});
announce(`http://127.0.0.1:${await listen(proxy, config.port, '127.0.0.1')}`);
