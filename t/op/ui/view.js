// SPDX-License-Identifier: Apache-2.0
// What a person sees. `page(name, …)` sets body[data-page], and body[data-ready] once everything is there.
const $ = (id) => document.getElementById(id);

function element(name, content, props = {}) {
  const made = Object.assign(document.createElement(name), props);
  made.append(...[content ?? []].flat());
  return made;
}

function door(title, text, ...more) {
  return element('section', [element('h1', title), element('p', text), ...more], { className: 'door' });
}

function card(set) {
  const title = element('h3', set.audience ? set.name : element('a', set.name, { href: `table/${set.name}` }));
  if (set.audience) {
    const why = element('p', `Only for ${set.audience}.`);
    return element('li', [title, why, element('small', set.domain)], { className: 'closed' });
  }
  const tags = element('div', set.tags.map((tag) => element('span', tag, { className: 'tag' })));
  const facts = `${set.domain} · ${set.owner} · ${set.rows.toLocaleString('en')} rows`;
  return element('li', [title, element('p', set.about), tags, element('small', facts)]);
}

const claims = (token) => JSON.parse(new TextDecoder().decode(
  Uint8Array.from(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))));

function rows(pairs) {
  const list = pairs.map(([name, value]) => element('tr', [element('td', name), element('td', String(value))]));
  return element('div', element('table', element('tbody', list), { className: 'facts' }), { className: 'scroll' });
}

export class View {
  constructor(base) { this.base = base }

  put(name, ...nodes) {
    $('main').replaceChildren(...nodes);
    document.body.dataset.page = name;
    document.body.dataset.ready = 'yes';
  }

  toast(text) {
    $('toast').textContent = text;
    $('toast').hidden = false;
  }

  fatal(text) {
    this.toast(text);
    this.put('fatal');
  }

  async page(name, { auth, providerName } = {}) {
    document.body.dataset.ready = 'no';
    if (!auth?.user) {
      this.socket?.close();
      $('who').hidden = true;
    }
    const [kind, table] = name.split('/');
    switch (kind) {
      case 'signin': {
        const props = { className: 'button primary', type: 'button', onclick: () => auth.login() };
        return this.put('signin', door('Welcome', 'Data sets of the company, what is in them, and who knows more.',
          element('button', `Sign in with ${providerName}`, props)));
      }
      case 'signup': return this.put('signup', this.signUp(auth));
      case 'unauthorised':
        return this.put('unauthorised', door('Not yet here',
          'You are signed in, but nobody has added you to the catalogue.'));
      case 'my-data': return this.myData(auth);
      case 'table': return this.table(auth, decodeURIComponent(table));
      case 'loader': return this.put('loader', element('p', 'Loading …', { className: 'loader' }));
      default: return this.put('not-found', door('Nothing here', 'There is no such page.'));
    }
  }

  signUp(auth) {
    const { name, email } = auth.profileOfLogin ?? {};
    const input = element('input', null, { id: 'display-name', value: name ?? '', required: true });
    const form = element('form', [element('label', ['Display name', input]),
      element('button', 'Create my account', { className: 'button primary' })]);
    form.onsubmit = (event) => {
      event.preventDefault();
      auth.signUp(input.value).catch((error) => this.toast(error.message));
    };
    return door('Join the catalogue',
      `Signed in${email ? ` as ${email}` : ''}. Nobody of that address is known here yet.`, form);
  }

  header(auth) {
    const { user } = auth;
    const shown = user.displayName || user.name;
    $('name').textContent = shown;
    $('email').textContent = user.email;
    $('face').textContent = shown.split(/\s+/).map((word) => word[0]).slice(0, 2).join('');
    $('sign-out').onclick = () => auth.logout();
    $('who').hidden = false;
    this.connect(auth);
  }

  // Notifications: the server says on whose behalf the connection is open.
  connect(auth) {
    if (this.socket && this.socket.readyState < 2) return;
    const live = $('live');
    this.socket = new WebSocket(`${this.base}/api/v1/push/feed/?userId=${auth.user.id}&EIO=4&transport=websocket`
      .replace(/^/, window.location.origin.replace('http', 'ws')));
    this.socket.onmessage = ({ data }) => {
      const who = JSON.parse(data);
      Object.assign(live.dataset, { on: 'yes', user: who.name, checked: who.checked });
      live.title = `live as ${who.name}`;
    };
    this.socket.onclose = () => {
      live.dataset.on = 'no';
      live.title = 'no live connection';
    };
  }

  async myData(auth) {
    this.header(auth);
    const [{ data }] = await Promise.all([auth.http.call('GET', '/tables?limit=15&fields=owners,tags'),
      auth.http.call('GET', '/permissions')]).catch((error) => {
      this.toast(`The data sets cannot be shown: ${error.message}`);
      return [{ data: [] }];
    });
    const { primary } = await auth.store.get();
    const token = claims(primary);
    const { user } = auth;
    this.put('my-data',
      element('section', [element('h1', 'Data sets'), element('ul', data.map(card), { className: 'cards' })]),
      element('section', [element('h2', 'Whom the server sees'), rows([['user', user.name], ['e-mail', user.email],
        ['roles', user.roles.map((role) => role.name).join(', ') || '–'],
        ['administrator', user.isAdmin ? 'yes' : 'no']]),
      element('h2', 'The token in this browser'), rows([['for', [token.aud ?? '–'].flat().join(', ')],
        ['from', token.iss ?? '–'], ['until', new Date(token.exp * 1000).toLocaleTimeString()]])]));
  }

  async table(auth, name) {
    this.header(auth);
    const set = await auth.http.call('GET', `/tables/name/${name}`).catch(() => null);
    if (!set) return this.put('not-found', door('Nothing here', `There is no table ${name}.`));
    const facts = Object.entries(set).filter(([key]) => !['name', 'about'].includes(key));
    return this.put('table', element('section', [element('h1', set.name),
      element('p', set.about ?? 'You may not see more.'), rows(facts)]));
  }
}
