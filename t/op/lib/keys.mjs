// SPDX-License-Identifier: Apache-2.0
// Named signing keys, made when first used, and JWS with every algorithm and every mistake that a script can name.
import {
  constants, createHash, createHmac, createPublicKey, generateKeyPairSync, randomBytes, sign, verify,
} from 'node:crypto';

const kinds = {
  k1: ['rsa', { modulusLength: 2048 }], k2: ['rsa', { modulusLength: 2048 }], k3: ['rsa', { modulusLength: 2048 }],
  enc: ['rsa', { modulusLength: 2048 }], attacker: ['rsa', { modulusLength: 2048 }],
  rsa1024: ['rsa', { modulusLength: 1024 }], rsa4096: ['rsa', { modulusLength: 4096 }],
  ec256: ['ec', { namedCurve: 'P-256' }], ec384: ['ec', { namedCurve: 'P-384' }],
  ec521: ['ec', { namedCurve: 'P-521' }],
  attacker_ec: ['ec', { namedCurve: 'P-256' }], ed25519: ['ed25519', {}], attacker_ed: ['ed25519', {}],
};
const pairs = new Map();

export function keyPair(name) {
  if (!kinds[name]) throw new Error(`no key is called ${name}`);
  if (!pairs.has(name)) pairs.set(name, generateKeyPairSync(...kinds[name]));
  return pairs.get(name);
}

// The public JWK as a provider publishes it; with `privately` the private one, as no provider should.
export function jwkOf(name, privately = false) {
  const jwk = keyPair(name)[privately ? 'privateKey' : 'publicKey'].export({ format: 'jwk' });
  return { ...jwk, kid: name, use: name === 'enc' ? 'enc' : 'sig' };
}

// JWK fields that tests may damage need a starting point even for algorithms that use no key pair.
export const defaultKey = {
  RS256: 'k1', RS384: 'k1', RS512: 'k1', RS1: 'k1', PS256: 'k1', PS384: 'k1', PS512: 'k1',
  ES256: 'ec256', ES384: 'ec384', ES512: 'ec521', EdDSA: 'ed25519',
};

// `key`: the name of a pair; for HS*: "secret" (the client's), "empty", "pem:NAME", "der:NAME", "jwk:NAME" (what an
// attacker has: the public key), or any text after "text:".
function macKey(key, secret) {
  const [kind, name] = [key.split(':', 1)[0], key.slice(key.indexOf(':') + 1)];
  switch (kind) {
    case 'secret': return Buffer.from(secret ?? '');
    case 'empty': return Buffer.alloc(0);
    case 'text': return Buffer.from(name);
    case 'pem': return Buffer.from(keyPair(name).publicKey.export({ type: 'spki', format: 'pem' }));
    case 'der': return keyPair(name).publicKey.export({ type: 'spki', format: 'der' });
    case 'jwk': return Buffer.from(JSON.stringify(jwkOf(name)));
    default: throw new Error(`no MAC key is called ${key}`);
  }
}

// The signature over `input` as `alg` wants it. `salt`: of PSS; `der`: ECDSA as DER (JWS wants R||S, RFC 7518 3.4).
export function signature(alg, input, { key, secret, salt, der }) {
  const hash = alg === 'RS1' ? 'sha1' : `sha${alg.slice(2)}`;
  const family = alg.slice(0, 2);
  if (family === 'HS') return createHmac(hash, macKey(key ?? 'secret', secret)).update(input).digest();
  const privateKey = keyPair(key ?? defaultKey[alg]).privateKey;
  switch (family) {
    case 'RS': return sign(hash, input, privateKey);
    case 'PS': return sign(hash, input, {
      key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: salt ?? constants.RSA_PSS_SALTLEN_DIGEST,
    });
    case 'ES': return sign(hash, input, { key: privateKey, dsaEncoding: der ? 'der' : 'ieee-p1363' });
    case 'Ed': return sign(null, input, privateKey);
    default: return Buffer.alloc(0);
  }
}

export const b64 = (bytes) => Buffer.from(bytes).toString('base64url');

// at_hash and c_hash: left half of the hash that the algorithm uses (OIDC Core 3.1.3.6); EdDSA with Ed25519 uses
// SHA-512.
export function halfHash(alg, text) {
  const bits = /\d{3}$/.exec(alg)?.[0] ?? (alg === 'EdDSA' ? '512' : '256');
  const digest = createHash(`sha${bits}`).update(text).digest();
  return b64(digest.subarray(0, digest.length / 2));
}

// A client's assertion (RFC 7523): HS256 with its secret or RS/PS/ES/EdDSA with a JWK it registered. Returns the
// claims.
export function verifyAssertion(token, { secret, jwks, pem }) {
  const [head, body, mac] = token.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url'));
  const input = Buffer.from(`${head}.${body}`);
  const bytes = Buffer.from(mac, 'base64url');
  const hash = `sha${header.alg.slice(2)}`;
  if (header.alg.startsWith('HS')) {
    if (!createHmac(hash, secret ?? randomBytes(32)).update(input).digest().equals(bytes)) throw new Error('MAC is wrong');
  } else {
    const jwk = jwks?.keys?.find((k) => !header.kid || k.kid === header.kid) ?? jwks?.keys?.[0];
    const key = createPublicKey(pem ?? { key: jwk, format: 'jwk' });
    const options = { RS: { key }, PS: { key, padding: constants.RSA_PKCS1_PSS_PADDING },
      ES: { key, dsaEncoding: 'ieee-p1363' }, Ed: { key } }[header.alg.slice(0, 2)];
    const good = options && verify(header.alg === 'EdDSA' ? null : hash, input, options, bytes);
    if (!good) throw new Error('signature is wrong');
  }
  return { header, claims: JSON.parse(Buffer.from(body, 'base64url')) };
}
