// SPDX-License-Identifier: Apache-2.0
// Three generations of OpenMetadata's pages behind `SSOBridge openmetadata`. The pages and the server know nothing of
// the module, and judge it. args: url (the site), om (the stand-in's own address), op and opPid (the provider),
// generation.
import http from 'node:http';
import { args, is, like, ok, shot, signIn, story, watch } from './lib.mjs';
import { Om, at, catalogue, changed, shown, signInPage, stored } from './om.mjs';

const { url, generation } = args;
const site = url.replace(/\/$/, '');
const om = new Om(args.om);
const newest = generation === 'newest';
const name = (text) => `${generation}: ${text}`;
const refreshes = []; // every answer that a page got from /auth/refresh
const interactions = async () => (await (await fetch(`${args.op}/_requests`)).json())
  .filter((entry) => entry.method === 'POST' && entry.path.startsWith('/interaction/')).length;
const atProvider = (page) => page.waitForURL((where) => where.origin === args.op, { timeout: 30000 });
const renew = (page) => page.evaluate(() => { window.om.auth.renewal.renew() });
const isOurs = (cookie) => /^(__Host-)?sso-\d+$|^__Host-sso$/.test(cookie.name);

async function newContext(browser) {
  const context = await browser.newContext({ locale: 'en-GB' });
  context.on('response', (answer) => {
    if (new URL(answer.url()).pathname.endsWith('/api/v1/auth/refresh'))
      refreshes.push({ status: answer.status(), type: answer.headers()['content-type'] ?? '' });
  });
  return context;
}

// A request whose path no client has tidied up; resolves with the status.
function raw(path, headers, method = 'GET') {
  const { hostname, port } = new URL(site);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path, method, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    request.on('error', reject);
    request.end();
  });
}

// A request with the context's cookies that follows no redirect.
const ask = (context, path, more = {}) => context.request.fetch(site + path, { maxRedirects: 0, ...more });
const me = '/api/v1/users/loggedInUser';
const askMe = (context, token) => ask(context, me, { headers: { authorization: `Bearer ${token}` } });

// An upgrade as a program would send it; resolves with the status.
function upgrade(path, headers) {
  return new Promise((resolve, reject) => {
    const request = http.request(site + path, { headers: { connection: 'Upgrade', upgrade: 'websocket',
      'sec-websocket-version': 13, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers } });
    request.on('upgrade', (answer, socket) => { socket.destroy(); resolve(101) });
    request.on('response', (answer) => { answer.resume(); resolve(answer.statusCode) });
    request.on('error', reject);
    request.end();
  });
}
const cookieHeader = async (context) => (await context.cookies(url)).map((c) => `${c.name}=${c.value}`).join('; ');

async function withoutSession(context) {
  for (const method of ['GET', 'POST', 'HEAD', 'PUT']) {
    const answer = await ask(context, '/api/v1/auth/refresh', { method, headers: { authorization: 'Bearer x.y.z' } });
    is(answer.status(), method === 'PUT' ? 405 : 401, name(`${method} refresh without a session`));
  }
  const api = await ask(context, '/api/v1/tables', { headers: { accept: 'text/html' } });
  is(api.status(), 401, name('the API says 401'));
  is((await api.json()).message, 'Expired token!', name('… in words that make the pages refresh'));
  like(api.headers()['www-authenticate'] ?? '', /^Bearer/, name('… and with a challenge'));
  for (const path of ['/app-worker.js', '/assets/main.js', '/app.css', '/manifest.json']) {
    const dest = path.includes('worker') ? 'serviceworker' : 'script';
    const answer = await ask(context, path, { headers: { 'sec-fetch-dest': dest } });
    ok(answer.status() < 300 || answer.status() >= 400, name(`${path} is no redirect`), String(answer.status()));
  }
  const config = await ask(context, '/api/v1/system/config/auth');
  is(config.status(), 200, name('config/auth is for everybody'));
  is((await config.json()).clientType, 'confidential', name('… and sends the pages the right way'));
}

