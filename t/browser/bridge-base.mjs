// SPDX-License-Identifier: Apache-2.0
// The newest pages below a base path, the token in the fragment, sessions that hardly last: what bridge.mjs does not
// show. args: url (with the base), om, op.
import { args, is, like, ok, shot, signIn, story } from './lib.mjs';
import { Om, at, catalogue, changed, stored } from './om.mjs';

const site = args.url.replace(/\/$/, '');
const { origin, pathname: base } = new URL(site);
const om = new Om(args.om);

await story(async (browser) => {
  const context = await browser.newContext({ locale: 'en-GB' });
  const page = await context.newPage();
  const logins = []; // [query, Location] of each answer to the pages' login call
  const refreshes = [];
  page.on('response', async (answer) => {
    const { pathname, searchParams } = new URL(answer.url());
    if (pathname === `${base}/api/v1/auth/login`) logins.push([searchParams.get('prompt'), answer.headers().location]);
    if (pathname === `${base}/api/v1/auth/refresh`) refreshes.push(answer.status());
  });
  const ask = (path) => context.request.fetch(origin + path, { maxRedirects: 0 });
  const login = (target) => ask(`${base}/api/v1/auth/login?redirectUri=${encodeURIComponent(target)}`);

  await page.goto(`${site}/table/sales.orders`);
  await page.waitForURL((where) => where.origin === args.op);
  await signIn(page, 'alice');
  await catalogue(page, 'table');
  is(at(page), `${base}/table/sales.orders`, 'one login, and she is where she wanted to go');
  await page.goto(`${site}/my-data`);
  await catalogue(page);
  await page.waitForSelector('#live[data-on=yes][data-user=alice]');
  ok(true, 'the WebSocket is hers');
  await shot(page, 'bridge-base-1-catalogue');

  const answer = await login(`${site}/auth/callback`);
  like(answer.headers().location ?? '', /\/auth\/callback#id_token=[\w.-]+&email=alice%40example\.com&name=/, 'a fragment');
  ok(!answer.headers().location?.includes('?'), 'and no query');
  is((await login(`${origin}/auth/callback`)).status(), 400, 'without the base path it is another place');
  is((await login(`${site}/../auth/callback`)).status(), 400, 'dots do not leave it');
  const seen = (await om.requests()).filter((entry) => entry.who);
  ok(seen.length > 3 && seen.every((entry) => entry.who.name === 'alice'), 'every call of the API is hers');

  // Less than two minutes are left: the module says so, and the pages get a new session without being seen.
  await page.waitForTimeout(6000);
  const first = (await stored(page)).primary;
  const before = logins.length;
  await page.evaluate(() => { window.om.auth.renewal.renew() });
  const token = await changed(page, first);
  await catalogue(page);
  is(refreshes.at(-1), 401, 'a session that is about to end is not renewed');
  is(logins[before]?.[0], 'none', 'the pages ask silently');
  const left = JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).exp - Date.now() / 1000;
  ok(left > 110, 'and have a token of a new session', String(left));
  is(await page.textContent('#name'), 'Alice Müller', 'alice works on');
  await context.close();
});
