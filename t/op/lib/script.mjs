// SPDX-License-Identifier: Apache-2.0
// The small language in which a test tells a provider what to say: values that depend on the moment, JSON objects with
// members set, removed or doubled, and answers that are slow, endless, cut or of another kind.

// Plain objects merge, everything else replaces; {"$clear": true} as first member empties what was there.
export function merge(into, from) {
  for (const [key, value] of Object.entries(from ?? {})) {
    const isMap = (v) => v && typeof v === 'object' && !Array.isArray(v);
    if (!isMap(value)) into[key] = value;
    else if (value.$clear) {
      const { $clear, ...rest } = value;
      into[key] = rest;
    } else if (isMap(into[key]) && !isOperator(value)) merge(into[key], value);
    else into[key] = structuredClone(value);
  }
  return into;
}

const operators = new Set(['$now', '$raw', '$repeat', '$list', '$nest', '$bytes', '$upper']);
const isOperator = (value) => Object.keys(value).length === 1 && operators.has(Object.keys(value)[0]);

// ${name} in any text stands for a fact of the moment (see scripted.mjs); an unknown name stays as it is.
function fill(text, facts) {
  return text.replace(/\$\{(\w+)\}/g, (all, name) => (facts[name] === undefined ? all : String(facts[name])));
}

// Replaces operators. What JSON.stringify could not write ($raw, $nest) becomes a mark that `toText` exchanges.
export function expand(value, facts, raws) {
  if (typeof value === 'string') return fill(value, facts);
  if (Array.isArray(value)) return value.map((item) => expand(item, facts, raws));
  if (!value || typeof value !== 'object') return value;
  if (!isOperator(value))
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [fill(k, facts), expand(v, facts, raws)]));
  const [[name, argument]] = Object.entries(value);
  const mark = (text) => {
    raws.push(text);
    return `@raw${raws.length - 1}@`;
  };
  switch (name) {
    case '$now': return Math.floor(Date.now() / 1000) + argument;
    case '$raw': return mark(fill(argument, facts));
    case '$nest': return mark('['.repeat(argument) + ']'.repeat(argument));
    case '$repeat': return fill(argument[0], facts).repeat(argument[1]);
    case '$list': return Array.from({ length: argument[1] }, (_, i) => fill(argument[0], { ...facts, i }));
    case '$bytes': return mark(`"@hex${Buffer.from(argument, 'hex').toString('hex')}@"`);
    default: return fill(argument, facts).toUpperCase();
  }
}

// The bytes of an object: `base` with the script's set / remove / append / json / wrap. `append` is raw text before the
// closing brace (doubled members); {"$bytes": "c080"} puts bytes that are no UTF-8 into a string.
export function toBytes(base, script, facts) {
  const raws = [];
  let object = script.json !== undefined ? expand(script.json, facts, raws) : { ...base };
  if (script.json === undefined) {
    for (const [name, value] of Object.entries(script.set ?? {}))
      object[fill(name, facts)] = expand(value, facts, raws);
    for (const name of script.remove ?? []) delete object[name];
  }
  if (script.wrap === 'array') object = [object];
  let text = JSON.stringify(object).replace(/"@raw(\d+)@"/g, (_, n) => raws[n]);
  if (script.append) text = `${text.slice(0, -1)}${text.length > 2 ? ',' : ''}${fill(script.append, facts)}${text.slice(-1)}`;
  if (script.suffix) text += fill(script.suffix, facts);
  if (!text.includes('@hex')) return Buffer.from(text);
  return Buffer.concat(text.split(/@hex([0-9a-f]*)@/).map((part, i) => Buffer.from(part, i % 2 ? 'hex' : 'utf8')));
}

// An answer of an endpoint. `own`: {status, headers, type, object} as an honest provider gives it.
export async function answer(req, res, own, script, facts) {
  if (script.hang) return;
  if (script.delay) await new Promise((done) => { setTimeout(done, script.delay); });
  let body = own.body !== undefined ? Buffer.from(own.body) : null;
  if (own.object !== undefined) body = toBytes(own.object, script, facts);
  if (script.body !== undefined) body = Buffer.from(expand(script.body, facts, []));
  if (script.body_hex !== undefined) body = Buffer.from(script.body_hex, 'hex');
  body ??= Buffer.alloc(0);
  if (script.charset === 'utf16') body = Buffer.from(`\ufeff${body}`, 'utf16le');
  if (script.charset === 'bom') body = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]);
  const headers = { 'cache-control': 'no-store', ...own.headers };
  const type = script.type !== undefined ? script.type : own.type;
  if (type) headers['content-type'] = type;
  if (script.redirect) headers.location = expand(script.redirect, facts, []);
  for (const [name, value] of Object.entries(script.headers ?? {})) {
    if (value === null) delete headers[name.toLowerCase()];
    else headers[name.toLowerCase()] = expand(value, facts, []);
  }
  const status = script.status ?? (script.redirect ? 302 : own.status ?? 200);
  if (script.reset) return res.destroy();
  if (script.wire !== undefined) return void wire(res, script, body, facts);
  const streamed = script.endless || script.drip || script.cut !== undefined;
  if (!streamed && status !== 204 && !('content-length' in headers)) headers['content-length'] = body.length;
  if (script.cut !== undefined) headers['content-length'] = body.length;
  res.writeHead(status, headers);
  if (script.endless) return pour(res, Buffer.alloc(65536, script.endless === true ? ' ' : script.endless));
  if (script.drip) return drip(res, body, script.drip);
  if (script.cut !== undefined) return res.write(body.subarray(0, script.cut), () => res.destroy());
  return res.end(body);
}

// What is on the wire is what the script says; "${body}" and "${length}" stand for the honest body.
function wire(res, script, body, facts) {
  const text = expand(script.wire, { ...facts, body, length: body.length }, []);
  res.socket.write(text, () => { if (!script.wire_open) res.socket.end(); });
}

// As fast as the other side reads, for ever.
function pour(res, block) {
  const more = () => {
    while (!res.destroyed && res.write(block));
    if (!res.destroyed) res.once('drain', more);
  };
  more();
}

// [bytes, milliseconds] at a time; when the body is through it goes on with spaces.
function drip(res, body, [size, pause]) {
  let at = 0;
  const timer = setInterval(() => {
    if (res.destroyed) return clearInterval(timer);
    res.write(at < body.length ? body.subarray(at, at + size) : Buffer.alloc(size, ' '));
    at += size;
    return undefined;
  }, pause);
  res.on('close', () => clearInterval(timer));
}