async function attacks(context) {
  const good = `${site}/auth/callback`;
  const host = new URL(site).host;
  const list = {
    'another host': 'https://evil.example/auth/callback', 'no scheme': `//${host}/auth/callback`,
    'a path': '/auth/callback', 'another port': `http://127.0.0.1:1/auth/callback`,
    'user information': `http://${host}@evil.example/auth/callback`,
    'user information of ours': good.replace('//', '//a@'), 'a fragment': `${good}#x`, 'a query': `${good}?x=1`,
    'dots': `${site}/x/../auth/callback`, 'a longer path': `${good}/x`, 'a slash at the end': `${good}/`,
    'another case': good.replace('callback', 'Callback'), 'encoded twice': encodeURIComponent(good),
    'https': good.replace('http:', 'https:'), 'a script': 'javascript:alert(1)',
    'a line break': `${good}\r\nSet-Cookie: a=b`, 'a backslash': good.replace('/auth', '\\auth'),
    'mcp': `${site}/mcp/callback`, 'the API': `${site}/api/v1/auth/callback`, 'nothing': '',
    'too long': `${good}?${'x'.repeat(7000)}`,
  };
  for (const [what, target] of Object.entries(list)) {
    const answer = await ask(context, `/api/v1/auth/login?redirectUri=${encodeURIComponent(target)}`);
    is(`${answer.status()} ${answer.headers().location ?? ''}`, '400 ', name(`redirectUri: ${what}`));
  }
  const both = `redirectUri=${encodeURIComponent(good)}&redirectUri=https://evil.example/`;
  const twice = await ask(context, `/api/v1/auth/login?${both}`);
  is(twice.status(), 400, name('redirectUri twice'));
  is((await ask(context, '/api/v1/auth/login')).status(), 400, name('no redirectUri'));
}

async function oneLogin(context, page) {
  const before = await interactions();
  await page.goto(`${site}/table/sales.orders`);
  await atProvider(page);
  await signIn(page, 'alice');
  await catalogue(page, 'table'); // 1.9 does not sign in by itself: it has to get its token at the end of the login
  is(await interactions(), before + 1, name('one login'));
  is(at(page), '/table/sales.orders', name('and she is where she wanted to go'));
  await page.goto(url);
  await catalogue(page);
  is(await page.textContent('#name'), 'Alice Müller', name('as alice'));
  await page.waitForSelector('#live[data-on=yes]');
  is(await page.getAttribute('#live', 'data-user'), 'alice', name('the WebSocket is hers'));
  is(await page.getAttribute('#live', 'data-checked'), 'true', name('… by a token that the server checked'));
  await shot(page, `bridge-${generation}-1-catalogue`);
}

// What the browser holds is worth nothing without the session.
async function powerless(browser, context, page) {
  const { primary } = await stored(page);
  const direct = await fetch(args.om + me, { headers: { authorization: `Bearer ${primary}` } });
  is(direct.status, 401, name('the browser\'s token says nothing to the server itself'));
  const alone = await fetch(site + me, { headers: { authorization: `Bearer ${primary}` } });
  is(alone.status, 401, name('… nor to the site without the session'));
  const none = await ask(context, me);
  is(none.status(), 401, name('the session without the token is refused: no forged request'));
  const other = await askMe(context, `${primary.slice(0, -6)}AAAAAA`);
  is(other.status(), 401, name('a changed token too'));
  const exp = JSON.parse(Buffer.from(primary.split('.')[1], 'base64url')).exp - Date.now() / 1000;
  ok(exp >= 110 && exp <= 900, name('it lives minutes'), String(exp));
  const seen = (await om.requests()).filter((entry) => entry.path.startsWith('/api/') && entry.who);
  ok(seen.length > 5 && seen.every((entry) => entry.who.name === 'alice'), name('every call of the API is hers'));
  if (newest) {
    // A server that is a confidential client itself looks at the issuer too.
    await om.control({ authentication: { clientType: 'confidential' }, idp: { issuer: `${site}/sso` } });
    await page.reload();
    await catalogue(page);
    is(await page.textContent('#name'), 'Alice Müller', name('a server that knows its issuer takes the module\'s'));
    await om.control({ authentication: { clientType: 'public' } });
  }
  const carried = seen.some((entry) => entry.headers.authorization?.includes(primary));
  ok(!carried, name('and none carried the browser\'s token'));
  const all = await om.requests();
  ok(!all.some((entry) => /(?:__Host-)?sso/.test(entry.headers.cookie ?? '')), name('nor our cookies'));
  const stranger = await newContext(browser);
  await stranger.request.fetch(url, { maxRedirects: 0 });
  is((await askMe(stranger, primary)).status(), 401, name('nor does it help another browser'));
  await stranger.close();
}

