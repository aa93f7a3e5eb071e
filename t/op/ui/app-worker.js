// SPDX-License-Identifier: Apache-2.0
// Keeps the pages' state in IndexedDB, since 1.10: messages {type: "get" | "set", key, value}, each with a port for the
// answer. It fetches nothing.
'use strict';

const open = () => new Promise((resolve, reject) => {
  const request = indexedDB.open('AppDataStore', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('keyValueStore');
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function handle({ type, key, value }) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const mode = type === 'set' ? 'readwrite' : 'readonly';
    const store = db.transaction('keyValueStore', mode).objectStore('keyValueStore');
    const request = type === 'set' ? store.put(value, key) : store.get(key);
    request.onsuccess = () => resolve(type === 'set' ? null : request.result ?? null);
    request.onerror = () => reject(request.error);
  }).finally(() => db.close());
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('message', (event) => {
  const [port] = event.ports;
  event.waitUntil(handle(event.data).then((result) => port.postMessage({ result }),
    (error) => port.postMessage({ error: String(error) })));
});
