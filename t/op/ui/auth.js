// SPDX-License-Identifier: Apache-2.0
// Who is signed in, and what a page does when nobody is: the pages' AuthProvider for a confidential client.
import { Http } from './http.js';
import { openStore } from './storage.js';
import { profiles } from './profiles.js';
import { Coordinator, SimpleRenewal, expiry } from './renewal.js';

const supported = ['basic', 'google', 'okta', 'auth0', 'azure', 'custom-oidc', 'aws-cognito', 'saml', 'ldap'];
const open = ['/signin', '/signup', '/register', '/callback', '/silent-callback', '/auth/callback', '/logout',
  '/unauthorised', '/forgot-password', '/users/password/reset', '/users/registrationConfirmation'];
const fields = '?fields=profile,teams,roles,personas,defaultPersona,domains';

export class Auth {
  constructor({ base, generation, show }) {
    this.profile = profiles[generation];
    Object.assign(this, { base, show });
    this.store = openStore(this.profile.store, base);
    this.http = new Http({ base, store: this.store, expiredTexts: this.profile.expiredTexts });
    const hands = { http: this.http, store: this.store, signOut: (why) => this.expired(why),
      silentLogin: () => this.silentLogin() };
    this.renewal = this.profile.renewal === 'coordinated' ? new Coordinator(hands) : new SimpleRenewal(hands);
    this.http.renew = () => this.renewal.renew();
    this.http.signIn = () => this.expired();
  }

  path() { return window.location.pathname.slice(this.base.length) || '/' }

  go(path) {
    window.history.pushState(null, '', this.base + path);
    return this.route();
  }

  async start() {
    try {
      [this.config, this.authorizer] = await Promise.all([this.http.raw('GET', '/system/config/auth'),
        this.http.raw('GET', '/system/config/authorizer')]);
    } catch (error) {
      return this.show.fatal(`The configuration cannot be read: ${error.message}`);
    }
    const { provider, clientType } = this.config ?? {};
    if (!supported.includes(provider)) return this.show.fatal(`The provider ${provider} is not supported.`);
    const missing = ['provider', 'providerName', 'clientId', 'callbackUrl', 'authority']
      .filter((name) => !this.config[name]);
    if (missing.length) this.show.toast(`Missing in the configuration: ${missing.join(', ')}`);
    if (clientType !== 'confidential') return this.show.fatal('Only the login of a confidential client is built here.');
    window.addEventListener('popstate', () => this.route());
    return this.route();
  }

  async route() {
    const path = this.path();
    if (path === '/auth/callback' || path === '/callback') return this.callback();
    if (path === '/signin' && await this.renewal.cameBackEmpty?.()) await this.store.clear();
    const { primary } = await this.store.get();
    if (primary && (!open.includes(path) || path === '/signin'))
      return this.user ? this.home(path) : this.enter(primary);
    if (!open.includes(path)) {
      this.rememberPath();
      return this.go('/signin');
    }
    if (path === '/signin') return this.signInPage();
    if (path === '/logout') return this.store.clear().then(() => this.go('/signin'));
    return this.show.page(path.slice(1), { auth: this });
  }

  // --- in -----------------------------------------------------------------------------------------------------------

  signInPage() {
    this.show.page('signin', { auth: this, providerName: this.config.providerName });
    if (this.profile.autoRedirect && this.config.enableAutoRedirect) this.login();
  }

  login() { window.location.assign(this.profile.loginUrl(this.base, false)) }

  async silentLogin() {
    this.rememberPath();
    window.location.assign(this.profile.loginUrl(this.base, true));
  }

  async callback() {
    const found = this.profile.callback.map((read) => new URLSearchParams(read()))
      .find((params) => params.get('id_token'));
    if (!found) {
      if (this.profile.failedCallback === 'loader') return this.show.page('loader');
      this.show.toast('The sign-in did not work.');
      return this.go('/signin');
    }
    const refresh = /(?:^|; )refreshToken=([^;]*)/.exec(document.cookie)?.[1] ?? '';
    if (refresh) document.cookie = 'refreshToken=; path=/; max-age=0';
    await this.store.set(found.get('id_token'), refresh);
    this.renewal.arrived?.(found.get('id_token'));
    this.profileOfLogin = { name: found.get('name'), email: found.get('email') };
    return this.enter(found.get('id_token'));
  }

  // Loads the person behind the stored token, then the page that was asked for.
  async enter(token) {
    const exp = expiry(token);
    if (this.profile.renewal === 'coordinated' && exp && exp <= Date.now()) await this.renewal.renew();
    else this.renewal.schedule(token);
    try {
      this.user = await this.http.call('GET', `/users/loggedInUser${fields}`);
    } catch (error) {
      if (error.status !== 404) return this.show.fatal(`The server says: ${error.message}`);
      window.history.replaceState(null, '', this.base + (this.config.enableSelfSignup ? '/signup' : '/unauthorised'));
      return this.show.page(this.path().slice(1), { auth: this });
    }
    await this.adoptName();
    await Promise.all([this.http.call('GET', `/users/${this.user.id}/preferences`),
      this.http.call('GET', '/system/config/customUiThemePreference')]);
    const came = this.path();
    const target = ['/auth/callback', '/callback', '/signin', '/signup'].includes(came) ? this.recallPath() : came;
    window.history.replaceState(null, '', this.base + target);
    return this.home(target);
  }

  async adoptName() {
    const { name, email } = this.profileOfLogin ?? {};
    if (!name || this.user.displayName || email !== this.user.email) return;
    const patch = [{ op: 'add', path: '/displayName', value: name }];
    this.user = await this.http.call('PATCH', `/users/${this.user.id}`, patch);
  }

  async signUp(displayName) {
    await this.http.call('POST', '/users', { displayName });
    const { primary } = await this.store.get();
    return this.enter(primary);
  }

  home(path) { return this.show.page(path === '/' || path === '/signin' ? 'my-data' : path.slice(1), { auth: this }) }

  // --- out ----------------------------------------------------------------------------------------------------------

  async logout() {
    await this.http.raw(this.profile.logout, '/auth/logout').catch(() => {});
    return this.leave();
  }

  // The session is over without the person's doing: she comes back to where she was.
  async expired(why) {
    this.rememberPath();
    if (why) this.show.toast(why);
    return this.leave();
  }

  async leave() {
    this.renewal.stop();
    this.user = null;
    this.profileOfLogin = null;
    await this.store.clear();
    return this.go('/signin');
  }

  // --- where she wanted to go ---------------------------------------------------------------------------------------

  rememberPath() {
    const path = this.path();
    if (!open.includes(path)) document.cookie = `redirectUrlPath=${encodeURIComponent(path)}; path=/; max-age=3600`;
  }

  recallPath() {
    const path = /(?:^|; )redirectUrlPath=([^;]*)/.exec(document.cookie)?.[1];
    document.cookie = 'redirectUrlPath=; path=/; max-age=0';
    return path ? decodeURIComponent(path) : '/my-data';
  }
}
