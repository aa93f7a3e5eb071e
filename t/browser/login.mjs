// SPDX-License-Identifier: Apache-2.0
// Through the demo's site with a real Chromium: sign in, tabs, back button, refusal, sign out.
import { args, confirmSignOut, is, like, ok, shot, signIn, story, watch } from './lib.mjs';

const at = (page) => new URL(page.url()).pathname;
const ready = (page) => page.waitForSelector('body[data-ready=yes]');

await story(async (browser) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints = watch(page);

  await page.goto(args.url);
  like(await page.title(), /Sign in/, 'a person without a session sees the provider');
  await shot(page, '1-provider');
  await signIn(page, 'alice');
  await ready(page);
  is(page.url(), args.url, 'and ends where she wanted to go');
  is(await page.textContent('#name'), 'Alice Müller', 'signed in as alice');
  like(await page.textContent('#headers'), /X-SSO-Email/, 'headers reach the application');
  await shot(page, '2-catalogue');
  const cookies = await context.cookies(args.url);
  ok(cookies.every((cookie) => !/^(__Host-)?sso/.test(cookie.name) || cookie.httpOnly), 'our cookies are HttpOnly');
  is(await page.evaluate(() => document.cookie.match(/sso/)), null, 'no script sees them');

  const tab = await context.newPage();
  await tab.goto(`${args.url}admin/`);
  like(await tab.textContent('main'), /You see this page/, 'a second tab needs no login');
  await tab.goBack().catch(() => {});
  await page.goto(`${args.url}admin/`);
  await page.goBack();
  await ready(page);
  is(at(page), '/', 'the back button goes to the catalogue, not into the login');

  await tab.goto(`${args.url}openmetadata/`);
  await tab.waitForSelector('body[data-page=my-data][data-ready=yes]');
  is(await tab.textContent('#name'), 'Alice Müller', 'nor does the application that wants a login of its own');
  await tab.waitForSelector('#live[data-user=alice]');
  await shot(tab, '2-openmetadata');

  const bobs = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const bob = await bobs.newPage();
  await bob.goto(`${args.url}admin/`);
  await shot(bob, '3-provider-phone');
  const refusal = bob.waitForResponse((answer) => answer.url() === `${args.url}admin/` && answer.status() === 403);
  await signIn(bob, 'bob');
  is((await refusal).status(), 403, 'bob is refused the administration');
  like(await bob.textContent('main'), /not for you/, 'and told so by the site');
  await shot(bob, '4-refused');
  await bob.goto(args.url);
  await ready(bob);
  is(await bob.textContent('#name'), 'Bob Okoye', 'and welcome elsewhere');
  await shot(bob, '5-catalogue-phone');
  await bobs.close();

  const late = await context.newPage();
  await late.goto(args.url);
  await ready(late);
  await page.click('#sign-out');
  await page.waitForSelector('button[name=logout]');
  await shot(page, '6-sign-out');
  await confirmSignOut(page);
  is(at(page), '/signed-out', 'signing out ends where the link said');
  await shot(page, '7-signed-out');
  await late.evaluate(() => load().catch(() => {}));
  ok(await late.isVisible('#ended'), 'another tab learns by 401 that the session has ended');
  const gone = await tab.evaluate(() => window.om.auth.http.raw('GET', '/tables').catch((error) => error.status));
  is(gone, 401, 'there too');
  await page.goBack().catch(() => {});
  await page.goto(args.url);
  like(await page.title(), /Sign in/, 'and the next visit has to sign in again');
  is(complaints.join('\n'), '', 'the pages had nothing to complain of');
});
