// SPDX-License-Identifier: Apache-2.0
// To be imported before oidc-provider, which warns on start that an in-memory store and http are not for production:
// true, and noise here.
for (const method of ['info', 'warn']) {
  const original = console[method];
  console[method] = (...words) => {
    if (!/oidc-provider (NOTICE|WARNING)|^\s*$/.test(String(words[0]))) original(...words);
  };
}
