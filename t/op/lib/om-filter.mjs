// SPDX-License-Identifier: Apache-2.0
// How OpenMetadata learns who asks: JwtFilter in three profiles and the header filter. `E1` and `E2` look neither at
// aud nor at iss; `E3` does: aud always, iss when the server runs the code flow itself (clientType confidential).
import { constants, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';

const exempt = new Set(['v1/system/config/jwks', 'v1/system/config/authorizer',
  'v1/system/config/customuithemepreference', 'v1/system/config/auth', 'v1/system/config/rdf', 'v1/system/health',
  'v1/system/version', 'v1/users/signup',
  'v1/users/registrationconfirmation', 'v1/users/resendregistrationtoken', 'v1/users/generatepasswordresetlink',
  'v1/users/password/reset', 'v1/users/login', 'v1/users/refresh', 'v1/collate/apps/support/redeem-code']);

export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
const no = (message) => new Refusal(401, message);
const mismatch = 'Not Authorized! Invalid token. Token verification failed. Public key mismatch.';

const part = (text) => JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// A server's own key: signs users', bots' and personal tokens.
export class OwnKey {
  constructor(kid) {
    this.kid = kid;
    this.pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  }

  sign(claims, header = {}) {
    const input = `${b64({ alg: 'RS256', typ: 'JWT', kid: this.kid, ...header })}.${b64(claims)}`;
    return `${input}.${sign('sha256', Buffer.from(input), this.pair.privateKey).toString('base64url')}`;
  }

  jwks() {
    return { keys: [{ ...this.pair.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig', alg: 'RS256' }] };
  }
}

// The keys behind publicKeyUrls: each list fetched when a kid is not known, a key kept a day, ten keys at most. A list
// that cannot be fetched is an error of the server, not of the token.
export class RemoteKeys {
  constructor() {
    this.kept = new Map();
    this.fetches = 0;
  }

  async find(kid, urls) {
    const known = this.kept.get(kid);
    if (known && Date.now() - known.at < 24 * 3600 * 1000) return known.key;
    for (const url of urls) {
      this.fetches++;
      let list;
      try {
        const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(5000) });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        list = (await answer.json()).keys;
      } catch (error) {
        throw new Refusal(500, `Public keys cannot be fetched from ${url}: ${error.message}`);
      }
      const jwk = list.find((entry) => entry.kid === kid);
      if (!jwk) continue;
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      this.kept.delete(kid);
      if (this.kept.size >= 10) this.kept.delete(this.kept.keys().next().value);
      this.kept.set(kid, { key, at: Date.now() });
      return key;
    }
    return null;
  }
}

function signatureFits(alg, input, mac, key) {
  const hash = `sha${alg.slice(2)}`;
  try {
    return alg.startsWith('RS')
      ? verify(hash, input, { key, padding: constants.RSA_PKCS1_PADDING }, mac)
      : verify(hash, input, { key, dsaEncoding: 'ieee-p1363' }, mac);
  } catch {
    return false; // a key of another type
  }
}

// Names of claims are found whatever their case: "sessionid" is "sessionId" here.
const anyCase = (claims) => new Map(Object.entries(claims).map(([name, value]) => [name.toLowerCase(), value]));

// jwtPrincipalClaimsMapping: ["username:x", "email:y"]; what does not have exactly two parts is dropped, both keys are
// needed.
function mapping(entries) {
  const map = new Map(entries.map((entry) => entry.split(':')).filter((parts) => parts.length === 2));
  if (!map.size) return null;
  const complete = map.size === 2 && map.has('username') && map.has('email');
  if (!complete) throw new Refusal(500, 'jwtPrincipalClaimsMapping needs username and email, and nothing else');
  return map;
}

// Who a token speaks of: {name, email}. Only the flow that begins with the e-mail asks the server's users.
function identity(claims, { authentication, authorizer }, world) {
  const verified = claims.get('email_verified');
  if (verified === false || verified === 'false') throw no('Not Authorized! Email is not verified.');
  const mapped = mapping(authentication.jwtPrincipalClaimsMapping ?? []);
  const text = (name) => {
    const value = claims.get(name.toLowerCase());
    return typeof value === 'string' && value ? value : null;
  };
  if (mapped) {
    const [name, email] = [text(mapped.get('username')), text(mapped.get('email'))];
    if (!name || !email) throw no('Not Authorized! Invalid JWT, mapped claims are missing.');
    return { name: name.split('@')[0].toLowerCase(), email: email.toLowerCase() };
  }
  if (authentication.emailClaim) {
    const email = text(authentication.emailClaim)?.toLowerCase();
    if (!email || email.split('@').length !== 2) throw no('Not Authorized! Invalid JWT, no e-mail in it.');
    const known = world.findByEmail(email);
    const [local] = email.split('@');
    if (!known && world.isTaken(local)) throw no('Not Authorized! The user name belongs to another e-mail.');
    return { name: known ?? local, email };
  }
  const first = authentication.jwtPrincipalClaims.find((name) => claims.has(name.toLowerCase()));
  const value = first && text(first);
  if (!value) throw no('Not Authorized! Invalid JWT, none of the principal claims is there.');
  const [local, domain] = value.split('@');
  return { name: local.toLowerCase(), email: `${local}@${domain ?? authorizer.principalDomain}`.toLowerCase() };
}

function checkDomain(email, { authorizer, authentication }) {
  const domain = email.split('@')[1];
  const allowed = [authorizer.principalDomain, ...authorizer.allowedDomains];
  if (authorizer.enforcePrincipalDomain && !allowed.includes(domain))
    throw no(`Not Authorized! Email does not match the principal domain ${authorizer.principalDomain}`);
  if (authentication.allowedEmailDomains?.length && !authentication.allowedEmailDomains.includes(domain))
    throw no('Not Authorized! Email domain is not allowed.');
}

// The issuer of the provider as the server knows it: only a confidential client reads a discovery document.
async function knownIssuer({ authentication, oidc }) {
  if (authentication.clientType !== 'confidential' || !oidc.discoveryUri) return null;
  const answer = await fetch(oidc.discoveryUri, { signal: AbortSignal.timeout(5000) }).catch(() => null);
  if (!answer?.ok) throw new Refusal(500, `No discovery document at ${oidc.discoveryUri}`);
  return (await answer.json()).issuer;
}

async function checkProvider(claims, config) {
  const ids = [config.authentication.clientId, config.oidc.id].filter(Boolean);
  const audience = [claims.get('aud') ?? []].flat();
  if (ids.length && !ids.some((id) => audience.includes(id)))
    throw no('Not Authorized! Invalid token. Wrong audience.');
  const issuer = await knownIssuer(config);
  if (issuer && claims.get('iss') !== issuer) throw no('Not Authorized! Invalid token. Wrong issuer.');
}

// The token of an Authorization header: verified, then whom it names.
export async function jwtFilter(authorization, config, world) {
  if (!authorization?.startsWith('Bearer')) throw no('Not Authorized! Token not present');
  const token = authorization.slice(6).trim();
  let header;
  let claims;
  try {
    header = part(token.split('.')[0]);
    claims = anyCase(part(token.split('.')[1]));
  } catch {
    throw no('Not Authorized! Invalid token. Unable to decode it.');
  }
  const exp = claims.get('exp');
  if (exp !== undefined && !(Number(exp) > Date.now() / 1000)) throw no('Expired token!');
  const own = header.kid === world.ownKey.kid;
  const key = !header.kid ? null : own ? world.ownKey.pair.publicKey
    : await world.remoteKeys.find(header.kid, config.authentication.publicKeyUrls);
  if (!key) throw no('Not Authorized! Token signing key not found');
  const [head, body, mac] = token.split('.');
  const alg = config.authentication.tokenValidationAlgorithm;
  const good = header.alg === alg && mac
    && signatureFits(alg, Buffer.from(`${head}.${body}`), Buffer.from(mac, 'base64url'), key);
  if (!good) throw no(mismatch);
  if (config.era === 'E3' && !own) await checkProvider(claims, config);

  const who = { ...identity(claims, config, world), isBot: claims.get('isbot') === true };
  if (!who.isBot) checkDomain(who.email, config);
  if (who.isBot && world.botTokens.get(who.name) !== token) throw no('Not Authorized! Invalid token');
  if (claims.get('tokentype') === 'PERSONAL_ACCESS' && !world.personalTokens.get(who.name)?.has(token))
    throw no('Not Authorized! Invalid token');
  if (claims.has('sessionid') && !world.isLiveSession(claims.get('sessionid')))
    throw no('Not Authorized! Invalid session.');
  const roles = claims.get('roles');
  if (config.authorizer.useRolesFromProvider && Array.isArray(roles)) who.roles = roles; // [] removes all of them
  return who;
}

// CatalogOpenIdAuthorizationRequestFilter: one header, nothing else; not lower-cased, no domain looked at.
export function headerFilter(headers) {
  const value = headers['x-auth-params-email']?.split(',')[0];
  if (!value) throw no("Not authorized; User's Email is not present");
  return { name: value.split('@')[0], email: value, isBot: false, roles: [] };
}

// The principal of an API request; null on a path that the filter leaves out. `path` is what follows /api/.
export async function principal(req, path, config, world) {
  if (config.filter === 'header') return path === 'health' ? null : headerFilter(req.headers);
  if (exempt.has(path.toLowerCase())) return null;
  const who = await jwtFilter(req.headers.authorization, config, world);
  const other = req.headers['x-impersonate-user'];
  return other && who.isBot ? { name: other, email: `${other}@${config.authorizer.principalDomain}`, isBot: false,
    impersonatedBy: who.name } : who;
}

export const newId = () => randomBytes(16).toString('hex');
