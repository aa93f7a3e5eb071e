// SPDX-License-Identifier: Apache-2.0
// Encrypted tokens (RFC 7516) for a client's public key, and the mistakes that an attacker makes in them.
import { constants, createCipheriv, createPublicKey, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto';
import { b64 } from './keys.mjs';

const oaep = { 'RSA-OAEP': 'sha1', 'RSA-OAEP-256': 'sha256' };

// {pem, alg ("RSA-OAEP"), enc ("A256GCM"), header {more}, tamper: "tag" | "key" | "iv" | "text"}. An alg that is not of RSA
// gets a random encrypted key: it is to be refused before anybody tries it.
export function encrypt(text, { pem, alg = 'RSA-OAEP', enc = 'A256GCM', header = {}, tamper }) {
  const cek = randomBytes(32);
  const key = createPublicKey(pem);
  let wrapped = alg === 'dir' ? Buffer.alloc(0) : randomBytes(40);
  if (alg === 'RSA1_5') wrapped = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, cek);
  else if (oaep[alg])
    wrapped = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: oaep[alg] }, cek);
  const head = b64(JSON.stringify({ alg, enc, cty: 'JWT', ...header }));
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', cek, iv);
  cipher.setAAD(Buffer.from(head));
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  const parts = { key: wrapped, iv, text: body, tag: cipher.getAuthTag() };
  if (tamper) parts[tamper][0] ^= 1;
  return [head, b64(parts.key), b64(parts.iv), b64(parts.text), b64(parts.tag)].join('.');
}

// A point that belongs to another curve than it says (RFC 8725 3.4).
export function wrongPoint() {
  const { x, y } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' });
  return { kty: 'EC', crv: 'P-256', x, y };
}
