// SPDX-License-Identifier: Apache-2.0
// A real provider for tests and demo: the certified npm package oidc-provider, in memory, on the loopback.
//
//   node real.mjs [FILE.json | '{…}']        prints "READY <issuer>" when it serves
//
// Configuration (everything may be left out):
//   host, port      what it listens on: "127.0.0.1" and 0 (a port from the kernel)
//   name            host name inside the issuer: "127.0.0.1" or "localhost"; default: host
//   clients         as oidc-provider takes them: client_id, client_secret, token_endpoint_auth_method, redirect_uris,
//                   post_logout_redirect_uris, …; default: see clientsFor(origin)
//   origin          origin of the site under test; fills the default clients' redirect URIs ("http://127.0.0.1:8080")
//   accounts        { "alice": { …claims } }, merged over the two below; the password is the user name, or "password"
//   consent         true: ask; default: a first login grants everything that was asked for
//   logoutConfirm   false: an RP-initiated logout ends the session without a question
//   configuration   anything of oidc-provider's own configuration, merged last (plain JSON values)
//
// Own paths: GET /_requests (what was asked of it), POST /_accounts (JSON: account → claims to merge, null removes).
import http from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { announce, listen, readBody, readConfig, sendHtml, sendJson } from './lib/server.mjs';
import { consentPage, errorPage, loginPage, logoutPage, page } from './lib/page.mjs';
import './lib/quiet.mjs';
import Provider from 'oidc-provider';

const config = readConfig(process.argv[2]);
const host = config.host ?? '127.0.0.1';

const accounts = {
  alice: {
    email: 'alice@example.com', email_verified: true, name: 'Alice Müller', given_name: 'Alice', family_name: 'Müller',
    preferred_username: 'alice', locale: 'de-DE', groups: ['admins', 'data-stewards'],
    realm_access: { roles: ['catalog-admin', 'catalog-reader'] },
  },
  bob: {
    email: 'bob@example.com', email_verified: true, name: 'Bob Okoye', given_name: 'Bob', family_name: 'Okoye',
    preferred_username: 'bob', locale: 'en-GB', groups: ['readers'], realm_access: { roles: ['catalog-reader'] },
  },
};
for (const [id, claims] of Object.entries(config.accounts ?? {})) accounts[id] = { ...accounts[id], ...claims };

// One client for each way to authenticate; all may return to the callback of the default and of a named provider.
function clientsFor(origin) {
  const common = {
    redirect_uris: ['/callback', ...['', '/default', '/second', '/other'].map((name) => `/sso/callback${name}`)]
      .map((path) => origin + path),
    post_logout_redirect_uris: ['/', '/sso/logout', '/signed-out', '/bye'].map((path) => origin + path),
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  };
  return [
    { ...common, client_id: 'public', client_name: 'Metadata catalogue', token_endpoint_auth_method: 'none' },
    { ...common, client_id: 'basic', client_secret: 'a basic secret + with / odd & characters %',
      token_endpoint_auth_method: 'client_secret_basic' },
    { ...common, client_id: 'post', client_secret: 'a-post-secret-of-32-characters-or-so',
      token_endpoint_auth_method: 'client_secret_post' },
  ];
}

