// SPDX-License-Identifier: Apache-2.0
// A provider that can lie. Honest and strict by default; every sentence it says can be changed by a test in one JSON.
//
//   node scripted.mjs [FILE.json | '{…}']      prints "READY <issuer>" when it serves
//
// Start only: host ("127.0.0.1"), port (0), name (host name inside the issuer), path ("": issuer path such as "/a/b"),
// tls {key, cert, ca: PEM files; min, max: "TLSv1.2"; client: true asks for a client certificate}. Everything else is
// the script, and the script at the start is what POST /_reset returns to.
//
// Control, on the same port (never recorded):
//   POST /_control  JSON, merged into the script. {"$clear": true, …} empties a member first; null is a value.
//   POST /_reset    back to the script of the start; forgets requests, failures, codes and tokens
//   GET  /_requests[?path=/token]   [{n, time, method, path, url, query, headers, body, form, cert}]
//   GET  /_failures   what was wrong with requests: ["token: PKCE: verifier does not fit", …]
//   POST /_sign     {"token": {…as id_token…}, "claims": {…}, "typ": "at+jwt"} → {"token": "…"}
//                   (both take "as": "/a", one of many issuers)
//   POST /_logout   {"to": URL, "token": {…as id_token…}, "client": "public", "body"?, "type"?, "method"?} signs a
//                   logout token, sends it to the back-channel endpoint → {status, headers, body, token}
//
// The script:
//   user       claims of the person: {"sub": "alice", "email": …}; in the ID token and at userinfo
//   clients    {"ID": {"auth": "none"|"client_secret_basic"|"client_secret_post"|"client_secret_jwt"|"private_key_jwt"|
//              "tls"|"any", "secret": …, "jwks": {…} or "pem": …, "redirect_uris": […] (absent: any)}}
//   strict     {"pkce", "client", "redirect", "once", "request"}: true; false stops checking (failures are still
//              recorded)
//   tokens     {"refresh": "always"|"offline_access"|"never", "expires_in": 3600, "at_hash": true,
//              "refresh_id_token": true,
//              "refresh_nonce": false, "rotate": true, "family": false (true: a spent refresh token revokes all that came
//              of its login, RFC 9700 4.14.2)}
//   id_token   how the ID token is made (token endpoint); front_id_token (authorization response) and
//              refreshed_id_token
//              are merged over it for theirs:
//              claims {set}, remove [names], append "raw members", json (other claims object), payload "exact text",
//              payload_hex, suffix "text after the object", wrap "array"; alg; key (name, below); kid (null: none);
//              header {set}, header_remove, header_append, header_json, header_suffix; sign_as (alg that really signs);
//              signature_hex; salt (PSS); der (ECDSA); padding; tamper: signature | payload | strip | two-parts |
//              four-parts | junk | newline | trailing-bits | json | standard | short | long; raw: the whole token; value:
//              any JSON in its place; encrypt {pem (public key), alg, enc, header {…, epk: "wrong"}, tamper: key|iv|text|tag}
//   keys       k1 k2 k3 enc attacker rsa1024 rsa4096 ec256 ec384 ec521 attacker_ec ed25519 attacker_ed, made when used.
//              HS*: "secret" (default), "empty", "text:…", "pem:k1", "der:k1", "jwk:k1". kid = name of the key
//   discovery jwks token userinfo authorize end_session par introspection revocation: each an answer; merged over it:
//              set {…}, remove […], append, json, wrap "array", suffix    the JSON object of the answer
//              status, headers {name: value | null}, type, body "text", body_hex, charset "utf16"|"bom"
//              delay ms, hang, drip [bytes, ms], endless, cut bytes, reset, redirect URL (status 302 unless told),
//              wire "HTTP/1.1 200 OK\r\n…${length}…${body}" (these bytes instead; wire_open: true leaves the connection open)
//              next [ {…}, … ]: each merged over the above for one request, then used up
//   jwks also  keys [names], private [names], tweak {"k1": {"use": null, "kid": "x", …}} (null removes), extra [JWKs],
//              filler n (EC keys before ours)
//   userinfo also  jwt {…as id_token…}: answers application/jwt
//   authorize also params: set / remove / dup {name: second value}; error, error_description (instead of a code);
//              mode query|fragment|form_post; to (another redirect target); location (the whole URL); iss false (no RFC
//              9207 iss); page true (a login form instead of an immediate answer); raw "&text" put after the parameters
//
// Values anywhere: "${…}" = iss issuer client_id nonce state code redirect_uri access_token sub now port origin;
//   {"$now": seconds}, {"$raw": "JSON text"}, {"$repeat": ["x", n]}, {"$list": ["g${i}", n]}, {"$nest": depth},
//   {"$bytes": "hex"} (a string of these bytes), {"$upper": "text"}.
import http from 'node:http';
import https from 'node:https';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { announce, escapeHtml, listen, readBody, readConfig, sendHtml, sendJson } from './lib/server.mjs';
import { defaultKey, halfHash, jwkOf, verifyAssertion } from './lib/keys.mjs';
import { answer, expand, merge } from './lib/script.mjs';
import { makeToken } from './lib/token.mjs';

