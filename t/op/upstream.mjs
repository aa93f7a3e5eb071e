// SPDX-License-Identifier: Apache-2.0
// The application behind the module, for tests: answers with what reached it, as JSON.
//   node upstream.mjs ['{"host": …, "port": …}']      prints "READY http://127.0.0.1:PORT"
// {method, url, path, headers: {name: value}, raw: [[name, value], …] as received, body}
// The query asks for more: ?status=404, ?delay=ms, ?size=bytes (a body of that size), ?header=Name:value (any number),
// ?cookie=line. GET /_requests tells everything that came, POST /_reset forgets it. WebSockets are echoed: the first
// frame says the headers, then each comes back as it was.
import http from 'node:http';
import { createHash } from 'node:crypto';
import { announce, listen, readBody, readConfig, sendJson } from './lib/server.mjs';

const config = readConfig(process.argv[2]);
let requests = [];

function facts(req, body) {
  const raw = [];
  for (let i = 0; i < req.rawHeaders.length; i += 2) raw.push([req.rawHeaders[i], req.rawHeaders[i + 1]]);
  // Header bytes come as latin1; what was sent is UTF-8.
  const text = (value) => Buffer.from(String(value), 'latin1').toString('utf8');
  const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, text(value)]));
  return { method: req.method, url: req.url, path: req.url.split('?')[0], headers,
    raw: raw.map(([name, value]) => [name, text(value)]), body };
}

async function serve(req, res) {
  const url = new URL(req.url, 'http://upstream');
  if (url.pathname === '/_requests') return sendJson(res, 200, requests);
  if (url.pathname === '/_reset') {
    requests = [];
    return sendJson(res, 200, { ok: true });
  }
  const seen = facts(req, await readBody(req));
  requests.push(seen);
  if (requests.length > 5000) requests.shift();
  const want = (name) => url.searchParams.get(name);
  if (want('delay')) await new Promise((done) => { setTimeout(done, Number(want('delay'))); });
  const text = want('size') ? 'x'.repeat(Number(want('size'))) : JSON.stringify(seen);
  res.statusCode = Number(want('status') ?? 200);
  res.setHeader('content-type', want('size') ? 'text/plain' : 'application/json');
  for (const line of url.searchParams.getAll('header')) {
    const colon = line.indexOf(':');
    res.appendHeader(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  for (const line of url.searchParams.getAll('cookie')) res.appendHeader('set-cookie', line);
  return res.end(text);
}

// RFC 6455, short frames without fragments: enough to see that an upgrade passes and what came with it.
function frame(text) {
  const bytes = Buffer.from(text);
  const head = bytes.length < 126 ? Buffer.from([0x81, bytes.length])
    : Buffer.from([0x81, 126, bytes.length >> 8, bytes.length & 255]);
  return Buffer.concat([head, bytes]);
}

function echo(socket) {
  let buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    while (buffer.length >= 6) {
      const size = buffer[1] & 127;
      if (size > 125 || buffer.length < 6 + size) return;
      const mask = buffer.subarray(2, 6);
      const text = Buffer.from(buffer.subarray(6, 6 + size)).map((byte, i) => byte ^ mask[i % 4]);
      if ((buffer[0] & 15) === 8) return void socket.end();
      socket.write(frame(text));
      buffer = buffer.subarray(6 + size);
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end()); // or httpd's tunnel would stay open
}

const server = http.createServer({ maxHeaderSize: 256 * 1024 }, (req, res) => {
  serve(req, res).catch((error) => sendJson(res, 500, { error: error.message }));
});
server.keepAliveTimeout = 60000;
server.on('upgrade', (req, socket) => {
  const seen = facts(req, '');
  requests.push({ ...seen, upgrade: req.headers.upgrade });
  const accept = createHash('sha1').update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
    + `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.write(frame(JSON.stringify(seen)));
  echo(socket);
});
const port = await listen(server, config.port, config.host ?? '127.0.0.1');
announce(`http://${config.host ?? '127.0.0.1'}:${port}`);
