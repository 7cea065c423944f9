// Keeps one page for the time when the box cannot be reached; everything else comes from the box, always.
const KEPT = 'hushbox-offline-1'
const FILES = ['/offline.html', '/offline.css', '/favicon.svg']

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  const forgetOthers = (names) =>
    Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)))
  event.waitUntil(
    caches
      .keys()
      .then(forgetOthers)
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const kept = FILES.includes(new URL(request.url).pathname)
  if (request.method !== 'GET' || !(request.mode === 'navigate' || kept)) return
  const instead = request.mode === 'navigate' ? '/offline.html' : request
  event.respondWith(fetch(request).catch(() => caches.match(instead, { ignoreSearch: true })))
})