const { host = '127.0.0.1', port: wantedPort, name, path = '', tls, many, ...first } = readConfig(process.argv[2]);

const honest = {
  user: { sub: 'alice', email: 'alice@example.com', email_verified: true, name: 'Alice Müller',
    preferred_username: 'alice', groups: ['admins', 'staff'], realm_access: { roles: ['admin', 'user'] } },
  clients: {
    public: { auth: 'none' },
    basic: { auth: 'client_secret_basic', secret: 'a basic secret + with / odd & characters %' },
    post: { auth: 'client_secret_post', secret: 'a-post-secret-of-32-characters-or-so' },
    jwt: { auth: 'client_secret_jwt', secret: 'a-jwt-secret-of-at-least-32-characters' },
  },
  strict: { pkce: true, client: true, redirect: true, once: true, request: true },
  tokens: { refresh: 'offline_access', expires_in: 3600, at_hash: true, refresh_id_token: true, rotate: true },
  id_token: {}, front_id_token: {}, refreshed_id_token: {},
  discovery: {}, jwks: { keys: ['k1', 'ec256', 'ec384', 'ec521', 'ed25519'] }, token: {}, userinfo: {}, authorize: {},
  end_session: {}, par: {}, introspection: {}, revocation: {},
};
const beginning = merge(structuredClone(honest), first);

let script;
let requests;
let failures;
let codes;
let access;
let refresh;
let spent;
let pushed;
function reset() {
  script = structuredClone(beginning);
  [requests, failures] = [[], []];
  [codes, access, refresh, spent, pushed] = [new Map(), new Map(), new Map(), new Map(), new Map()];
}
reset();

let issuer;
let origin;
let base = path;
function speakAs(segment) {
  base = segment;
  issuer = origin + base;
}
const random = () => randomBytes(24).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const fail = (text) => { failures.push(text); };

function factsOf(more = {}) {
  return { iss: issuer, issuer, origin, port: new URL(origin).port, now: now(), sub: script.user.sub,
    default_key: (alg) => defaultKey[alg], ...more };
}

// The script of an endpoint for this request: one of "next" is used up.
function scriptOf(endpoint) {
  const { next, ...rest } = script[endpoint] ?? {};
  return next?.length ? merge(structuredClone(rest), next.shift()) : rest;
}

class Refusal extends Error {
  constructor(status, error, description) {
    super(description);
    Object.assign(this, { status, error });
  }
}

function refuse(rule, status, error, text) {
  fail(text);
  if (script.strict[rule]) throw new Refusal(status, error, text);
}

// --- discovery and keys ---------------------------------------------------------------------------------------------

