import t from 'tap';
import { LivereelError } from '../../src/errors.ts';
import { LivePlaylist } from '../../src/hls/live-playlist.ts';
import { Rendition } from '../../src/hls/rendition.ts';

const part = { durationSeconds: 0.2, isIndependent: true, offsetBytes: 0, sizeBytes: 100 };

/** A rendition that grows part by part, five a segment, and its playlist; how often it was rendered. */
function growing(targetDurationSeconds = 4) {
  const rendition = new Rendition('main', targetDurationSeconds);
  rendition.partTargetSeconds = 0.2;
  const state = { renders: 0 };
  const playlist = new LivePlaylist(rendition, () => {
    state.renders += 1;
  });
  const publish = (count = 1) => {
    for (let index = 0; index < count; index += 1) {
      const { segment: number } = rendition.next;
      rendition.open ??= { number, initNumber: 0, isDiscontinuity: false, startedAtMillis: 0, parts: [] };
      rendition.open.parts.push(part);
      if (rendition.open.parts.length === 5) {
        rendition.closed.push(rendition.open);
        rendition.open = null;
      }
      playlist.published();
    }
  };
  return { rendition, playlist, publish, state };
}

const plain = { segment: null, part: null, isDelta: false };
const turn = () => new Promise(resolve => setImmediate(resolve));

/** Whether a promise is settled, after a turn. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await turn();
  return settled;
}

t.test('whoever comes before the first part waits for it', async t => {
  const { playlist, publish } = growing();
  const [media, multivariant] = [playlist.media(plain), playlist.multivariant()];
  t.equal(await isSettled(media), false);
  t.equal(await isSettled(multivariant), false);
  publish();
  t.match((await media).toString(), '000000.0.m4s');
  t.match((await multivariant).toString(), 'main/stream.m3u8');
});

t.test('a request is held until what it names exists, and no longer', async t => {
  const { playlist, publish } = growing();
  publish(3);
  const there = playlist.media({ segment: 0, part: 2, isDelta: false });
  t.equal(await isSettled(there), true);
  const next = playlist.media({ segment: 0, part: 3, isDelta: false });
  const whole = playlist.media({ segment: 0, part: null, isDelta: false });
  const over = playlist.media({ segment: 0, part: 7, isDelta: false });
  t.equal(await isSettled(next), false);
  publish();
  t.match((await next).toString(), 'URI="000000.3.m4s"');
  t.equal(await isSettled(whole), false);
  t.equal(await isSettled(over), false);
  publish();
  t.match((await whole).toString(), '000000.m4s');
  t.match((await over).toString(), '000000.m4s', 'a part that the segment never had: the segment is enough');
});

t.test('it is rendered once for all who wait', async t => {
  const { playlist, publish, state } = growing();
  publish(2);
  state.renders = 0;
  const waiting = Array.from({ length: 300 }, () => playlist.media({ segment: 0, part: 2, isDelta: false }));
  publish();
  const answers = await Promise.all(waiting);
  t.equal(new Set(answers).size, 1, 'the very same bytes');
  t.equal(state.renders, 1);
  await playlist.media({ segment: 0, part: 2, isDelta: true });
  t.equal(state.renders, 2, 'a delta is another rendering');
  publish();
  t.notOk((await playlist.media(plain)) === answers[0], 'the next part, the next rendering');
});

t.test('what lies too far ahead is refused at once', async t => {
  const { playlist, publish } = growing();
  publish(7);
  await t.rejects(playlist.media({ segment: 4, part: null, isDelta: false }), {
    code: 'part-too-far-ahead',
  });
  await t.rejects(playlist.media({ segment: 999_999_999, part: 0, isDelta: false }), {
    code: 'part-too-far-ahead',
  });
  const allowed = playlist.media({ segment: 3, part: 0, isDelta: false });
  t.equal(await isSettled(allowed), false);
  publish(9);
  await allowed;
});

t.test('a part without its segment is no request', async t => {
  const { playlist, publish } = growing();
  publish();
  await t.rejects(playlist.media({ segment: null, part: 1, isDelta: false }), {
    code: 'bad-request',
  });
});

t.test('nobody waits longer than three target durations', async t => {
  const { playlist, publish } = growing(0.02);
  publish();
  const askedAt = performance.now();
  await t.rejects(playlist.media({ segment: 0, part: 1, isDelta: false }), { code: 'playlist-not-ready' });
  t.ok(performance.now() - askedAt > 55);
  const again = playlist.until(0, 1);
  publish();
  await again;
});

t.test('at the end all who wait get the last playlist', async t => {
  const { playlist, publish, rendition } = growing();
  publish(6);
  const waiting = playlist.media({ segment: 3, part: 0, isDelta: false });
  rendition.closed.push(...(rendition.open ? [rendition.open] : []));
  rendition.open = null;
  rendition.isEnded = true;
  playlist.published();
  t.match((await waiting).toString(), '#EXT-X-ENDLIST');
  t.match((await playlist.media({ segment: 999, part: 0, isDelta: true })).toString(), '#EXT-X-ENDLIST');
});

t.test('a server that stops tells all who wait and who come after', async t => {
  const { playlist, publish } = growing();
  const before = playlist.multivariant();
  const error = new LivereelError('session-closed', 'the server is stopping');
  playlist.close(error);
  await t.rejects(before, error);
  await t.rejects(playlist.media(plain), error);
  const { playlist: other, publish: publishOther } = growing();
  publishOther();
  other.close(error);
  await t.rejects(other.media({ segment: 0, part: 1, isDelta: false }), error);
  t.match((await other.media(plain)).toString(), '000000.0.m4s', 'what is there is still told');
  publish();
});
