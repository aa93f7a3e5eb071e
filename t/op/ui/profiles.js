// SPDX-License-Identifier: Apache-2.0
// In what the three generations of the pages differ.
const { origin } = window.location;

export const profiles = {
  1.9: {
    store: 'session',
    loginUrl: () => `api/v1/auth/login?redirectUri=${origin}/auth/callback`, // relative, and nothing is encoded
    logout: 'GET',
    callback: [() => window.location.search],
    failedCallback: 'signin',
    renewal: 'simple',
    autoRedirect: false,
    expiredTexts: ['Expired token!'],
  },
  1.11: {
    store: 'worker',
    loginUrl: (base) => `${base}/api/v1/auth/login?redirectUri=${origin}${base}/auth/callback`,
    logout: 'GET',
    callback: [() => window.location.search],
    failedCallback: 'loader',
    renewal: 'simple',
    autoRedirect: true, // since 1.11.5
    expiredTexts: ['Expired token!'],
  },
  newest: {
    store: 'worker',
    loginUrl: (base, silent) => `${base}/api/v1/auth/login?redirectUri=`
      + `${encodeURIComponent(`${origin}${base}/auth/callback`)}${silent ? '&prompt=none' : ''}`,
    logout: 'POST',
    callback: [() => window.location.hash.slice(1), () => window.location.search],
    failedCallback: 'loader',
    renewal: 'coordinated',
    autoRedirect: true,
    expiredTexts: ['Expired token!', 'Token signing key not found', 'Invalid session.'],
  },
};