function metadata() {
  const url = (path) => `${origin}${base}${path}`;
  return {
    issuer,
    authorization_endpoint: url('/authorize'), token_endpoint: url('/token'), userinfo_endpoint: url('/userinfo'),
    jwks_uri: url('/jwks'), end_session_endpoint: url('/end_session'), revocation_endpoint: url('/revoke'),
    introspection_endpoint: url('/introspect'), pushed_authorization_request_endpoint: url('/par'),
    response_types_supported: ['code', 'id_token', 'code id_token'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token'], subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt',
      'private_key_jwt', 'tls_client_auth'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    code_challenge_methods_supported: ['S256'], authorization_response_iss_parameter_supported: true,
    claims_supported: Object.keys(script.user), backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  };
}

function keySet(told) {
  const tweak = (jwk) => {
    const out = { ...jwk, ...(told.tweak?.[jwk.kid] ?? {}) };
    for (const [member, value] of Object.entries(out)) if (value === null) delete out[member];
    return out;
  };
  const one = told.filler ? jwkOf('attacker_ec') : {};
  const filler = Array.from({ length: told.filler ?? 0 }, (_, i) => ({ ...one, kid: `filler-${i}` }));
  return { keys: [...filler, ...(told.keys ?? []).map((key) => tweak(jwkOf(key))),
    ...(told.private ?? []).map((key) => tweak(jwkOf(key, true))), ...expand(told.extra ?? [], factsOf(), [])] };
}

// --- authorization --------------------------------------------------------------------------------------------------

// What a strict provider demands of an authorization request (OIDC Core 3.1.2.1, RFC 9700 2.1, RFC 7636 4.3).
function checkAuthorization(query, doubled) {
  const want = (ok, text) => { if (!ok) refuse('request', 400, 'invalid_request', `authorize: ${text}`); };
  const client = script.clients[query.client_id];
  if (!client) throw new Refusal(400, 'invalid_client', 'authorize: unknown client');
  want(doubled.length === 0, `parameters given twice: ${doubled}`);
  want(query.redirect_uri, 'no redirect_uri');
  want(!client.redirect_uris || client.redirect_uris.includes(query.redirect_uri),
      `redirect_uri ${query.redirect_uri}`);
  want(['code', 'id_token', 'code id_token'].includes(query.response_type), `response_type ${query.response_type}`);
  want((query.scope ?? '').split(' ').includes('openid'), 'scope without openid');
  want(query.state, 'no state');
  want(query.nonce, 'no nonce');
  if (query.response_type?.includes('code')) {
    want(query.code_challenge_method === 'S256', `code_challenge_method ${query.code_challenge_method}`);
    want(/^[\w-]{43}$/.test(query.code_challenge ?? ''), 'code_challenge is not 43 characters of base64url');
  }
  for (const secret of ['client_secret', 'code_verifier', 'client_assertion'])
    want(query[secret] === undefined, `${secret} in the authorization request`);
}

function idToken(grant, which, more, accessToken, code) {
  const told = which === 'id_token' ? script.id_token : merge(structuredClone(script.id_token), script[which]);
  if (told.value !== undefined) return told.value;
  const alg = told.alg ?? 'RS256';
  const { sub, ...rest } = script.user;
  const claims = { iss: issuer, sub, aud: grant.client_id, iat: now(), exp: now() + 600, auth_time: grant.auth_time,
    sid: grant.sid, ...(grant.nonce ? { nonce: grant.nonce } : {}), ...rest, ...more };
  if (accessToken && script.tokens.at_hash) claims.at_hash = halfHash(alg, accessToken);
  if (code) claims.c_hash = halfHash(alg, code);
  const facts = factsOf({ ...grant, code, access_token: accessToken });
  return makeToken(claims, told, facts, { secret: script.clients[grant.client_id]?.secret });
}

function authorizationAnswer(query, told) {
  const params = {};
  const grant = { client_id: query.client_id, redirect_uri: query.redirect_uri, nonce: query.nonce, state: query.state,
    scope: query.scope ?? '', challenge: query.code_challenge, auth_time: now(), sid: random(),
    family: { revoked: false } };
  if (told.error) {
    params.error = told.error;
    if (told.error_description) params.error_description = told.error_description;
  } else {
    const types = (query.response_type ?? 'code').split(' ');
    const code = types.includes('code') ? random() : undefined;
    if (code) {
      codes.set(code, grant);
      params.code = code;
    }
    if (types.includes('id_token')) params.id_token = idToken(grant, 'front_id_token', {}, undefined, code);
  }
  if (query.state !== undefined) params.state = query.state;
  if (told.iss !== false) params.iss = issuer;
  const facts = factsOf({ ...grant, code: params.code });
  for (const [key, value] of Object.entries(told.set ?? {})) params[key] = expand(value, facts, []);
  for (const key of told.remove ?? []) delete params[key];
  const list = [...Object.entries(params),
      ...Object.entries(told.dup ?? {}).map(([k, v]) => [k, expand(v, facts, [])])];
  return { list, facts };
}

function authorize(res, query, told) {
  const { list, facts } = authorizationAnswer(query, told);
  const target = told.to ? expand(told.to, facts, []) : query.redirect_uri;
  const mode = told.mode ?? query.response_mode ?? (query.response_type?.includes('id_token') ? 'fragment' : 'query');
  if (mode === 'form_post') {
    const inputs = list.map(([k, v]) => `<input type="hidden" name="${escapeHtml(k)}" value="${escapeHtml(v)}">`);
    return sendHtml(res, 200, `<!doctype html><title>One moment</title><form method="post" action="${escapeHtml(target)}">
${inputs.join('\n')}
<noscript><button type="submit">Continue</button></noscript></form><script>document.forms[0].submit()</script>`);
  }
  const text = new URLSearchParams(list).toString() + (told.raw ?? '');
  const glue = mode === 'fragment' ? '#' : target.includes('?') ? '&' : '?';
  const location = told.location !== undefined ? expand(told.location, facts, []) : target + glue + text;
  res.writeHead(told.status ?? 303, { location, 'cache-control': 'no-store', 'content-length': 0 });
  return res.end();
}

function loginPage(res, query) {
  const inputs = Object.entries(query)
    .map(([k, v]) => `<input type="hidden" name="${escapeHtml(k)}" value="${escapeHtml(v)}">`).join('\n');
  sendHtml(res, 200, `<!doctype html><title>Sign in</title><h1>Sign in</h1><form method="post" action="${base}/authorize">
${inputs}
<input name="login" value="${escapeHtml(script.user.sub)}"><button type="submit">Sign in</button></form>`);
}

// --- token ----------------------------------------------------------------------------------------------------------

const unform = (text) => decodeURIComponent(text.replace(/\+/g, ' '));

// Which client speaks, by exactly one method, the one it registered (RFC 6749 2.3). Returns its id.
function authenticate(request) {
  const { form, headers, cert } = request;
  const where = request.path.slice(base.length + 1);
  const bad = (text) => refuse('client', 401, 'invalid_client', `${where}: client: ${text}`);
  const used = [];
  let id = form.client_id;
  let secret;
  if (headers.authorization !== undefined) {
    used.push('client_secret_basic');
    const [user, ...rest] = Buffer.from(headers.authorization.replace(/^Basic /i, ''), 'base64').toString().split(':');
    try {
      [id, secret] = [unform(user), unform(rest.join(':'))];
    } catch {
      bad('Basic is not form-encoded');
    }
    if (form.client_id !== undefined && form.client_id !== id) bad('two client ids');
  }
  if (form.client_secret !== undefined) {
    used.push('client_secret_post');
    secret = form.client_secret;
  }
  if (form.client_assertion !== undefined) {
    id ??= JSON.parse(Buffer.from(form.client_assertion.split('.')[1], 'base64url')).sub;
    used.push(script.clients[id]?.auth === 'client_secret_jwt' ? 'client_secret_jwt' : 'private_key_jwt');
  }
  if (cert) used.push('tls');
  const client = script.clients[id];
  if (!client) {
    bad(`unknown client ${id}`);
    return id;
  }
  if (used.length > 1) bad(`several methods: ${used}`);
  const method = used[0] ?? 'none';
  if (client.auth !== 'any' && client.auth !== method) bad(`${method} instead of ${client.auth}`);
  if (method.match(/basic|post/) && client.secret !== secret) bad('wrong secret');
  if (method.endsWith('_jwt')) checkAssertion(form, client, id, bad);
  return id;
}

function checkAssertion(form, client, id, bad) {
  try {
    const { claims } = verifyAssertion(form.client_assertion, client);
    const audiences = [].concat(claims.aud);
    if (claims.iss !== id || claims.sub !== id) bad('assertion: iss and sub are not the client');
    if (!audiences.some((aud) => [issuer, `${origin}${base}/token`].includes(aud))) bad(`assertion: aud ${audiences}`);
    if (!(claims.exp > now() && claims.exp <= now() + 600)) bad('assertion: exp');
    if (!claims.jti) bad('assertion: no jti');
    if (form.client_assertion_type !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') bad('assertion type');
  } catch (error) {
    if (error instanceof Refusal) throw error;
    bad(`assertion: ${error.message}`);
  }
}

function redeemCode(form, client) {
  const grant = codes.get(form.code);
  if (!grant) throw new Refusal(400, 'invalid_grant', 'token: unknown code');
  if (grant.used) refuse('once', 400, 'invalid_grant', 'token: code used twice');
  grant.used = true;
  if (grant.client_id !== client) refuse('client', 400, 'invalid_grant', 'token: code of another client');
  if (grant.redirect_uri !== form.redirect_uri) refuse('redirect', 400, 'invalid_grant', 'token: redirect_uri differs');
  const verifier = form.code_verifier ?? '';
  if (!/^[\w.~-]{43,128}$/.test(verifier)) refuse('pkce', 400, 'invalid_grant', 'token: PKCE: verifier is malformed');
  else if (createHash('sha256').update(verifier).digest('base64url') !== grant.challenge)
    refuse('pkce', 400, 'invalid_grant', 'token: PKCE: verifier does not fit');
  return grant;
}

// A token endpoint that is told to fail or to hang spends no refresh token.
function redeemRefresh(form, client, told) {
  const grant = refresh.get(form.refresh_token);
  if (!grant || grant.family.revoked) {
    fail('token: refresh token unknown or used before');
    if (script.tokens.family && spent.has(form.refresh_token)) spent.get(form.refresh_token).revoked = true;
    throw new Refusal(400, 'invalid_grant', 'refresh token unknown or used before');
  }
  if (grant.client_id !== client) refuse('client', 400, 'invalid_grant', 'token: refresh token of another client');
  if (script.tokens.rotate && !(told.status >= 400 || told.hang)) {
    refresh.delete(form.refresh_token);
    spent.set(form.refresh_token, grant.family);
  }
  return { ...grant, refreshed: true, nonce: script.tokens.refresh_nonce ? grant.nonce : undefined };
}

function tokenAnswer(request, told) {
  const { form } = request;
  if (request.method !== 'POST') throw new Refusal(405, 'invalid_request', 'token: not a POST');
  if (!/^application\/x-www-form-urlencoded\b/.test(request.headers['content-type'] ?? ''))
    refuse('request', 400, 'invalid_request', 'token: content type');
  const client = authenticate(request);
  let grant;
  if (form.grant_type === 'authorization_code') grant = redeemCode(form, client);
  else if (form.grant_type === 'refresh_token') grant = redeemRefresh(form, client, told);
  else throw new Refusal(400, 'unsupported_grant_type', `token: grant_type ${form.grant_type}`);
  const accessToken = random();
  access.set(accessToken, grant);
  const out = { access_token: accessToken, token_type: 'Bearer', expires_in: script.tokens.expires_in,
      scope: grant.scope };
  if (!grant.refreshed) out.id_token = idToken(grant, 'id_token', {}, accessToken);
  else if (script.tokens.refresh_id_token) out.id_token = idToken(grant, 'refreshed_id_token', {}, accessToken);
  const wants = script.tokens.refresh === 'always'
    || (script.tokens.refresh === 'offline_access' && grant.scope.split(' ').includes('offline_access'));
  if (wants && (!grant.refreshed || script.tokens.rotate)) {
    out.refresh_token = random();
    refresh.set(out.refresh_token, grant);
  }
  return { object: out, facts: factsOf({ ...grant, code: form.code, access_token: accessToken, id_token: out.id_token }) };
}

// --- the others -----------------------------------------------------------------------------------------------------

function userinfoAnswer(request, told) {
  const token = /^Bearer ([\w-]+)$/.exec(request.headers.authorization ?? '')?.[1];
  const grant = access.get(token);
  if (request.query.access_token) fail('userinfo: token in the query');
  if (!grant) throw new Refusal(401, 'invalid_token', 'userinfo: no valid access token');
  const facts = factsOf({ ...grant, access_token: token });
  if (!told.jwt) return { object: { ...script.user }, facts };
  const claims = { iss: issuer, aud: grant.client_id, ...script.user };
  return { body: makeToken(claims, told.jwt, facts, { secret: script.clients[grant.client_id]?.secret }),
    type: 'application/jwt', facts };
}

function introspectionAnswer(request) {
  authenticate(request);
  const grant = access.get(request.form.token);
  if (!grant) return { object: { active: false } };
  return { object: { active: true, iss: issuer, sub: script.user.sub, client_id: grant.client_id, scope: grant.scope,
    token_type: 'Bearer', exp: now() + 3600, iat: now(), username: script.user.preferred_username } };
}

function endSession(request) {
  const params = { ...request.query, ...request.form };
  if (!params.post_logout_redirect_uri)
    return { status: 200, type: 'text/html', body: '<!doctype html><title>Signed out</title><p>Signed out.' };
  const to = new URL(params.post_logout_redirect_uri);
  if (params.state !== undefined) to.searchParams.set('state', params.state);
  return { status: 303, headers: { location: to.href } };
}

function pushedAnswer(request) {
  authenticate(request);
  const uri = `urn:ietf:params:oauth:request_uri:${random()}`;
  pushed.set(uri, request.form);
  return { status: 201, object: { request_uri: uri, expires_in: 60 } };
}

async function logoutToken(order) {
  const client = order.client ?? 'public';
  const claims = { iss: issuer, aud: client, sub: script.user.sub, iat: now(), exp: now() + 120, jti: random(),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} } };
  const token = makeToken(claims, order.token ?? {}, factsOf({ client_id: client }),
    { typ: 'logout+jwt', secret: script.clients[client]?.secret });
  const answered = await fetch(order.to, {
    method: order.method ?? 'POST', redirect: 'manual',
    headers: { 'content-type': order.type ?? 'application/x-www-form-urlencoded' },
    body: (order.method ?? 'POST') === 'GET' ? undefined
        : order.body ?? new URLSearchParams({ logout_token: token }).toString(),
  });
  return { status: answered.status, headers: Object.fromEntries(answered.headers), body: await answered.text(), token };
}

