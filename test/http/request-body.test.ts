import { getEventListeners } from 'node:events';
import t from 'tap';
import { RequestBody } from '../../src/http/request-body.ts';

/** The part of uWebSockets.js's response through which a body comes; it takes its memory back. */
function bodySource() {
  const calls: string[] = [];
  let receive: (chunk: ArrayBuffer, isLast: boolean) => void = () => undefined;
  const response = {
    onData(handler: typeof receive) {
      receive = handler;
      return response;
    },
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
  };
  const send = (text: string, isLast = false) => {
    const chunk = new Uint8Array(Buffer.from(text)).buffer;
    receive(chunk, isLast);
    new Uint8Array(chunk).fill(0);
  };
  return { response: response as unknown as ConstructorParameters<typeof RequestBody>[0], send, calls };
}

t.test('a body of hours leaves nothing behind it', async t => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on('warning', warned);
  const { response, send, calls } = bodySource();
  const over = new AbortController();
  const body = new RequestBody(response, over.signal);
  const pieces = body.pieces();
  for (let chunk = 0; chunk < 5_000; chunk += 1) {
    const next = pieces.next();
    send(`${chunk} `);
    if ((await next).value?.toString() !== `${chunk} `) t.fail(`piece ${chunk}`);
    if (getEventListeners(over.signal, 'abort').length !== 1) t.fail('listeners pile up');
  }
  const last = pieces.next();
  send('', true);
  t.equal((await last).done, true);
  await new Promise(resolve => setImmediate(resolve));
  process.off('warning', warned);
  t.same(warnings, []);
  t.same(calls, []);
});

t.test('a body that comes faster than it is read waits in the socket', async t => {
  const { response, send, calls } = bodySource();
  const body = new RequestBody(response, new AbortController().signal);
  for (let chunk = 0; chunk < 6; chunk += 1) send('x'.repeat(300_000));
  t.same(calls, ['pause']);
  const pieces = body.pieces();
  t.equal((await pieces.next()).value?.length, 1_800_000);
  t.same(calls, ['pause', 'resume']);
  await pieces.return();
});

t.test('what came before the connection broke is read, then it is told', async t => {
  const { response, send, calls } = bodySource();
  const over = new AbortController();
  const pieces = new RequestBody(response, over.signal).pieces();
  send('y'.repeat(1_100_000));
  send('the last words');
  over.abort(new Error('the client is gone'));
  t.match((await pieces.next()).value?.toString(), /the last words$/);
  await t.rejects(pieces.next(), { message: 'the client is gone' });
  t.same(calls, ['pause'], 'a response that is gone is not touched');
});

t.test('who waits for more is told that nothing comes', async t => {
  const { response } = bodySource();
  const over = new AbortController();
  const next = new RequestBody(response, over.signal).pieces().next();
  over.abort(new Error('the request is answered'));
  await t.rejects(next, { message: 'the request is answered' });
});