async function bridgeHeaders(context) {
  const login = await ask(context, `/api/v1/auth/login?redirectUri=${encodeURIComponent(`${site}/auth/callback`)}`);
  is(login.status(), 302, name('login with a session answers at once'));
  like(login.headers().location,
    /\/auth\/callback[?#]id_token=[\w.-]+&email=alice%40example\.com&name=Alice(?:%20|\+)M%C3%BCller$/,
    name('with token, address and name, encoded'));
  const refresh = await ask(context, '/api/v1/auth/refresh', { method: 'POST' });
  is(refresh.status(), 200, name('POST refresh works too'));
  const json = await refresh.json();
  is(json.tokenType, 'Bearer', name('tokenType'));
  const left = json.expiryDuration - Date.now();
  ok(left > 110e3 && left < 3600e3, name('expiryDuration in milliseconds'), String(left));
  for (const answer of [login, refresh]) {
    const headers = answer.headers();
    like(headers['cache-control'] ?? '', /no-store/, name('no-store'));
    is(headers['referrer-policy'], 'no-referrer', name('no referrer'));
    is(headers['x-content-type-options'], 'nosniff', name('nosniff'));
    is(headers['access-control-allow-origin'], undefined, name('no CORS'));
  }
}

async function renewals(context, page) {
  const first = (await stored(page)).primary;
  await renew(page);
  const second = await changed(page, first);
  // The pages' own timer, a minute before the end, the clock moved for the moment in which it is set.
  await page.evaluate((token) => {
    const { exp } = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
    const now = Date.now;
    Date.now = () => (exp - 61) * 1000;
    window.om.auth.renewal.schedule(token);
    Date.now = now;
  }, second);
  await changed(page, second);
  ok(true, name('a minute before its end the token is renewed'));
  const count = refreshes.length;
  await om.say('GET /api/v1/tables', 401, 'Expired token!', 1);
  await page.reload();
  await catalogue(page);
  ok((await page.locator('.cards li').count()) > 3, name('a 401 of the server is healed'));
  is(refreshes.length, count + 1, name('… by one refresh'));

  const tab = await context.newPage();
  await tab.goto(`${site}/my-data`);
  await catalogue(tab);
  ok(true, name('a second tab needs no login'));
  const before = (await stored(page)).primary;
  const had = refreshes.length;
  await Promise.all([renew(page), renew(tab)]);
  await changed(page, before);
  await tab.waitForFunction(() => !window.om.auth.renewal.running);
  ok(refreshes.length - had <= 2, name('two tabs renew at once'));
  await Promise.all([page.reload(), tab.reload()]);
  await Promise.all([catalogue(page), catalogue(tab)]);
  ok(true, name('… and both go on'));
  await tab.close();
}

async function sockets(context) {
  const path = '/api/v1/push/feed/?userId=alice&EIO=4&transport=websocket';
  const cookie = await cookieHeader(context);
  const { origin } = new URL(site);
  is(await upgrade(path, { cookie, origin }), 101, name('WebSocket with session and Origin'));
  ok(await upgrade(path, { cookie, origin: 'https://evil.example' }) !== 101, name('not from another site'));
  ok(await upgrade(path, { cookie }) !== 101, name('not without Origin'));
  ok(await upgrade(path, { origin }) !== 101, name('not without a session'));
  is(await upgrade(path.replace('alice', 'bob'), { cookie, origin }), 401, name('not as somebody else'));
}

async function programs(context) {
  const as = (token) => fetch(site + me, { headers: { authorization: `Bearer ${token}` }, redirect: 'manual' });
  const bot = await om.token({ kind: 'bot', user: 'ingestion-bot' });
  const answer = await as(bot);
  is(answer.status, 200, name('a bot'));
  is((await answer.json()).name, 'ingestion-bot', name('… is itself'));
  is((await om.requests()).at(-1).headers.authorization, `Bearer ${bot}`, name('… with its own token'));
  await om.token({ kind: 'bot', user: 'ingestion-bot' });
  is((await as(bot)).status, 401, name('a bot\'s token that was replaced is refused by the server'));
  const soon = Math.floor(Date.now() / 1000) + 600;
  const personal = await om.token({ kind: 'personal', user: 'bob', claims: { exp: soon } });
  is((await (await as(personal)).json()).name, 'bob', name('a personal token'));
  const calls = async () => (await om.requests(me)).length;
  const count = await calls();
  const forged = `${personal.slice(0, -8)}AAAAAAAA`;
  is((await as(forged)).status, 401, name('a forged one'));
  const expired = await om.token({ kind: 'personal', user: 'bob', claims: { exp: 1000 } });
  is((await as(expired)).status, 401, name('an expired one'));
  const strange = await om.token({ kind: 'bot', user: 'ingestion-bot', claims: { iss: 'https://evil.example' } });
  is((await as(strange)).status, 401, name('one of another issuer'));
  is(await calls(), count, name('… do not reach the server'));
  const both = await askMe(context, personal);
  is((await both.json()).name, 'bob', name('with a session a token wins'));
  const bad = await askMe(context, forged);
  is(bad.status(), 401, name('… and a bad one is 401 although there is a session'));
  const current = await om.token({ kind: 'bot', user: 'ingestion-bot' });
  is((await as(current)).status, 200, name('bots go on'));
}

// The session ends while she works; the provider still knows her.
async function expiry(context, page) {
  const before = await interactions();
  const first = (await stored(page)).primary;
  await context.clearCookies({ name: (await context.cookies(url)).find(isOurs).name });
  await om.say('GET /api/v1/tables', 200, '', 0);
  await page.evaluate(() => { window.om.auth.http.call('GET', '/tables').catch(() => {}) });
  if (generation === '1.9') {
    await signInPage(page);
    await page.click('#main button');
  }
  await changed(page, first);
  await catalogue(page);
  is(await interactions(), before, name('a session that ends during use comes back without a password'));
}

async function outage(context, page) {
  process.kill(args.opPid, 'SIGSTOP');
  try {
    const first = (await stored(page)).primary;
    await renew(page);
    await changed(page, first);
    await page.reload();
    await catalogue(page);
    ok(true, name('a provider that does not answer ends nobody\'s work'));
  } finally {
    process.kill(args.opPid, 'SIGCONT');
  }
}

// Out is out: whatever the pages do by themselves, it takes a password to come back.
async function logout(browser, context, page) {
  const tab = await context.newPage();
  await tab.goto(`${site}/my-data`);
  await catalogue(tab);
  const old = await context.cookies(url);
  const { primary } = await stored(page);
  const before = await interactions();
  // The pages of 1.11 and later begin a login by themselves: the provider must ask. Those of 1.9 wait for a click.
  const outside = async (where, what, atGate) => {
    if (atGate || generation !== '1.9') await atProvider(where);
    else await signInPage(where);
    is((await askMe(context, primary)).status(), 401, name(`out: ${what}`));
  };
  await page.click('#sign-out');
  await outside(page, 'right after');
  await shot(page, `bridge-${generation}-2-signed-out`);
  await renew(tab).catch(() => {});
  await outside(tab, 'a second tab that goes on');
  await page.goto(url).catch(() => {});
  await outside(page, 'opening the site again', true);
  await page.goto(`${site}/signin`).catch(() => {});
  await outside(page, 'opening the sign-in page');
  is(await interactions(), before, name('nobody typed a password'));
  await tab.close();

  const thief = await newContext(browser);
  await thief.addCookies(old.filter((cookie) => /sso/.test(cookie.name)));
  const replay = await askMe(thief, primary);
  is(replay.status(), 401, name('cookies copied before are worth nothing'));
  await thief.close();

  // Somebody else signs in at the same browser.
  await page.goto(url);
  await atProvider(page);
  await signIn(page, 'bob');
  await catalogue(page);
  is(await page.textContent('#name'), 'Bob Okoye', name('then bob signs in, and the server learns his name'));
}

// However a call is spelled, the session alone lends nobody's power to it: only the pages' own calls carry the marker.
async function spellings(context, page) {
  const cookie = await cookieHeader(context);
  const { primary } = await stored(page);
  const list = ['/api/v1/tables', '//api/v1/tables', '/api//v1/tables', '/./api/v1/tables', '/API/v1/tables',
    '/%61pi/v1/tables', '/api%2fv1/tables', '/api;x/v1/tables', '/api/v1/tables;x', '/assets/../api/v1/tables',
    '/assets/%2e%2e/api/v1/tables',
    '/app-worker.js/../api/v1/tables', '/signin/../api/v1/tables',
    '/api/v1/system/config/auth/../../../tables', '/api/v1/system/config/auth/', '/api/v1/system/health/../../tables',
    '/api/v1/push/feed/../../tables', '/api/v1/push/feed%2f..%2f..%2ftables', '/api/v1/push/feed',
    '/api/v1/tables?x=/assets/a.js', '/api/v1/tables/name/a.js', '/api/v1/tables/name/app-worker.js',
    '/api\\v1\\tables', '/auth/callback/../../api/v1/tables'];
  const before = (await om.requests()).at(-1).n;
  for (const path of list) {
    const status = await raw(path, { cookie, 'sec-fetch-site': 'cross-site' });
    ok(status >= 300 || !path.includes('tables'), name(`${path} with the session alone`), String(status));
  }
  for (const upgrade of ['websocket', 'h2c', 'WebSocket, x'])
    await raw('/api/v1/tables', { cookie, upgrade, connection: 'upgrade' }).catch(() => {});
  const seen = (await om.requests()).filter((entry) => entry.n > before);
  is(seen.filter((entry) => entry.who || entry.headers.authorization).map((entry) => entry.url).join(), '',
    name('none of them reaches the server as anybody'));

  const as = (authorization) => raw(me, { cookie, authorization });
  is(await as(`Bearer ${primary}`), 200, name('with the marker it is hers'));
  for (const value of ['Bearer', 'Bearer ', `Basic ${primary}`, primary, `Bearer ${primary}x`, `Bearer ${primary} x`,
    `Bearer ${primary}, Bearer ${primary}`, `Bearer ${primary.split('.').slice(0, 2).join('.')}.`,
    `Bearer eyJhbGciOiJub25lIn0.${primary.split('.')[1]}.`])
    ok(await as(value) >= 400, name(`Authorization: ${value.replaceAll(primary, 'M').slice(0, 30)}`));
  const { alg } = JSON.parse(Buffer.from(primary.split('.')[0], 'base64url'));
  ok(alg !== 'none', name('the marker says how it is signed'), alg);
}

// The marker of one person and the session of another.
async function mixed(browser, page) {
  const { primary } = await stored(page);
  const context = await newContext(browser);
  const other = await context.newPage();
  await other.goto(url);
  await atProvider(other);
  await signIn(other, 'bob');
  await catalogue(other);
  is((await askMe(context, primary)).status(), 401, name('one person\'s marker with another\'s session'));
  await context.close();
}

async function forcedLogout(context) {
  const evil = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const answer = await ask(context, '/api/v1/auth/logout', { headers: evil });
  is(answer.status(), 405, name('another site cannot sign her out by a link'));
  is((await ask(context, '/api/v1/auth/refresh')).status(), 200, name('… she is still in'));
  // A form of another site comes without the cookie (SameSite): it must not mark the browser as signed out either.
  const form = await fetch(`${site}/api/v1/auth/logout`, { method: 'POST', redirect: 'manual',
    headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } });
  is(form.headers.get('set-cookie'), null, name('nor leave a mark by a form'));
}

