// SPDX-License-Identifier: Apache-2.0
// What makes each provider itself. One entry a kind, used by emulate.mjs:
//   place(args) -> {issuer, base (of the discovery address), swap [[recorded, ours], …], file}
//   headers {discovery, jwks} of the answers as recorded, dates left out; document(p) when the text depends on the
//   script
//   script: its habits; authorize(p, query, client) -> an error; idToken(p, grant), userinfo(p, grant): claims beside
//   sub; accessToken(p, grant) (undefined: opaque); params(p, grant): more members of the authorization response
//   logoutTarget(p, params, grant, client): where a logout comes back to (undefined: it stays there)
//   more(p): further addresses {URL: endpoint}
import { randomBytes } from 'node:crypto';

const pick = (from, names) =>
  Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
const profileClaims = ['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'picture',
  'website', 'zoneinfo', 'locale', 'updated_at'];
const emailClaims = ['email', 'email_verified'];

// OIDC Core 5.4: which claims a scope asks for.
function byScope({ user }, { scopes }) {
  return { ...(scopes.includes('profile') ? pick(user, profileClaims) : {}),
    ...(scopes.includes('email') ? pick(user, emailClaims) : {}) };
}

const invalidScope = (text) => ({ error: 'invalid_scope', error_description: text });
const random = () => randomBytes(24).toString('base64url');

// --- OneLogin -------------------------------------------------------------------------------------------------------

const oneloginHeaders = { vary: 'Origin', 'strict-transport-security': 'max-age=63072000; includeSubDomains;',
  'x-content-type-options': 'nosniff', 'cache-control': 'private', 'content-type': 'application/json; charset=utf-8' };

const onelogin = { // {name: subdomain}; script: groups_shape "array"|"text", params {…}
  place: ({ name = 'acme' }) => ({ issuer: `https://${name}.onelogin.com/oidc/2`,
    swap: [['common.onelogin.com', `${name}.onelogin.com`]] }),
  headers: {
    discovery: { ...oneloginHeaders,
      'set-cookie': 'ol_oidc_canary_115=false; path=/; domain=.onelogin.com; HttpOnly; Secure' },
    jwks: { ...oneloginHeaders,
      'set-cookie': 'ol_oidc_canary_115=true; path=/; domain=.onelogin.com; HttpOnly; Secure' },
  },
  script: { refresh: 'always', groups_shape: 'array', params: { department: 'Research' } },
  authorize: (p, { scope }) => (scope.split(' ').includes('offline_access')
    ? invalidScope('requested scope is not whitelisted: offline_access') : null),
  idToken(p, grant) {
    const { groups } = p.script.user;
    const shaped = p.script.groups_shape === 'text' ? groups?.join(';') : groups;
    return { ...byScope(p.script, grant), sid: grant.sid, acr: 'onelogin:nist:level:1:re-auth',
      ...(grant.scopes.includes('groups') && shaped ? { groups: shaped } : {}),
      ...(grant.scopes.includes('params') ? { params: p.script.params } : {}) };
  },
  userinfo(p, grant) { return { ...byScope(p.script, grant), ...pick(this.idToken(p, grant), ['groups', 'params']) }; },
};

// --- Auth0 ----------------------------------------------------------------------------------------------------------

const auth0Headers = { 'access-control-allow-origin': '*',
  'cache-control': 'public, max-age=15, stale-while-revalidate=15, stale-if-error=86400',
  vary: 'Accept-Encoding, Origin, Accept-Encoding', 'content-type': 'application/json; charset=utf-8' };
const auth0Reserved = ['groups', 'roles', 'permissions', 'entitlements', 'org_id', 'sid'];

// A collision of a custom claim with a reserved name drops it silently.
const customClaims = ({ script }) =>
  Object.fromEntries(Object.entries(script.custom_claims).filter(([name]) => !auth0Reserved.includes(name)));