// --- the server -----------------------------------------------------------------------------------------------------

async function control(req, res, url) {
  const body = await readBody(req);
  const order = body ? JSON.parse(body) : {};
  if (order.as) speakAs(order.as);
  switch (url.pathname) {
    case '/_control': merge(script, order); return sendJson(res, 200, { ok: true });
    case '/_reset': reset(); return sendJson(res, 200, { ok: true });
    case '/_requests': {
      const wanted = url.searchParams.get('path');
      return sendJson(res, 200, requests.filter((r) => !wanted || r.path === wanted || r.path === base + wanted));
    }
    case '/_failures': return sendJson(res, 200, failures);
    case '/_sign': {
      const claims = { iss: issuer, sub: script.user.sub, iat: now(), exp: now() + 600, ...order.claims };
      const facts = factsOf({ client_id: order.client });
      return sendJson(res, 200, { token: makeToken(claims, order.token ?? {}, facts,
        { typ: order.typ, secret: script.clients[order.client]?.secret }) });
    }
    case '/_logout': return sendJson(res, 200, await logoutToken(order));
    default: return sendJson(res, 404, { error: 'no such control' });
  }
}

async function authorizeEndpoint(request, res) {
  let query = request.method === 'POST' ? request.form : request.query;
  if (query.request_uri) {
    const own = pushed.get(query.request_uri);
    if (!own || own.client_id !== query.client_id) fail('authorize: request_uri unknown, or of another client');
    if (Object.keys(query).length !== 2) fail(`authorize: beside a request_uri: ${Object.keys(query)}`);
    query = { ...(own ?? {}), client_id: query.client_id };
  }
  const told = scriptOf('authorize');
  checkAuthorization(query, request.doubled);
  const plain = ['hang', 'delay', 'endless', 'body', 'redirect', 'reset'].some((word) => told[word] !== undefined);
  if (plain) return answer(request.req, res, { status: 200, type: 'text/html' }, told, factsOf(query));
  if (told.page && request.method === 'GET') return loginPage(res, query);
  return authorize(res, query, told);
}

