// SPDX-License-Identifier: Apache-2.0
// Many tabs at once in a browser without a session: each gets its page, and one login is enough for all.
import { args, is, ok, signIn, story } from './lib.mjs';

await story(async (browser) => {
  const context = await browser.newContext();
  const paths = ['/', '/admin/', '/?tab=3', '/?tab=4'];
  const pages = await Promise.all(paths.map(() => context.newPage()));
  const urls = paths.map((path) => args.url.replace(/\/$/, path));
  await Promise.all(pages.map((page, i) => page.goto(urls[i])));
  await signIn(pages[0], 'alice');
  for (const [i, page] of pages.entries()) {
    if (i) await page.goto(urls[i]);
    is(page.url(), urls[i], `tab ${i + 1} shows what it was opened for`);
  }
  const ours = (await context.cookies(args.url)).filter((cookie) => /sso.*login/.test(cookie.name));
  ok(ours.length <= 4, 'at most four login cookies', ours.map((cookie) => cookie.name).join(' '));
  await context.close();

  // The same, and every tab signs in by itself.
  const second = await browser.newContext();
  const tabs = await Promise.all(paths.map(() => second.newPage()));
  await Promise.all(tabs.map((page, i) => page.goto(urls[i])));
  for (const [i, page] of tabs.entries()) {
    if (/\/interaction\//.test(page.url())) await signIn(page, 'alice').catch(() => {});
    if (page.url() !== urls[i]) await page.goto(urls[i]);
    is(page.url(), urls[i], `tab ${i + 1} of four logins at once ends where it began`);
  }
});