const auth0 = { // {domain, variant: "old"|"new"}; script: custom_claims {…}, org (id of the person's organization)
  place: ({ domain = 'acme.eu.auth0.com', variant = 'new' }) => ({ issuer: `https://${domain}/`,
    file: variant === 'old' ? 'discovery.json' : 'discovery-new.json',
    swap: [['common.auth0.com', domain], ['auth.example.com', domain]] }),
  headers: { discovery: auth0Headers, jwks: auth0Headers },
  // Logout exists for all tenants; only newer ones announce it.
  more: (p) => ({ [`${p.issuer}oidc/logout`]: 'logout', [`${p.issuer}v2/logout`]: 'logout' }),
  script: { user: { sub: 'auth0|64a1f2c09e7d', nickname: 'alice', preferred_username: null, groups: null },
    keys: ['k1', 'k2'], overlap: 30, limits: { discovery: 300, jwks: 20 }, org: null,
    custom_claims: { 'https://acme.test/roles': ['catalog-admin', 'reader'] } },
  idToken(p, grant) {
    const organization = p.script.org ?? grant.query.organization;
    return { ...byScope(p.script, grant), sid: grant.sid, ...customClaims(p),
      ...(organization ? { org_id: organization } : {}) };
  },
  userinfo: (p, grant) => ({ ...byScope(p.script, grant), ...customClaims(p) }),
  accessToken(p, grant) {
    const { audience } = grant.query;
    if (!audience) return random();
    const iat = Math.floor(Date.now() / 1000);
    return p.sign({ iss: p.issuer, sub: p.script.user.sub, aud: [audience, `${p.issuer}userinfo`], iat,
      exp: iat + 86400,
      scope: grant.scopes.join(' '), azp: grant.client_id, jti: random() }, grant.client_id, {}, 'at+jwt');
  },
  logoutTarget(p, params, grant, client) {
    if (params.returnTo) return client && params.returnTo; // /v2/logout
    return grant || (params.logout_hint && params.client_id) ? params.post_logout_redirect_uri : undefined;
  },
};

// --- Okta -----------------------------------------------------------------------------------------------------------

const oktaHeaders = { server: 'nginx', p3p: 'CP="HONK"', vary: 'Origin', 'x-content-type-options': 'nosniff' };

const okta = { // {domain, server: id of a custom authorization server}
  place({ domain = 'acme.okta.com', server }) {
    const issuer = `https://${domain}${server ? `/oauth2/${server}` : ''}`;
    return { issuer, swap: [...(server ? [['"issuer":"https://common.okta.com"', `"issuer":"${issuer}"`],
      ['/oauth2/v1/', `/oauth2/${server}/v1/`]] : []), ['common.okta.com', domain]] };
  },
  headers: { discovery: { ...oktaHeaders, 'cache-control': 'max-age=86400, must-revalidate' },
    jwks: { ...oktaHeaders, 'cache-control': 'max-age=3828277, must-revalidate' } },
  script: { user: { sub: '00u1a2b3c4D5E6f7g8h9' }, keys: ['k1', 'k2'] },
  // The code flow's ID token is thin: what the scopes ask for is at userinfo.
  idToken: (p, grant) => ({ ver: 1, jti: `ID.${random()}`, amr: ['pwd'], idp: '00o1a2b3c4',
    ...(grant.scopes.includes('email') ? pick(p.script.user, ['email']) : {}),
    ...(grant.scopes.includes('profile') ? pick(p.script.user, ['name', 'preferred_username']) : {}) }),
  userinfo: (p, grant) => ({ ...byScope(p.script, grant),
    ...(grant.scopes.includes('groups') && !p.args.server ? pick(p.script.user, ['groups']) : {}) }),
};

// --- Entra ID -------------------------------------------------------------------------------------------------------

const entraHeaders = { 'cache-control': 'max-age=86400, private', 'content-type': 'application/json; charset=utf-8',
  'strict-transport-security': 'max-age=31536000; includeSubDomains', 'x-content-type-options': 'nosniff',
  'access-control-allow-origin': '*', p3p: 'CP="DSP CUR OTPi IND OTRi ONL FIN"',
  'set-cookie': ['x-ms-gateway-slice=estsfd; path=/; secure; samesite=none; httponly',
    'stsservicecookie=estsfd; path=/; secure; samesite=none; httponly'] };