async function newcomer(browser) {
  const context = await newContext(browser);
  const page = await context.newPage();
  await page.goto(url);
  await atProvider(page);
  await signIn(page, 'carol');
  await shown(page, 'signup');
  is(await page.inputValue('#display-name'), 'Carol Jones', name('somebody new may sign up'));
  await shot(page, `bridge-${generation}-3-signup`);
  await page.click('#main button');
  await catalogue(page);
  is(await page.textContent('#name'), 'Carol Jones', name('and is in'));
  is((await om.state()).users.carol.email, 'carol@example.com', name('by her own address'));
  await context.close();
}

await story(async (browser) => {
  await om.ask('POST', '/_reset');
  await om.control({ ui: generation, era: newest ? 'E3' : 'E1' });
  const context = await newContext(browser);
  const page = await context.newPage();
  const complaints = watch(page);
  await withoutSession(context);
  await attacks(context);
  await oneLogin(context, page);
  await powerless(browser, context, page);
  await bridgeHeaders(context);
  await renewals(context, page);
  await sockets(context);
  await programs(context);
  if (newest) await spellings(context, page);
  if (newest) await mixed(browser, page);
  await forcedLogout(context);
  await outage(context, page);
  await expiry(context, page);
  await logout(browser, context, page);
  await newcomer(browser);
  const plain = ({ status, type }) => [200, 401].includes(status) && /json/.test(type);
  ok(refreshes.length > 5 && refreshes.every(plain),
    name('every answer to a refresh was JSON, none a redirect'), JSON.stringify(refreshes));
  is(complaints.filter((text) => !/status of 40[14]|WebSocket connection/.test(text)).join('\n'), '',
    name('the pages had nothing to complain of'));
  await context.close();
});
