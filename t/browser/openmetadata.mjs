// SPDX-License-Identifier: Apache-2.0
// The stand-in for OpenMetadata by itself, its own login: shows that server and pages, in each generation, behave as
// the rules say before anything stands in front of them. args.om: {generation: origin}.
import { args, is, like, ok, shot, signIn, story, watch } from './lib.mjs';
import { Om, at, catalogue, changed, signInPage, stored } from './om.mjs';

async function alone(browser, generation, origin) {
  const name = (text) => `${generation}: ${text}`;
  const om = new Om(origin);
  const newest = generation === 'newest';
  const context = await browser.newContext({ locale: 'en-GB' });
  const page = await context.newPage();
  const complaints = watch(page);

  await page.goto(`${origin}/table/sales.orders`);
  await signInPage(page);
  ok(true, name('without a token the sign-in page comes'));
  const path = (await context.cookies()).find((cookie) => cookie.name === 'redirectUrlPath');
  is(path?.value, '%2Ftable%2Fsales.orders', name('where she wanted to go is remembered'));
  await shot(page, `om-${generation}-1-signin`);
  await page.click('#main button');
  await page.waitForSelector('input[name=login]');
  const [login] = await om.requests('/api/v1/auth/login');
  const callback = `${origin}/auth/callback`;
  const wanted = newest ? encodeURIComponent(callback) : callback;
  is(login.url, `/api/v1/auth/login?redirectUri=${wanted}`, name('the login URL'));
  await signIn(page, 'alice');
  await catalogue(page, 'table');
  is(at(page), '/table/sales.orders', name('she ends where she wanted to go'));
  await page.goto(`${origin}/`);
  await catalogue(page);
  is(await page.textContent('#name'), 'Alice Müller', name('as alice'));
  await shot(page, `om-${generation}-2-catalogue`);
  const calls = (await om.requests()).filter((entry) => entry.who);
  ok(calls.every((entry) => entry.who.name === 'alice'), name('every call of the API is hers'));
  ok((await stored(page)).primary, name('the token is stored'));
  const local = await page.evaluate(() => Object.keys(localStorage).join());
  is(local, generation === '1.9' ? 'om-session' : '', name('… and where it belongs'));
  is(await page.getAttribute('#live', 'data-on'), 'no', name('no token goes with a WebSocket: not live'));
  await om.control({ authorizer: { enableSecureSocketConnection: false } });
  await page.reload();
  await page.waitForSelector('#live[data-on=yes]');
  ok(true, name('live when the server does not look'));

  // A token that the API does not take is renewed, and the call repeated.
  const refreshes = async () => (await om.requests('/api/v1/auth/refresh')).length;
  const first = (await stored(page)).primary;
  await om.say('GET /api/v1/tables', 401, 'Expired token!', 1);
  await page.reload();
  await catalogue(page);
  is(await refreshes(), 1, name('a 401 is healed by one refresh'));
  ok((await stored(page)).primary !== first, name('a new token is stored'));
  ok((await page.locator('.cards li').count()) > 3, name('and the page is whole'));

  // 60 s before it ends a token is renewed.
  await om.control({ idp: { lifetime: 62 } });
  await page.evaluate(() => window.om.auth.renewal.renew());
  const before = (await stored(page)).primary;
  await om.control({ idp: { lifetime: 3600 } });
  await changed(page, before);
  is(await refreshes(), 3, name('a minute before its end the token is renewed'));
  // A login that is over leads to the sign-in page; the text decides for loggedInUser.
  await om.say('GET /api/v1/users/loggedInUser', 401, 'Token not present', 1);
  await page.reload();
  await signInPage(page);
  is(await refreshes(), 3, name('a 401 of loggedInUser without the words is not healed'));
  await page.click('#main button');
  await catalogue(page);
  ok(true, name('one click and she is back'));

  if (newest) await newestOnly(context, page, om, origin);
  else {
    await om.forget({ sessions: true });
    await page.evaluate(() => { window.om.auth.renewal.renew() });
    await signInPage(page);
    like(await page.textContent('#toast'), /session has expired/, name('a refresh that fails signs out'));
    await page.click('#main button');
    await catalogue(page);
  }

  await page.click('#sign-out');
  await signInPage(page);
  const [logout] = await om.requests('/api/v1/auth/logout');
  is(logout.method, newest ? 'POST' : 'GET', name('the method of the logout'));
  is((await stored(page)).primary, '', name('no token is left'));
  await page.goto(`${origin}/my-data`);
  await signInPage(page);

  // People whom nobody has added.
  await om.control({ authentication: { enableSelfSignup: false } });
  await om.forget({ sessions: true, people: true });
  await page.goto(`${origin}/`);
  await page.click('#main button');
  await signIn(page, 'carol');
  await page.waitForSelector('body[data-page=unauthorised]');
  is(at(page), '/unauthorised', name('an unknown person learns so'));
  await shot(page, `om-${generation}-3-unauthorised`);
  await om.control({ authentication: { enableSelfSignup: true } });
  await page.goto(`${origin}/my-data`);
  await page.waitForSelector('#display-name');
  is(at(page), '/signup', name('or may sign up'));
  await shot(page, `om-${generation}-4-signup`);
  await page.fill('#display-name', 'Carol Jones');
  await page.click('#main button');
  await catalogue(page);
  is(await page.textContent('#name'), 'Carol Jones', name('and is in'));

  await om.control({ authentication: { providerName: '' } });
  await page.reload();
  await page.waitForSelector('#toast:not([hidden])');
  like(await page.textContent('#toast'), /Missing in the configuration: providerName/, name('a gap is told'));
  await om.control({ authentication: { provider: 'unheard-of' } });
  await page.reload();
  await page.waitForSelector('body[data-page=fatal]');
  ok(true, name('a provider that the pages do not know: no application'));
  const expected = /status of (?:40[14]|503)|WebSocket connection/;
  is(complaints.filter((text) => !expected.test(text)).join('\n'), '', name('nothing to complain of'));
  await context.close();
}

