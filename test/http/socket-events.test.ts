import { io, type Socket } from 'socket.io-client';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { said, tellVideos } from './told-videos.ts';

const id = 'f3Kq9ZtA1bXy';

function connect(t: Test, url: string, transports: string[] = ['websocket']) {
  const socket: Socket = io(url, { transports, forceNew: true, reconnection: false });
  t.teardown(() => socket.disconnect());
  const told: [string, Record<string, unknown>][] = [];
  socket.onAny((event, data) => told.push([event, data]));
  const ask = async (event: string, request: unknown) =>
    (await socket.timeout(10_000).emitWithAck(event, request)) as Record<string, unknown>;
  return { socket, told, ask };
}

for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
  t.test(`a viewer by ${transports.join(' and ')}`, async t => {
    const { url, caption, events, viewers } = await tellVideos(t);
    const captions = await caption(id);
    captions.caption(said(0, 1, true));
    captions.caption(said(1, 0));
    const { told, ask, socket } = connect(t, url, transports);
    t.match(await ask('watch', { id }), {
      id,
      state: 'live',
      captions: [said(0, 1, true), said(1, 0)],
      viewers: 1,
      captioning: { id, state: 'on' },
    });
    t.match(await ask('watch', { id }), { viewers: 1 }, 'who watches twice is one');
    captions.caption(said(1, 1, true));
    captions.state('paused', 11);
    events.report({ event: 'state', data: { id, state: 'processing', at: new Date(0).toISOString() } });
    await eventually(() => told.some(([event]) => event === 'state'));
    t.match(
      told.filter(([event]) => event !== 'viewers'),
      [
        ['caption', { id, ...said(1, 1, true) }],
        ['captioning', { id, state: 'paused', lagSeconds: 11, language: null }],
        ['state', { id, state: 'processing' }],
      ],
    );
    t.same(await ask('unwatch', { id }), { id });
    t.equal(viewers.of(id), 0);
    captions.caption(said(2, 0));
    await ask('watch', { id });
    t.notOk(told.some(([, { index }]) => index === 2));
    t.equal(viewers.of(id), 1);
    socket.disconnect();
    await eventually(() => viewers.of(id) === 0);
  });
}

t.test('what cannot be watched is refused in words', async t => {
  const { url, rows, viewers } = await tellVideos(t);
  const { ask } = connect(t, url);
  t.match(await ask('watch', { id }), { code: 'not-found', status: 404 });
  rows.set(id, { state: 'live', visibility: 'private', captions: true });
  t.match(await ask('watch', { id }), { code: 'not-found' });
  for (const nonsense of [undefined, null, 7, 'x', {}, { id: '../../etc' }, { id: [id] }])
    t.match(await ask('watch', nonsense), { code: 'validation-failed', status: 400 });
  t.equal(viewers.of(id), 0);
});

t.test('one viewer watches fifty videos and no more', async t => {
  const { url, rows } = await tellVideos(t);
  const { ask } = connect(t, url);
  const idOf = (number: number) => `video${String(number).padStart(7, '0')}`;
  for (let number = 0; number < 51; number += 1)
    rows.set(idOf(number), { state: 'ready', visibility: 'public', captions: true });
  for (let number = 0; number < 50; number += 1)
    t.match(await ask('watch', { id: idOf(number) }), { state: 'ready' });
  t.match(await ask('watch', { id: idOf(50) }), { code: 'bad-request' });
  await ask('unwatch', { id: idOf(0) });
  t.match(await ask('watch', { id: idOf(50) }), { state: 'ready' });
});

t.test('a message that is too long ends its connection, and no other', async t => {
  const { url, rows } = await tellVideos(t);
  rows.set(id, { state: 'ready', visibility: 'public', captions: true });
  const [loud, other] = [connect(t, url), connect(t, url)];
  await other.ask('watch', { id });
  loud.socket.emit('watch', { id: 'x'.repeat(100_000) });
  await eventually(() => loud.socket.disconnected && other.socket.connected);
  t.match(await other.ask('watch', { id }), { viewers: 1 });
});

t.test('who may watch no longer is told so, and hears nothing more', async t => {
  const { url, rows, shut, viewers, events } = await tellVideos(t);
  rows.set(id, { state: 'live', visibility: 'public', captions: true });
  const [stranger, guest] = [connect(t, url), connect(t, url)];
  await stranger.ask('watch', { id });
  await guest.ask('watch', { id, token: `token-of-${id}` });
  rows.set(id, { state: 'live', visibility: 'private', captions: true });
  shut(id);
  await eventually(() => stranger.told.some(([event, { id: told }]) => event === 'unwatched' && told === id));
  t.equal(viewers.of(id), 1);
  events.report({ event: 'state', data: { id, state: 'interrupted', at: new Date(0).toISOString() } });
  await eventually(() => guest.told.some(([event]) => event === 'state'));
  t.notOk(stranger.told.some(([event]) => event === 'state'));
  t.match(await stranger.ask('watch', { id }), { code: 'not-found' });
});