const entra = { // {tenant: id, "common" or "organizations"; cloud: another host}
  // script: tid, overage: "names"|"hasgroups", v1
  place({ tenant, cloud = 'login.microsoftonline.com' }) {
    const single = !['common', 'organizations'].includes(tenant);
    const base = `https://${cloud}/${tenant}/v2.0`;
    return { issuer: base, base, swap: [['login.microsoftonline.com', cloud], [`${cloud}/common/`,
      `${cloud}/${tenant}/`],
      ...(single ? [['{tenantid}', tenant]] : [])] };
  },
  headers: { discovery: entraHeaders, jwks: entraHeaders },
  script: { user: { sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ', oid: '0f3a9c52-7d1e-4b60-9c1f-3f6a2b7d9e10',
    groups: ['5f0c1d2e-7a64-4c59-b6de-02f1d9f4a111', '77f1a0de-0b1c-4c0e-8c43-0d7c5f3f9a55'] }, keys: ['k1', 'k2',
      'k3'],
    tid: null, overage: null, v1: false, noAtHash: true },
  noAtHash: true,
  idToken(p, grant) {
    const { user, overage, v1 } = p.script;
    const tid = p.script.tid ?? p.args.tenant;
    const groups = overage === 'names'
      ? { _claim_names: { groups: 'src1' }, _claim_sources: { src1: {
        endpoint: `https://graph.microsoft.com/v1.0/users/${user.oid}/getMemberObjects` } } }
      : overage === 'hasgroups' ? { hasgroups: true } : pick(user, ['groups']);
    const cloud = p.args.cloud ?? 'login.microsoftonline.com';
    return { iss: v1 ? `https://sts.windows.net/${tid}/` : `https://${cloud}/${tid}/v2.0`, tid,
      ver: v1 ? '1.0' : '2.0', oid: user.oid, rh: '0.AXoA', uti: random(), ...pick(user, ['name',
        'preferred_username']),
      ...(grant.scopes.includes('email') ? pick(user, ['email']) : {}), ...groups };
  },
  userinfo: (p) => ({ ...pick(p.script.user, ['name', 'family_name', 'given_name', 'email']),
    picture: 'https://graph.microsoft.com/v1.0/me/photo/$value' }),
  logoutTarget: (p, params) => params.post_logout_redirect_uri,
};

// --- Google ---------------------------------------------------------------------------------------------------------

const google = { // script: bare_issuer, user.hd
  place: () => ({ issuer: 'https://accounts.google.com', swap: [] }),
  keysFrame: ['{\n  "keys": [\n    ', ',\n    ', '\n  ]\n}\n'],
  headers: { discovery: { server: 'sffe', vary: 'Accept-Encoding', 'cache-control': 'public, max-age=3600',
    age: '1698' },
    jwks: { server: 'scaffolding on HTTPServer2', age: '5', 'content-type': 'application/json; charset=UTF-8',
      'cache-control': 'public, max-age=21532, must-revalidate, no-transform' } },
  script: { user: { sub: '110169484474386276334', hd: 'acme.test', preferred_username: null, groups: null },
    keys: ['k1', 'k2'], refresh: 'offline', rotate: false, bare_issuer: false },
  authorize: (p, { scope }) => (scope.split(' ').some((s) => !['openid', 'email', 'profile'].includes(s))
    ? invalidScope('Some requested scopes were invalid.') : null),
  idToken: (p, grant) => ({ ...(p.script.bare_issuer ? { iss: 'accounts.google.com' } : {}), azp: grant.client_id,
    ...byScope(p.script, grant), ...pick(p.script.user, ['hd']) }),
  userinfo: (p, grant) => ({ ...byScope(p.script, grant), ...pick(p.script.user, ['hd']) }),
};

// --- Keycloak -------------------------------------------------------------------------------------------------------

const keycloakHeaders = { 'referrer-policy': 'no-referrer', 'x-frame-options': 'SAMEORIGIN',
  'strict-transport-security': 'max-age=31536000; includeSubDomains', 'x-content-type-options': 'nosniff' };