async function newestOnly(context, page, om, origin) {
  const name = (text) => `newest: ${text}`;
  const calls = async (path) => (await om.requests(path)).length;
  const renew = (tab) => tab.evaluate(() => { window.om.auth.renewal.renew() });

  // The query is read where there is no fragment.
  const token = (await stored(page)).primary;
  await page.goto(`${origin}/auth/callback?id_token=${token}&email=alice%40example.com&name=A`);
  await catalogue(page);
  ok(true, name('a token in the query is taken too'));

  // Two tabs, one refresh.
  const tab = await context.newPage();
  await tab.goto(`${origin}/`);
  await catalogue(tab);
  const refreshes = await calls('/api/v1/auth/refresh');
  await om.control({ answers: { 'GET /api/v1/auth/refresh': { delay: 300 } } });
  await Promise.all([renew(page), renew(tab)]);
  await changed(page, token);
  await tab.waitForFunction(() => !window.om.auth.renewal.running);
  is(await calls('/api/v1/auth/refresh'), refreshes + 1, name('two tabs, one refresh'));
  await tab.close();

  // 401: a silent login, once.
  await om.forget({ sessions: true });
  const back = page.waitForURL('**/auth/callback*');
  await renew(page);
  await back;
  await catalogue(page);
  const logins = await om.requests('/api/v1/auth/login');
  is(logins.at(-1).query.prompt, 'none', name('a refresh that says 401 leads to a silent login'));
  await om.forget({ sessions: true });
  await renew(page);
  await signInPage(page);
  is(await calls('/api/v1/auth/login'), logins.length, name('not twice in three minutes'));
  like(await page.textContent('#toast'), /session has expired/, name('and she is told why'));

  // The provider does not know her any more: no loop.
  await om.forget({ sessions: true, people: true });
  await page.evaluate(() => localStorage.removeItem('om-reauth'));
  await page.click('#main button');
  await signIn(page, 'alice');
  await catalogue(page);
  await om.forget({ sessions: true, people: true });
  await renew(page);
  await signInPage(page);
  ok(true, name('a silent login that the provider refuses ends at the sign-in page'));
  is((await stored(page)).primary, '', name('without a token'));
  await page.click('#main button');
  await signIn(page, 'alice');
  await catalogue(page);

  // 503 is no verdict, but the pages sign out.
  await om.control({ idp: { down: true } });
  await renew(page);
  await signInPage(page);
  await om.control({ idp: { down: false } });
  await page.click('#main button');
  await catalogue(page);

  // A server that never takes the token: the breaker.
  await om.say('GET /api/v1/tables', 401, 'Expired token!', 99);
  await page.evaluate(() => {
    const ask = () => window.om.auth.http.call('GET', '/tables').catch(() => {});
    ask().then(ask).then(ask); // each renews twice
  });
  await signInPage(page);
  like(await page.textContent('#toast'), /Too many renewals/, name('more than three renewals in half a minute: out'));
  await om.say('GET /api/v1/tables', 401, '', 0);

  // Auto-redirect: no click.
  await om.control({ authentication: { enableAutoRedirect: true } });
  await page.goto(`${origin}/table/web.page_views`);
  await catalogue(page, 'table');
  is(at(page), '/table/web.page_views', name('with auto-redirect there is no click'));
  await om.control({ authentication: { enableAutoRedirect: false } });
  await page.reload();
  await catalogue(page, 'table');
}

await story(async (browser) => {
  await Promise.all(Object.entries(args.om).map(([generation, origin]) => alone(browser, generation, origin)));
});
