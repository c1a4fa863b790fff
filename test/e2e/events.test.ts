import { io } from 'socket.io-client';
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';

t.test('viewers are told by Socket.IO and Server-Sent Events, through the front', async t => {
  const server = await TestServer.start();
  t.teardown(() => server.stop());
  const { id, ingestToken, eventsUrl } = await server.createSession();
  const abort = new AbortController();
  t.teardown(() => abort.abort());
  const stream = await fetch(eventsUrl, { signal: abort.signal });
  let text = '';
  const read = async () => {
    for await (const piece of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) text += piece;
  };
  void read().catch(() => undefined);
  await eventually(() => text.includes('"state":"created"'));
  for (const transports of [['websocket'], ['polling']]) {
    const socket = io(server.baseUrl, { transports, forceNew: true });
    t.teardown(() => socket.disconnect());
    t.match(await socket.timeout(10_000).emitWithAck('watch', { id }), {
      id,
      state: 'created',
      captions: [],
    });
  }
  await eventually(() => /event: viewers\ndata: .*"count":3/.test(text));
  const transcript = await server.text(`/api/v1/videos/${id}/transcript`);
  t.same(JSON.parse(transcript), { language: null, final: false, segments: [] });
  const change = await fetch(`${server.baseUrl}/api/v1/videos/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ingestToken}` },
    body: JSON.stringify({ language: 'de-AT' }),
  });
  t.match(await change.json(), { language: 'de-AT', captionsUrl: null });
  const missing = await fetch(`${server.baseUrl}/videos/${id}/captions.vtt`);
  t.match(await missing.json(), { code: 'not-found', status: 404 });
});
