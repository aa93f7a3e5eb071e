// SPDX-License-Identifier: Apache-2.0
// The pages of the stand-in: a small catalogue that signs in, stays signed in and signs out as OpenMetadata's UI does.
import { Auth } from './auth.js';
import { View } from './view.js';

const base = new URL(document.baseURI).pathname.replace(/\/$/, '');
const generation = document.querySelector('meta[name=generation]').content;
const view = new View(base);
const auth = new Auth({ base, generation, show: view });

// Links of ours do not load the page again.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (!link || event.ctrlKey || event.metaKey || link.origin !== window.location.origin) return;
  event.preventDefault();
  auth.go(link.pathname.slice(base.length));
});

window.om = { auth, view }; // for the tests
auth.start();
