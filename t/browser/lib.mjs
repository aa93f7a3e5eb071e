// SPDX-License-Identifier: Apache-2.0
// A real Chromium for the tests of t/browser. A script gets one JSON argument {url, shots?, …} and says what it saw in
// lines of JSON {ok, name, detail?}; t/lib/SSO/Chromium.pm turns them into TAP.
import { createRequire } from 'node:module';
import { existsSync, mkdirSync } from 'node:fs';

// The npm packages live in t/op.
const { chromium } = createRequire(new URL('../op/package.json', import.meta.url))('playwright-core');

export const args = JSON.parse(process.argv[2] ?? '{}');

export function ok(condition, name, detail) {
  process.stdout.write(`${JSON.stringify({ ok: Boolean(condition), name, ...(condition ? {} : { detail }) })}\n`);
  return Boolean(condition);
}
export const is = (got, want, name) =>
  ok(got === want, name, `got ${JSON.stringify(got)}, wanted ${JSON.stringify(want)}`);
export const like = (got, want, name) => ok(want.test(got), name, `got ${JSON.stringify(got)}, wanted ${want}`);

const program = [process.env.SSO_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find((path) => path && existsSync(path));

// A fresh profile in a temporary directory of Playwright's, gone at the end.
export async function launch(more = []) {
  if (!program) throw new Error('no Chromium found: install chromium, or name it in SSO_CHROMIUM');
  return chromium.launch({
    executablePath: program, headless: true, timeout: 60000,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', ...more],
  });
}

// Signs in at the real provider's page, where the browser must be now.
export async function signIn(page, user, password = user) {
  await page.fill('input[name=login]', user);
  await page.fill('input[name=password]', password);
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith('/interaction/')),
      page.click('button[type=submit]')]);
}

// Answers the provider's question whether to sign out there as well.
export async function confirmSignOut(page) {
  await page.click('button[name=logout]');
  await page.waitForLoadState();
}

// PNGs and what the console said go to the directory that the caller asked for.
export async function shot(page, name) {
  const dir = args.shots;
  if (!dir) return;
  mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: `${dir}/${name}.png`, fullPage: true });
}

// Every complaint of a page's console and every failed script is remembered: a page of ours must have none.
export function watch(page) {
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return complaints;
}

// Runs the story, closes the browser whatever happens. An exception is a failed test.
export async function story(tell) {
  let browser;
  try {
    browser = await launch();
    await tell(browser);
  } catch (error) {
    ok(false, 'the story reached its end', String(error.stack ?? error));
  } finally {
    await browser?.close();
  }
}
