// The shell offline. Only the page's own files are kept here; data are kept by the page, with their time.
// Nothing under /api or /graphql is ever answered from a cache.

const CACHE = "mktdash-__VERSION__";
const SHELL = ["__SHELL__"];

self.addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(SHELL.map((path) => new Request(path, { cache: "reload" })));
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const clean = async () => {
    const names = await caches.keys();
    await Promise.all(
      names
        .filter((name) => name.startsWith("mktdash-") && name !== CACHE)
        .map((name) => caches.delete(name)),
    );
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

const isPage = (request, url) =>
  request.mode === "navigate" &&
  url.search.indexOf("token=") < 0 &&
  !/^\/(api|graphql|metrics)(\/|$)/.test(url.pathname);

async function pageFirstFromNetwork(request) {
  try {
    const answer = await fetch(request);
    if (answer.status < 500) return answer;
  } catch {
    // No server: the kept shell below.
  }
  const kept = await caches.match("/");
  return kept ?? Response.error();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (isPage(request, url)) event.respondWith(pageFirstFromNetwork(request));
  else if (SHELL.includes(url.pathname) && url.pathname !== "/") {
    event.respondWith(caches.match(request, { ignoreSearch: true }).then((kept) => kept ?? fetch(request)));
  }
});
