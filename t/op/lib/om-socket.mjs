// SPDX-License-Identifier: Apache-2.0
// OpenMetadata's notifications at /api/v1/push/feed: a WebSocket, or polling, that says on whose behalf it is open. The
// token is looked at only with enableSecureSocketConnection, and then its user must be the `userId` of the query.
import { createHash } from 'node:crypto';
import { Refusal, jwtFilter } from './om-filter.mjs';

function frame(text) {
  const bytes = Buffer.from(text);
  const head = bytes.length < 126 ? Buffer.from([0x81, bytes.length])
    : Buffer.from([0x81, 126, bytes.length >> 8, bytes.length & 255]);
  return Buffer.concat([head, bytes]);
}

async function whose(om, req, userId) {
  const { config } = om;
  if (!config.authorizer.enableSecureSocketConnection) return { name: userId, checked: false };
  const who = await jwtFilter(req.headers.authorization, config, om);
  if (![who.name, om.user(who.name)?.id].includes(userId)) throw new Refusal(401, 'Not Authorized! Wrong user');
  return { name: who.name, checked: true };
}

// `to`: {socket} for an upgrade, {res} for polling.
export async function acceptSocket(om, req, path, entry, to) {
  entry.upgrade = Boolean(to.socket);
  let who;
  let refusal;
  try {
    const there = path?.replace(/\/$/, '') === '/api/v1/push/feed';
    if (!there) throw new Refusal(404, 'Not found');
    who = await whose(om, req, new URL(req.url, 'http://x').searchParams.get('userId'));
    entry.who = who;
  } catch (error) {
    refusal = error instanceof Refusal ? error : new Refusal(500, error.message);
  }
  entry.status = refusal?.status ?? (to.socket ? 101 : 200);
  const text = refusal ? JSON.stringify({ code: refusal.status, message: refusal.message })
    : JSON.stringify({ type: 'identity', ...who });
  const { res, socket } = to;
  if (res) {
    res.writeHead(entry.status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    return res.end(text);
  }
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end()); // the other side is gone
  if (refusal) {
    return socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nContent-Type: application/json\r\nConnection: close\r\n`
      + `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }
  const accept = createHash('sha1').update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
    + `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.write(frame(text));
  // A closing frame is answered by the end; what else comes is not of interest.
  return socket.on('data', (chunk) => { if ((chunk[0] & 15) === 8) socket.end(); });
}
