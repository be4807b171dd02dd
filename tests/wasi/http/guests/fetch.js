// A wasi:http/incoming-handler in JavaScript, by a fetch listener, for StarlingMonkey: /hello, and /echo, which sends back what came.
addEventListener('fetch', (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const { pathname } = new URL(request.url);
  if (pathname === '/hello') return new Response('hello\n');
  if (pathname === '/echo') return new Response(await request.arrayBuffer());
  return new Response('?\n', { status: 404 });
}