const endpoints = {
  '/.well-known/openid-configuration': ['discovery', () => ({ object: metadata() })],
  '/jwks': ['jwks', (request, told) => ({ object: keySet(told) })],
  '/token': ['token', tokenAnswer],
  '/userinfo': ['userinfo', userinfoAnswer],
  '/introspect': ['introspection', introspectionAnswer],
  '/revoke': ['revocation', (request) => { authenticate(request); return { object: {} }; }],
  '/end_session': ['end_session', endSession],
  '/par': ['par', pushedAnswer],
};

async function serve(req, res) {
  const url = new URL(req.url, origin);
  if (url.pathname.startsWith('/_')) return control(req, res, url);
  const body = await readBody(req);
  if (many) speakAs(/^\/[^/]*/.exec(url.pathname)[0]);
  const isForm = /^application\/x-www-form-urlencoded\b/.test(req.headers['content-type'] ?? '');
  const form = isForm ? new URLSearchParams(body) : new URLSearchParams();
  const names = [...url.searchParams.keys()];
  const certificate = req.socket.getPeerCertificate?.();
  const request = { n: requests.length, time: Date.now(), method: req.method, path: url.pathname, url: req.url,
    query: Object.fromEntries(url.searchParams), headers: req.headers, body, form: Object.fromEntries(form),
    cert: certificate?.subject ? certificate.fingerprint256 : undefined,
    doubled: names.filter((key, i) => names.indexOf(key) !== i) };
  requests.push(request);
  if (!url.pathname.startsWith(base)) return sendJson(res, 404, { error: 'not_found' });
  const path = url.pathname.slice(base.length);
  if (path === '/authorize') return authorizeEndpoint({ ...request, req }, res);
  if (!endpoints[path]) return sendJson(res, 404, { error: 'not_found' });
  const [endpoint, make] = endpoints[path];
  const told = scriptOf(endpoint);
  let own;
  try {
    own = { type: 'application/json', facts: factsOf(), ...make(request, told) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    own = { status: error.status, type: 'application/json', facts: factsOf(),
      object: { error: error.error, error_description: error.message } };
    if (error.status === 401) own.headers = { 'www-authenticate': 'Bearer realm="scripted"' };
  }
  return answer(req, res, own, told, own.facts);
}

function handle(req, res) {
  serve(req, res).catch((error) => {
    const status = error instanceof Refusal ? error.status : 500;
    if (!(error instanceof Refusal)) process.stderr.write(`scripted: ${error.stack}\n`);
    if (res.headersSent) res.destroy();
    else sendJson(res, status, { error: error.error ?? 'server_error', error_description: error.message });
  });
}

const secure = tls && { key: readFileSync(tls.key), cert: readFileSync(tls.cert), ca: tls.ca && readFileSync(tls.ca),
  requestCert: tls.client, rejectUnauthorized: false, minVersion: tls.min, maxVersion: tls.max };
const server = tls ? https.createServer(secure, handle) : http.createServer(handle);
const port = await listen(server, wantedPort, host);
origin = `${tls ? 'https' : 'http'}://${name ?? host}:${port}`;
speakAs(path);
announce(issuer);