const keycloak = { // {host, realm}; script: full_path, roles {realm, client}, roles_mapper
  place: ({ host = 'login.acme.test', realm = 'staff' }) => ({ issuer: `https://${host}/realms/${realm}`,
    swap: [['http://localhost:8080/realms/master', `https://${host}/realms/${realm}`]] }),
  headers: { discovery: { ...keycloakHeaders, 'cache-control': 'no-cache, must-revalidate, no-transform, no-store' },
    jwks: { ...keycloakHeaders, 'cache-control': 'no-cache' } },
  script: { user: { sub: 'f7c1b9a4-1a2b-4c3d-8e4f-5a6b7c8d9e0f' }, refresh: 'always', rotate: false, full_path: false,
    roles_mapper: true, roles: { realm: ['catalog-admin', 'offline_access'], client: ['editor'] } },
  params: (p, grant) => ({ session_state: grant.sid }),
  idToken(p, grant) {
    const { user, roles, full_path: full } = p.script;
    const groups = (user.groups ?? []).map((group) => (full ? `/${group}` : group));
    return { jti: random(), typ: 'ID', azp: grant.client_id, session_state: grant.sid, sid: grant.sid, acr: '1',
      ...byScope(p.script, grant), ...(groups.length ? { groups } : {}),
      ...(p.script.roles_mapper ? { realm_access: { roles: roles.realm },
        resource_access: { [grant.client_id]: { roles: roles.client } } } : {}) };
  },
  userinfo: (p, grant) => byScope(p.script, grant),
  // Without the hint it asks the person first; with a client id it may come back.
  logoutTarget: (p, params, grant) => grant && params.post_logout_redirect_uri,
};

// --- Cognito --------------------------------------------------------------------------------------------------------

const cognito = { // {region, pool, domain}
  place: ({ region = 'eu-west-1', pool = 'eu-west-1_Ab12Cd34E', domain = 'acme' }) => ({
    issuer: `https://cognito-idp.${region}.amazonaws.com/${pool}`,
    swap: [['cognito-idp.us-east-1.amazonaws.com/us-east-1_4OqDoWVrZ', `cognito-idp.${region}.amazonaws.com/${pool}`],
      ['auth-groovycalamari.auth.us-east-1', `${domain}.auth.${region}`]] }),
  headers: { discovery: { 'cache-control': 'public, max-age=86400' },
    jwks: { 'cache-control': 'public, max-age=86400' } },
  more: (p) => ({ [`${new URL(p.metadata.authorization_endpoint).origin}/logout`]: 'logout' }),
  script: { user: { sub: '8c1e2f3a-0b4c-4d5e-9f60-718293a4b5c6' }, keys: ['k1', 'k2'], refresh: 'always',
    rotate: false },
  authorize: (p, { scope }) => (scope.split(' ').includes('offline_access') ? invalidScope('invalid_scope') : null),
  idToken: (p, grant) => ({ ...byScope(p.script, grant), token_use: 'id',
    'cognito:username': p.script.user.preferred_username,
    ...(p.script.user.groups?.length ? { 'cognito:groups': p.script.user.groups } : {}) }),
  userinfo: (p, grant) => ({ ...byScope(p.script, grant), email_verified: String(p.script.user.email_verified),
    username: p.script.user.preferred_username }),
  logoutTarget: (p, params) => params.client_id && params.logout_uri,
};

// --- GitLab ---------------------------------------------------------------------------------------------------------

const gitlab = { // {host}
  place: ({ host = 'gitlab.acme.test' }) => ({ issuer: `https://${host}`, swap: [['https://gitlab.com',
    `https://${host}`]] }),
  headers: { discovery: { 'cache-control': 'no-store', vary: 'Origin' },
    jwks: { 'cache-control': 'max-age=0, private, must-revalidate' } },
  script: { user: { sub: '4711', nickname: 'alice', groups: ['data', 'data/owners'] }, refresh: 'always' },
  idToken: (p) => ({ sub_legacy: 'c0ffee4711', ...pick(p.script.user, emailClaims), groups_direct: ['data/owners'] }),
  userinfo: (p, grant) => ({ sub_legacy: 'c0ffee4711', ...byScope(p.script, grant), ...pick(p.script.user, ['groups']),
    profile: `${p.issuer}/alice`, 'https://gitlab.org/claims/groups/owner': ['data/owners'],
    'https://gitlab.org/claims/groups/developer': ['data'] }),
};

