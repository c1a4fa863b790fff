import t from 'tap';
import { MediaPlaylist } from '../../src/hls/media-playlist.ts';
import { renderMultivariantPlaylist } from '../../src/hls/multivariant-playlist.ts';
import { Rendition, type Segment } from '../../src/hls/rendition.ts';

const startedAtMillis = Date.UTC(2026, 0, 1, 12);

/** A segment of `count` parts of 0.2 s, the first independent. */
function segmentOf(number: number, count: number, more: Partial<Segment> = {}): Segment {
  const parts = Array.from({ length: count }, (_, index) => ({
    durationSeconds: 0.2,
    isIndependent: index === 0,
    offsetBytes: index * 1_000,
    sizeBytes: 1_000,
  }));
  const when = startedAtMillis + number * 2_000;
  return { number, initNumber: 0, isDiscontinuity: false, startedAtMillis: when, parts, ...more };
}

function renditionOf(closed: readonly Segment[], open: Segment | null): Rendition {
  const rendition = new Rendition('main', 4);
  rendition.partTargetSeconds = 0.217;
  rendition.formats.push({ codecs: 'avc1.42c01f,mp4a.40.2', width: 640, height: 360 });
  rendition.closed.push(...closed);
  rendition.open = open;
  return rendition;
}

const liveHead = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.651,HOLD-BACK=12,CAN-SKIP-UNTIL=24
#EXT-X-PART-INF:PART-TARGET=0.217
#EXT-X-MEDIA-SEQUENCE:0
`;
const partsOf = (number: number, count: number) =>
  Array.from({ length: count }, (_, index) => {
    const independent = index === 0 ? ',INDEPENDENT=YES' : '';
    return `#EXT-X-PART:DURATION=0.2,URI="${String(number).padStart(6, '0')}.${index}.m4s"${independent}\n`;
  }).join('');
const dateOf = (number: number) =>
  `#EXT-X-PROGRAM-DATE-TIME:${new Date(startedAtMillis + number * 2_000).toISOString()}\n`;
const mediaOf = (number: number) => `#EXTINF:2,\n${String(number).padStart(6, '0')}.m4s\n`;
const hint = (name: string) => `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${name}"\n`;
const map = (init: number) => `#EXT-X-MAP:URI="init-${init}.mp4"\n`;
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

t.test('live: the first part, then a segment and a half', async t => {
  const first = new MediaPlaylist(renditionOf([], segmentOf(0, 1)));
  t.equal(first.render(false), liveHead + map(0) + dateOf(0) + partsOf(0, 1) + hint('000000.1.m4s'));
  const second = new MediaPlaylist(renditionOf([segmentOf(0, 10)], segmentOf(1, 5)));
  t.equal(
    second.render(false),
    liveHead +
      map(0) +
      dateOf(0) +
      partsOf(0, 10) +
      mediaOf(0) +
      dateOf(1) +
      partsOf(1, 5) +
      hint('000001.5.m4s'),
  );
  const between = new MediaPlaylist(renditionOf([segmentOf(0, 10)], null));
  t.equal(
    between.render(false),
    liveHead + map(0) + dateOf(0) + partsOf(0, 10) + mediaOf(0) + hint('000001.0.m4s'),
  );
});

t.test('live for long: parts of the last three target durations, segments from the beginning', async t => {
  const closed = numbers(0, 40).map(number => segmentOf(number, 10));
  const playlist = new MediaPlaylist(renditionOf(closed, segmentOf(40, 3)));
  // 12 s from the end: 0.6 s of the open segment and six closed ones.
  const text =
    liveHead +
    map(0) +
    numbers(0, 34)
      .map(number => dateOf(number) + mediaOf(number))
      .join('') +
    numbers(34, 40)
      .map(number => dateOf(number) + partsOf(number, 10) + mediaOf(number))
      .join('') +
    dateOf(40) +
    partsOf(40, 3) +
    hint('000040.3.m4s');
  t.equal(playlist.render(false), text);
  t.equal(playlist.render(false), text, 'a second time the same');
});

t.test('a delta update skips what lies more than six target durations back', async t => {
  const closed = numbers(0, 40).map(number => segmentOf(number, 10));
  const playlist = new MediaPlaylist(renditionOf(closed, segmentOf(40, 3)));
  const text =
    liveHead +
    '#EXT-X-SKIP:SKIPPED-SEGMENTS=28\n' +
    numbers(28, 34)
      .map(number => dateOf(number) + mediaOf(number))
      .join('') +
    numbers(34, 40)
      .map(number => dateOf(number) + partsOf(number, 10) + mediaOf(number))
      .join('') +
    dateOf(40) +
    partsOf(40, 3) +
    hint('000040.3.m4s');
  t.equal(playlist.render(true), text);
  const short = new MediaPlaylist(renditionOf([segmentOf(0, 10)], segmentOf(1, 5)));
  t.equal(short.render(true), short.render(false), 'with nothing to skip it is the whole');
});

