// SPDX-License-Identifier: Apache-2.0
// What both providers and the applications share: reading the configuration argument, bodies, JSON answers, a port from
// the kernel, an orderly end.
import { readFileSync } from 'node:fs';

// The first argument is JSON text or the path of a JSON file.
export function readConfig(argument) {
  if (!argument) return {};
  return JSON.parse(argument.trimStart().startsWith('{') ? argument : readFileSync(argument, 'utf8'));
}

export function readBody(req, max = 32 * 1024 * 1024) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    let size = 0;
    req.on('data', (chunk) => {
      size += chunk.length;
      if (size > max) reject(new Error('request body too large'));
      else chunks.push(chunk);
    });
    req.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    req.on('error', reject);
  });
}

export function sendJson(res, status, value) {
  const text = JSON.stringify(value, null, 1);
  res.writeHead(status, {
    'content-type': 'application/json', 'cache-control': 'no-store', 'content-length': Buffer.byteLength(text),
  });
  res.end(text);
}

export function sendHtml(res, status, html) {
  res.writeHead(status, {
    'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'content-length': Buffer.byteLength(html),
  });
  res.end(html);
}

export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

// Resolves with the port once the server listens.
export function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port || 0, host, () => resolve(server.address().port));
  });
}

// READY is what the starter waits for. A starter that dies closes our standard input: then we end, so that no run of
// the tests leaves a process behind.
export function announce(url) {
  process.stdout.write(`READY ${url}\n`);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => process.exit(0));
  if (!process.stdin.isTTY) {
    process.stdin.on('end', () => process.exit(0));
    process.stdin.on('error', () => process.exit(0));
    process.stdin.resume();
  }
}
