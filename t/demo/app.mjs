// SPDX-License-Identifier: Apache-2.0
// The demo's application: a small metadata catalogue. It knows nothing of OpenID Connect: who asks is what the
// request's headers say, and it listens on the loopback only, so that nobody can reach it but through httpd.
//   node app.mjs ['{"port": …, "prefix": "X-SSO-"}']      prints "READY http://127.0.0.1:PORT"
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { announce, listen, readConfig, sendJson } from '../op/lib/server.mjs';

const config = readConfig(process.argv[2]);
const prefix = (config.prefix ?? 'X-SSO-').toLowerCase();
const here = (name) => readFileSync(new URL(name, import.meta.url));
const types = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml' };
const pages = {
  '/': 'index.html', '/signed-out': 'signed-out.html', '/forbidden': 'forbidden.html', '/admin/': 'admin.html',
  '/app.css': 'app.css', '/app.js': 'app.js', '/icon.svg': 'icon.svg',
};
const datasets = JSON.parse(here('datasets.json'));

// What the module told about the caller: every header with our prefix, and the user.
function caller(req) {
  const headers = [];
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const [name, value] = [req.rawHeaders[i], Buffer.from(req.rawHeaders[i + 1], 'latin1').toString('utf8')];
    if (name.toLowerCase().startsWith(prefix)) headers.push({ name, value });
  }
  const claim = (name) => headers.find((h) => h.name.toLowerCase() === prefix + name)?.value;
  return {
    user: claim('preferred_username') ?? claim('preferred-username') ?? claim('sub') ?? null,
    name: claim('name') ?? claim('sub') ?? null,
    email: claim('email') ?? null,
    groups: (claim('groups') ?? '').split(',').filter(Boolean),
    headers,
  };
}

function serve(req, res) {
  const path = req.url.split('?')[0];
  const who = caller(req);
  if (path === '/api/me') return sendJson(res, 200, who);
  if (path === '/api/datasets') {
    const visible = datasets.map(({ audience, ...rest }) => (
      !audience || who.groups.includes(audience) ? rest : { name: rest.name, domain: rest.domain, audience }));
    return sendJson(res, 200, visible);
  }
  const file = pages[path];
  if (!file) return sendJson(res, 404, { error: 'not found' });
  const body = here(`public/${file}`);
  // As httpd's ErrorDocument it has to bring its status along: a proxied page's own one is what the browser gets.
  res.writeHead(path === '/forbidden' ? 403 : 200, {
    'content-type': types[file.split('.').pop()], 'content-length': body.length,
    'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    'cache-control': file.endsWith('.html') ? 'no-store' : 'private, max-age=60', 'x-content-type-options': 'nosniff',
  });
  return res.end(body);
}

const server = http.createServer({ maxHeaderSize: 64 * 1024 }, serve);
server.keepAliveTimeout = 60000;
const port = await listen(server, config.port, '127.0.0.1');
announce(`http://127.0.0.1:${port}`);