t.test('rendered step by step it says what it says rendered at once', async t => {
  const growing = renditionOf([], segmentOf(0, 1));
  const playlist = new MediaPlaylist(growing);
  for (const number of numbers(0, 30)) {
    for (const parts of [1, 4, 10]) {
      growing.open = segmentOf(number, parts);
      const once = new MediaPlaylist(renditionOf([...growing.closed], growing.open));
      t.equal(playlist.render(false), once.render(false));
      t.equal(playlist.render(true), once.render(true));
    }
    growing.closed.push(growing.open as Segment);
  }
});

t.test('another header begins with a discontinuity and a map', async t => {
  const change = { initNumber: 1, isDiscontinuity: true };
  const closed = [segmentOf(0, 10), segmentOf(1, 10, change)];
  const playlist = new MediaPlaylist(renditionOf(closed, segmentOf(2, 1, { initNumber: 1 })));
  t.equal(
    playlist.render(false),
    liveHead +
      map(0) +
      dateOf(0) +
      partsOf(0, 10) +
      mediaOf(0) +
      '#EXT-X-DISCONTINUITY\n' +
      map(1) +
      dateOf(1) +
      partsOf(1, 10) +
      mediaOf(1) +
      dateOf(2) +
      partsOf(2, 1) +
      hint('000002.1.m4s'),
  );
});

t.test('over: all segments, no parts, nothing of being live', async t => {
  const ended = renditionOf([segmentOf(0, 10), segmentOf(1, 10, { isDiscontinuity: true })], null);
  ended.isEnded = true;
  const head = '#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n';
  const text = `${head}${map(0)}${dateOf(0)}${mediaOf(0)}#EXT-X-DISCONTINUITY\n${dateOf(1)}${mediaOf(1)}#EXT-X-ENDLIST\n`;
  const playlist = new MediaPlaylist(ended);
  t.equal(playlist.render(false), text);
  t.equal(playlist.render(true), text, 'nothing is skipped in a playlist that has ended');
});

t.test('durations are written without the noise of floating point', async t => {
  const third = segmentOf(0, 0);
  const part = { isIndependent: true, offsetBytes: 0, sizeBytes: 1 };
  third.parts.push({ ...part, durationSeconds: 0.1 + 0.2 }, { ...part, durationSeconds: 1 / 3 });
  const text = new MediaPlaylist(renditionOf([third], null)).render(false);
  t.match(text, '#EXT-X-PART:DURATION=0.3,URI="000000.0.m4s",INDEPENDENT=YES');
  t.match(text, '#EXT-X-PART:DURATION=0.333333,URI="000000.1.m4s",INDEPENDENT=YES');
  t.match(text, '#EXTINF:0.633333,');
});

t.test('the multivariant playlist names what a player must know', async t => {
  const live = renditionOf([], segmentOf(0, 1));
  const head = '#EXTM3U\n#EXT-X-VERSION:9\n';
  const rest = 'CODECS="avc1.42c01f,mp4a.40.2",CLOSED-CAPTIONS=NONE,RESOLUTION=640x360\nmain/stream.m3u8\n';
  t.equal(
    renderMultivariantPlaylist(live),
    `${head}#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=3000000,${rest}`,
  );
  const part = { durationSeconds: 2, isIndependent: true, offsetBytes: 0, sizeBytes: 10_000 };
  live.closed.push(segmentOf(0, 0, { parts: [part] }));
  t.equal(
    renderMultivariantPlaylist(live),
    `${head}#EXT-X-STREAM-INF:BANDWIDTH=60000,AVERAGE-BANDWIDTH=40000,${rest}`,
    '10,000 bytes in 2 s, and room for more',
  );
  live.isEnded = true;
  t.match(renderMultivariantPlaylist(live), 'BANDWIDTH=40000,AVERAGE-BANDWIDTH=40000');
});

t.test('sound alone has no resolution', async t => {
  const rendition = renditionOf([segmentOf(0, 10)], null);
  rendition.formats[0] = { codecs: 'mp4a.40.2', width: 0, height: 0 };
  t.match(renderMultivariantPlaylist(rendition), 'CODECS="mp4a.40.2",CLOSED-CAPTIONS=NONE\nmain/stream.m3u8');
});