// --- authentik ------------------------------------------------------------------------------------------------------

const authentik = { // {host, slug}; script: alg "HS256" when no signing key is chosen
  place: ({ host = 'auth.acme.test', slug = 'catalog' }) => ({ issuer: `https://${host}/application/o/${slug}/`,
    swap: [['authentik.example.com', host], ['/o/romm/', `/o/${slug}/`]] }),
  headers: { discovery: { vary: 'Accept-Encoding', 'x-powered-by': 'authentik' }, jwks: { vary: 'Accept-Encoding' } },
  document: (p) => p.document.replace('["RS256"]', `["${p.script.alg}"]`),
  script: { user: { sub: 'b6f0a1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e', nickname: 'alice',
    email_verified: false } },
  idToken: (p, grant) => ({ acr: 'goauthentik.io/providers/oauth2/default', amr: ['pwd'], sid: grant.sid,
    ...byScope(p.script, grant), ...(grant.scopes.includes('profile') ? pick(p.script.user, ['groups']) : {}) }),
  userinfo(p, grant) {
    return { ...byScope(p.script, grant), ...(grant.scopes.includes('profile') ? pick(p.script.user,
      ['groups']) : {}) };
  },
};

// --- Zitadel --------------------------------------------------------------------------------------------------------

const zitadel = { // {host}; script: roles {name: {org: domain}}, project
  place: ({ host = 'acme.zitadel.cloud' }) => ({ issuer: `https://${host}`,
    swap: [['https://zitadel.localhost', `https://${host}`]] }),
  headers: { discovery: { 'cache-control': 'no-store' }, jwks: { 'cache-control': 'no-store' } },
  script: { user: { sub: '264739281736451027' }, project: '251837465019283746',
    roles: { 'catalog-admin': { 251837465000000001: 'acme.zitadel.cloud' },
      reader: { 251837465000000001: 'acme.zitadel.cloud', 251837465000000002: 'partner.zitadel.cloud' } } },
  idToken: (p, grant) => ({ aud: [grant.client_id, '264739281736459999', p.script.project], azp: grant.client_id,
    client_id: grant.client_id, amr: ['pwd'], sid: `V1_${grant.sid}`,
    ...(grant.query.response_type === 'id_token' ? byScope(p.script, grant) : {}) }),
  userinfo: (p, grant) => ({ ...byScope(p.script, grant),
    ...(grant.scopes.includes('urn:zitadel:iam:org:project:roles') ? {
      'urn:zitadel:iam:org:project:roles': p.script.roles,
      [`urn:zitadel:iam:org:project:${p.script.project}:roles`]: p.script.roles } : {}) }),
};

// --- Dex ------------------------------------------------------------------------------------------------------------

const dex = { // {host}
  place: ({ host = 'dex.acme.test' }) => ({ issuer: `https://${host}/dex`,
    swap: [['http://dex.dex.svc.cluster.local:5556/dex', `https://${host}/dex`]] }),
  keysFrame: ['{\n  "keys": [\n    ', ',\n    ', '\n  ]\n}'],
  headers: { discovery: {}, jwks: { 'cache-control': 'max-age=14400, must-revalidate' } },
  script: { user: { sub: 'CgVhbGljZRIEbGRhcA' } },
  idToken: (p, grant) => ({ ...byScope(p.script, grant),
    ...(grant.scopes.includes('groups') ? pick(p.script.user, ['groups']) : {}),
    ...(grant.scopes.includes('federated:id') ? { federated_claims: { connector_id: 'ldap',
      user_id: 'alice' } } : {}) }),
  userinfo(p, grant) { return this.idToken(p, grant); },
};

export const profiles = { onelogin, auth0, okta, entra, google, keycloak, cognito, gitlab, authentik, zitadel, dex };
