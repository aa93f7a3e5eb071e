// SPDX-License-Identifier: Apache-2.0
// The catalogue's page. A 401 from our own API means that the session has ended: say so instead of showing old data.
'use strict';

const $ = (id) => document.getElementById(id);

async function ask(path) {
  const answer = await fetch(path, { headers: { accept: 'application/json' } });
  if (answer.status === 401) {
    $('ended').hidden = false;
    throw new Error('signed out');
  }
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function card(set) {
  const item = element('li');
  item.append(element('h3', set.name));
  if (set.audience) {
    item.className = 'closed';
    item.append(element('p', `Only for the group ${set.audience}.`), element('small', set.domain));
    return item;
  }
  item.append(element('p', set.about));
  const tags = element('div');
  tags.append(...set.tags.map((tag) => element('span', tag, 'tag')));
  const facts = `${set.domain} · ${set.owner} · ${set.rows.toLocaleString('en')} rows · ${set.updated.replaceAll('-', '\u2011')}`;
  item.append(tags, element('small', facts));
  return item;
}

function showSets(sets) {
  const words = $('find').value.toLowerCase();
  const fits = (set) => JSON.stringify([set.name, set.owner, set.domain, set.tags]).toLowerCase().includes(words);
  $('cards').replaceChildren(...sets.filter(fits).map(card));
}

function showCaller(me) {
  $('name').textContent = me.name ?? 'Nobody';
  $('email').textContent = me.email ?? '';
  $('face').textContent = (me.name ?? '?').split(/\s+/).map((word) => word[0]).slice(0, 2).join('');
  $('who').hidden = false;
  const rows = me.headers.map(({ name, value }) => {
    const row = element('tr');
    row.append(element('td', name), element('td', value));
    return row;
  });
  $('headers').replaceChildren(...rows);
}

async function load() {
  const [me, sets] = await Promise.all([ask('/api/me'), ask('/api/datasets')]);
  showCaller(me);
  $('find').oninput = () => showSets(sets);
  showSets(sets);
  document.body.dataset.ready = 'yes';
}

load().catch((error) => { document.body.dataset.ready = error.message; });
// A page from the back/forward cache may be older than the session.
window.addEventListener('pageshow', (event) => { if (event.persisted) load().catch(() => {}); });
