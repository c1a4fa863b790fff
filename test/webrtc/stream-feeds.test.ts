import { pino } from 'pino';
import t from 'tap';
import type { EngineRequest } from '../../src/webrtc/engine-messages.ts';
import { StreamFeeds } from '../../src/webrtc/stream-feeds.ts';
import type { FeedableStream, StreamFeed } from '../../src/webrtc/webrtc-engine.ts';

/** Feeds to an engine that is slow when told so, and a stream that can be fed. */
function feeding() {
  const told: EngineRequest[] = [];
  const engine = { isSlow: false };
  const feeds = new StreamFeeds({
    send: request => told.push(request),
    isSlow: () => engine.isSlow,
    log: pino({ level: 'silent' }),
  });
  const fed = { feed: null as StreamFeed | null, stops: 0 };
  const stream: FeedableStream = {
    codecs: ['H264'],
    feed(feed) {
      fed.feed = feed;
      return {
        close() {
          fed.stops += 1;
        },
      };
    },
  };
  const frame = (kind: 'video' | 'audio', isKey: boolean, timeMicros: number) =>
    fed.feed?.frame({
      kind,
      codec: kind === 'video' ? 'H264' : 'opus',
      timeMicros,
      isKey,
      bytes: new Uint8Array(1),
    });
  const times = () => told.flatMap(one => (one.kind === 'feed' ? [one.frame.timeMicros] : []));
  return { engine, feeds, fed, stream, frame, times, told };
}

t.test(
  'an engine that is slow misses pictures up to the next key frame, and gets sound again at once',
  async t => {
    const { engine, feeds, stream, frame, times } = feeding();
    feeds.offer('s', stream);
    feeds.wanted('s', true);
    frame('video', true, 1);
    engine.isSlow = true;
    frame('video', false, 2);
    frame('audio', true, 3);
    engine.isSlow = false;
    frame('video', false, 4);
    frame('audio', true, 5);
    frame('video', true, 6);
    frame('video', false, 7);
    t.same(times(), [1, 5, 6, 7]);
    t.equal(feeds.framesDropped, 3);
  },
);

t.test('a stream is fed once, while it is wanted', async t => {
  const { feeds, fed, stream, frame, times, told } = feeding();
  const settled = feeds.offer('s', stream);
  feeds.wanted('s', true);
  feeds.wanted('s', true);
  settled();
  frame('video', true, 1);
  feeds.wanted('s', false);
  feeds.wanted('s', false);
  frame('video', true, 2);
  t.same(times(), [1]);
  t.equal(fed.stops, 1);
  feeds.wanted('s', true);
  t.equal(fed.stops, 1, 'it is forgotten: nobody offers it any more');

  feeds.offer('s', stream);
  feeds.wanted('s', true);
  fed.feed?.close();
  t.match(told.at(-1), { kind: 'feed-ended', streamId: 's' });
  feeds.close();
  t.equal(fed.stops, 2);
});

t.test('a stream that cannot be fed after all is over for its viewers', async t => {
  const { feeds, told } = feeding();
  feeds.offer('broken', {
    codecs: ['VP8'],
    feed: () => {
      throw new Error('no');
    },
  });
  feeds.wanted('broken', true);
  t.match(told, [{ kind: 'feed-ended', streamId: 'broken' }]);
  feeds.close();
});