function newKeys() {
  const jwk = (pair, kid, alg) => ({ ...pair.privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' });
  return [
    jwk(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'rsa'), // no alg: for RS256 and PS256
    jwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'es', 'ES256'),
    jwk(generateKeyPairSync('ed25519'), 'ed', 'EdDSA'),
  ];
}

async function grantAll(ctx) {
  const { client, session, result, params, provider } = ctx.oidc;
  const known = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const grant = (known && await provider.Grant.find(known))
    || new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  if (config.consent) return known ? grant : undefined;
  if (params.scope) grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

const profile = ['name', 'given_name', 'family_name', 'preferred_username', 'locale', 'picture', 'updated_at', 'groups',
  'realm_access', 'department'];

const configuration = {
  jwks: { keys: newKeys() },
  clients: config.clients ?? clientsFor(config.origin ?? 'http://127.0.0.1:8080'),
  cookies: { keys: [randomBytes(32).toString('hex')] },
  claims: { openid: ['sub', 'sid'], email: ['email', 'email_verified'], profile, groups: ['groups', 'realm_access'] },
  scopes: ['openid', 'offline_access'],
  conformIdTokenClaims: false,
  clientBasedCORS: () => false,
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  findAccount: (ctx, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
  pkce: { methods: ['S256'], required: (ctx, client) => client.tokenEndpointAuthMethod === 'none' },
  loadExistingGrant: grantAll,
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  renderError: (ctx, out) => {
    ctx.type = 'html';
    ctx.body = errorPage(out.error, out.error_description);
  },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 3600, RefreshToken: 86400,
    Session: 86400 },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    jwtUserinfo: { enabled: true },
    claimsParameter: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        const yes = '<input type="hidden" name="logout" value="yes"/></form><script>document.forms[0].submit()</script>';
        ctx.body = config.logoutConfirm === false
          ? `<!doctype html><title>Signing out</title>${form.replace('</form>', yes)}`
          : logoutPage({ form, client: ctx.oidc.client?.clientName ?? ctx.oidc.client?.clientId ?? 'the application' });
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = page('Signed out', '<p>You are signed out of the provider.</p>');
      },
    },
  },
};

// Plain objects merge, everything else replaces.
function merge(into, from) {
  for (const [key, value] of Object.entries(from ?? {})) {
    const both = [into[key], value].every((v) => v && typeof v === 'object' && !Array.isArray(v));
    into[key] = both ? merge(into[key], value) : value;
  }
  return into;
}

const requests = [];
let provider;
let callback;

async function interaction(req, res, uid, step) {
  const details = await provider.interactionDetails(req, res);
  if (details.uid !== uid) throw new Error('this is not the page you came from');
  const client = await provider.Client.find(details.params.client_id);
  const name = client.clientName ?? client.clientId;
  const action = `/interaction/${uid}`;
  const form = req.method === 'POST' ? new URLSearchParams(await readBody(req, 65536)) : null;

  if (form && step === 'abort') {
    const refused = { error: 'access_denied', error_description: 'The person said no.' };
    return provider.interactionFinished(req, res, refused, { mergeWithLastSubmission: false });
  }
  if (details.prompt.name === 'login') {
    const facts = { action, client: name, accounts: Object.keys(accounts).map((id) => ({ id })) };
    if (!form) return sendHtml(res, 200, loginPage({ ...facts, hint: details.params.login_hint }));
    const id = form.get('login') ?? '';
    if (!Object.hasOwn(accounts, id) || form.get('password') !== (accounts[id].password ?? id))
      return sendHtml(res, 401, loginPage({ ...facts, hint: id, failed: true }));
    const login = { accountId: id, acr: details.params.acr_values?.split(' ')[0], amr: ['pwd'] };
    return provider.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
  }
  if (!form) {
    const scopes = details.prompt.details.missingOIDCScope ?? ['confirmation'];
    return sendHtml(res, 200, consentPage({ action, abort: `${action}/abort`, client: name, scopes }));
  }
  const grant = (details.grantId && await provider.Grant.find(details.grantId))
    || new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope ?? 'openid');
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(req, res, { consent }, { mergeWithLastSubmission: true });
}

async function serve(req, res) {
  const path = req.url.split('?')[0];
  if (path === '/_requests') return sendJson(res, 200, requests);
  if (path === '/_accounts' && req.method === 'POST') {
    for (const [id, claims] of Object.entries(JSON.parse(await readBody(req)))) {
      if (claims === null) delete accounts[id];
      else accounts[id] = { ...accounts[id], ...claims };
    }
    return sendJson(res, 200, accounts);
  }
  requests.push({ method: req.method, url: req.url, path, headers: req.headers });
  const match = /^\/interaction\/([\w-]+)(?:\/(abort))?$/.exec(path);
  return match ? interaction(req, res, match[1], match[2]) : callback(req, res);
}

const server = http.createServer((req, res) => {
  serve(req, res).catch((error) => {
    if (!res.headersSent) sendHtml(res, 400, errorPage(error.name, error.message));
  });
});
const port = await listen(server, config.port, host);
const issuer = `http://${config.name ?? host}:${port}`;
provider = new Provider(issuer, merge(configuration, config.configuration));
callback = provider.callback();
announce(issuer);
