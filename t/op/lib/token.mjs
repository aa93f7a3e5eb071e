// SPDX-License-Identifier: Apache-2.0
// A JWT by script. `script` as described in scripted.mjs under "id_token".
import { b64, jwkOf, signature } from './keys.mjs';
import { encrypt, wrongPoint } from './jwe.mjs';
import { expand, toBytes } from './script.mjs';

export function makeToken(claims, script, facts, { typ = 'JWT', secret } = {}) {
  if (script.raw !== undefined) return expand(script.raw, facts, []);
  const alg = script.alg ?? 'RS256';
  const key = script.key;
  const kid = script.kid !== undefined ? script.kid : (key ?? facts.default_key(alg));
  const header = { alg, typ, ...(kid === null || kid === undefined ? {} : { kid }) };
  const headerScript = { set: { ...(script.header ?? {}) }, remove: script.header_remove, append: script.header_append,
    json: script.header_json, suffix: script.header_suffix };
  if (headerScript.set.jwk === 'own') headerScript.set.jwk = jwkOf(key);
  const claimsScript = { set: script.claims, remove: script.remove, append: script.append, json: script.json,
    suffix: script.suffix, wrap: script.wrap };
  const payload = script.payload !== undefined ? Buffer.from(expand(script.payload, facts, []))
    : script.payload_hex !== undefined ? Buffer.from(script.payload_hex, 'hex') : toBytes(claims, claimsScript, facts);
  const pad = (text) => (script.padding ? text + '='.repeat((4 - (text.length % 4)) % 4) : text);
  const head = pad(b64(toBytes(header, headerScript, facts)));
  const input = `${head}.${pad(b64(payload))}`;
  const signAlg = script.sign_as ?? alg;
  let mac = script.signature_hex !== undefined ? Buffer.from(script.signature_hex, 'hex')
    : signature(signAlg, Buffer.from(input), { key, secret, salt: script.salt, der: script.der });
  const token = damage(input, mac, script, pad);
  if (!script.encrypt) return token;
  if (script.encrypt.header?.epk === 'wrong') script.encrypt.header.epk = wrongPoint();
  return encrypt(token, script.encrypt);
}

function damage(input, mac, script, pad) {
  const flipped = Buffer.from(mac);
  switch (script.tamper) {
    case 'signature': flipped[flipped.length >> 1] ^= 1; return `${input}.${b64(flipped)}`;
    case 'payload': {
      const [head, body] = input.split('.');
      const bytes = Buffer.from(body, 'base64url');
      return `${head}.${b64(Buffer.from(bytes.toString('latin1').replace('"sub":"', '"sub":"x'), 'latin1'))}.${b64(mac)}`;
    }
    case 'strip': return `${input}.`;
    case 'two-parts': return input;
    case 'four-parts': return `${input}.${b64(mac)}.${b64('more')}`;
    case 'junk': return `${input}.${b64(mac)}!!!!`;
    case 'newline': return `${input}.${b64(mac)}\n`;
    case 'standard': return `${input}.${mac.toString('base64').replace(/=+$/, '')}`; // + and / instead of - and _
    case 'short': return `${input}.${b64(mac.subarray(0, -1))}`;
    case 'long': return `${input}.${b64(Buffer.concat([mac, Buffer.from([0])]))}`;
    case 'trailing-bits': {
      // The last character of 256 or 64 bytes carries unused bits; set the lowest (RFC 4648 3.5).
      const text = b64(mac);
      const set = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      return `${input}.${text.slice(0, -1)}${set[set.indexOf(text.at(-1)) | 1]}`;
    }
    case 'json': {
      const [head, body] = input.split('.');
      return JSON.stringify({ protected: head, payload: body, signature: b64(mac) });
    }
    default: return `${input}.${pad(b64(mac))}`;
  }
}
