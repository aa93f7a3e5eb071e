// SPDX-License-Identifier: Apache-2.0
// The pages of the demo's provider: one plain card, no script, nothing loaded from elsewhere.
import { escapeHtml } from './server.mjs';

const style = `
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5b6b7b; --paper: #fff; --ground: #eef2f6; --line: #c9d3dd;
  --act: #0b5cad; --act-ink: #fff; --bad: #a3121f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9fb0c0; --paper: #18212b; --ground: #0f151c;
  --line: #34424f; --act: #58a6ff; --act-ink: #06121f; --bad: #ff8d8d; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; }
main { width: min(25rem, calc(100vw - 2rem)); background: var(--paper); border: 1px solid var(--line);
  border-radius: .75rem; padding: 1.75rem; margin: 1rem 0; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; } p { margin: .25rem 0 1rem; color: var(--soft); overflow-wrap: anywhere; }
label { display: block; font-weight: 600; margin: .9rem 0 .3rem; }
input[type=text], input[type=password] { width: 100%; font: inherit; padding: .55rem .7rem; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: .4rem; }
button { width: 100%; margin-top: 1.25rem; font: inherit; font-weight: 600; padding: .6rem 1rem; cursor: pointer;
  color: var(--act-ink); background: var(--act); border: 1px solid var(--act); border-radius: .4rem; }
button.plain { background: transparent; color: var(--act); margin-top: .6rem; }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
.tell { margin: 1.25rem 0 0; } .bad { color: var(--bad); font-weight: 600; } ul { padding-left: 1.2rem; }
`;

export function page(title, content) {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${content}
</main></body></html>
`;
}

export function loginPage({ action, client, hint, accounts, failed }) {
  const tell = accounts.length
    ? `<p class="tell">Sample accounts: ${accounts.map((a) => `<b>${escapeHtml(a.id)}</b>`).join(', ')}.
       The password is the user name.</p>`
    : '';
  return page('Sign in', `<p>to continue to <b>${escapeHtml(client)}</b></p>
${failed ? '<p class="bad" role="alert">User name or password is wrong.</p>' : ''}
<form method="post" action="${escapeHtml(action)}" autocomplete="off">
<label for="login">User name</label>
<input type="text" id="login" name="login" value="${escapeHtml(hint || '')}" required autofocus autocapitalize="none">
<label for="password">Password</label>
<input type="password" id="password" name="password" required>
<button type="submit">Sign in</button>
</form>
${tell}`);
}

export function consentPage({ action, client, scopes, abort }) {
  return page('Allow access?', `<p><b>${escapeHtml(client)}</b> asks for:</p>
<ul>${scopes.map((s) => `<li>${escapeHtml(s)}</li>`).join('')}</ul>
<form method="post" action="${escapeHtml(action)}"><button type="submit">Allow</button></form>
<form method="post" action="${escapeHtml(abort)}"><button type="submit" class="plain">Deny</button></form>`);
}

export function logoutPage({ form, client }) {
  return page('Sign out?', `<p>You are signing out of <b>${escapeHtml(client)}</b>. Sign out here as well?</p>
${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Yes, sign out</button>
<button type="submit" form="op.logoutForm" class="plain">No, stay signed in</button>`);
}

export function errorPage(error, description) {
  return page('That did not work', `<p class="bad">${escapeHtml(error)}</p><p>${escapeHtml(description || '')}</p>`);
}
