// A wasi:http/handler 0.3 in JavaScript, for QuickJS: /hello, and /echo, which sends back what comes while it comes.
import types from 'wasi:http/types@0.3.0';

function settled(type, val) {
  const { readable, writable } = wit.Future(type);
  writable.write({ tag: 'ok', val }).then(() => writable.drop());
  return readable;
}

function respond(status, contents) {
  const [response, sent] = types.Response.new(new types.Fields(), contents, settled(wit.Future.RESULT_OPTION_OTHER_ERROR_CODE, null));
  sent.drop();
  response.setStatusCode(status);
  return response;
}

function body(request) {
  const [bytes, trailers] = types.Request.consumeBody(request, settled(wit.Future.RESULT_VOID_ERROR_CODE));
  trailers.drop();
  return bytes;
}

const text = (words) => wit.Stream.from([Uint8Array.from(words, (c) => c.charCodeAt(0))], wit.Stream.U8).readable;

export const handler = {
  async handle(request) {
    const path = request.getPathWithQuery();
    if (path === '/hello') return respond(200, text('hello\n'));
    if (path === '/echo') return respond(200, body(request));
    return respond(404, text('?\n'));
  },
};
