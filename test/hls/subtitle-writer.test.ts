import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { writeFinalSubtitles } from '../../src/hls/final-subtitles.ts';
import { LivePlaylist } from '../../src/hls/live-playlist.ts';
import { MediaPlaylist } from '../../src/hls/media-playlist.ts';
import { renderMultivariantPlaylist } from '../../src/hls/multivariant-playlist.ts';
import { Rendition } from '../../src/hls/rendition.ts';
import { withSubtitles } from '../../src/hls/subtitle-group.ts';
import { SubtitleWriter } from '../../src/hls/subtitle-writer.ts';
import { createLog } from '../../src/log.ts';

type Said = { index: number; start: number; end: number; text: string };
const caption = (index: number, start: number, end: number, text: string): Said => ({
  index,
  start,
  end,
  text,
});

async function stream(t: Test) {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-subtitles-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const video = new Rendition('main', 4);
  video.partTargetSeconds = 0.5;
  const said: Said[] = [];
  const finalAfter = (after: number) => said.filter(({ index }) => index > after);
  const source = { spokenLanguage: null, finalAfter };
  const open = () => SubtitleWriter.open(folder, video, source, createLog('silent'));
  /** Another segment of 2 s. */
  const grow = (isDiscontinuity = false) => {
    const number = video.closed.length;
    const part = { durationSeconds: 0.5, isIndependent: true, offsetBytes: 0, sizeBytes: 9 };
    const startedAtMillis = Date.UTC(2026, 0, 1) + number * 2_000;
    video.closed.push({
      number,
      initNumber: 0,
      isDiscontinuity,
      startedAtMillis,
      parts: [part, part, part, part],
    });
  };
  const file = (name: string) => readFile(join(folder, name), 'utf8');
  return { folder, video, said, open, grow, file };
}

t.test('text goes with the segment it was said in, and what is known late with the newest', async t => {
  const { video, said, open, grow, file } = await stream(t);
  const writer = await open();
  const playlist = new LivePlaylist(writer.rendition, () => undefined);
  const publish = () => {
    writer.published();
    playlist.published();
  };
  said.push(caption(0, 0.5, 1.5, 'in time'), caption(1, 2.5, 3, 'not yet'));
  grow();
  publish();
  const waiting = playlist.media({ segment: 1, part: null, isDelta: false });
  t.equal(
    await file('000000.vtt'),
    `WEBVTT
X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000

00:00:00.500 --> 00:00:03.000
in time

NOTE captions to 0
`,
  );
  grow(true);
  publish();
  said.push(caption(2, 3.5, 4.2, 'late'));
  grow();
  publish();
  t.match(
    await file('000001.vtt'),
    '00:00:00.500 --> 00:00:03.000\nin time\n\n00:00:02.500 --> 00:00:05.000\nnot yet',
  );
  t.equal(
    await file('000002.vtt'),
    `WEBVTT
X-TIMESTAMP-MAP=MPEGTS:360000,LOCAL:00:00:04.000

00:00:02.500 --> 00:00:05.000
not yet

00:00:04.000 --> 00:00:07.000
late

NOTE captions to 2
`,
  );
  t.match((await waiting).toString(), '000001.vtt', 'who waited for the segment gets it');
  t.equal(
    new MediaPlaylist(writer.rendition).render(false),
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=12,CAN-SKIP-UNTIL=24
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:2,
000000.vtt
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z
#EXTINF:2,
000001.vtt
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:04.000Z
#EXTINF:2,
000002.vtt
#EXT-X-RENDITION-REPORT:URI="../main/stream.m3u8",LAST-MSN=2,LAST-PART=3
`,
  );
  t.match(
    new MediaPlaylist(video).render(false),
    '#EXT-X-RENDITION-REPORT:URI="../captions/stream.m3u8",LAST-MSN=2\n#EXT-X-PRELOAD-HINT',
  );
});

t.test('after a crash it goes on: nothing written is changed, nothing is shown twice', async t => {
  const { folder, said, open, grow, file } = await stream(t);
  const before = await open();
  said.push(caption(0, 0.5, 1, 'one'));
  grow();
  before.published();
  const first = await file('000000.vtt');
  grow();
  before.published();
  // As a power cut leaves it.
  await writeFile(join(folder, '000001.vtt'), '');
  grow();
  said.push(caption(1, 4.5, 5, 'two'));
  const after = await open();
  t.equal(await file('000000.vtt'), first);
  t.match(await file('000002.vtt'), 'two');
  t.notMatch(await file('000002.vtt'), 'one');
  t.equal(after.rendition.closed.length, 3);
});

t.test('when it is over each word is at its time, under names that were never used', async t => {
  const { folder, video, said, open, grow, file } = await stream(t);
  const writer = await open();
  video.formats.push({ codecs: 'avc1.42c01f,mp4a.40.2', width: 640, height: 360 });
  for (const isDiscontinuity of [false, true, false]) grow(isDiscontinuity);
  writer.published();
  video.isEnded = true;
  const places = {
    multivariantFile: join(folder, 'index.m3u8'),
    mediaFile: join(folder, 'main.m3u8'),
    captionsDirectory: folder,
  };
  t.equal(await writeFinalSubtitles(places, 'en', said), false, 'a video without playlists has none');
  await writeFile(places.mediaFile, new MediaPlaylist(video).render(false));
  await writeFile(places.multivariantFile, renderMultivariantPlaylist(video, { language: null }));
  said.push(caption(0, 0.5, 2.5, 'over the seam'), caption(1, 4.1, 4.5, 'last'));
  for (let times = 0; times < 3; times += 1) t.ok(await writeFinalSubtitles(places, 'de', said));
  t.equal(
    await file('stream.m3u8'),
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:2,
000000.3.vtt
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z
#EXTINF:2,
000001.3.vtt
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:04.000Z
#EXTINF:2,
000002.3.vtt
#EXT-X-ENDLIST
`,
  );
  const cue = '\n\n00:00:00.500 --> 00:00:02.500\nover the seam\n';
  t.equal(await file('000000.3.vtt'), `WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000${cue}`);
  t.equal(await file('000001.3.vtt'), `WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:180000,LOCAL:00:00:02.000${cue}`);
  t.match(await file('000002.3.vtt'), '00:00:04.100 --> 00:00:04.500\nlast\n');
  const names = (await readdir(folder)).filter(name => name.startsWith('000000'));
  t.same(names.sort(), ['000000.2.vtt', '000000.3.vtt', '000000.vtt'], 'players of a moment ago find theirs');
  t.match(
    await file('index.m3u8'),
    /NAME="Deutsch",LANGUAGE="de",.*\n#EXT-X-STREAM-INF:.*,SUBTITLES="captions"\n/,
  );
});

t.test('the multivariant playlist names subtitles once, and no language that is none', async t => {
  const plain = '#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmain/stream.m3u8\n';
  const named = withSubtitles(plain, { language: 'x"\n#EXT' });
  t.equal(
    named,
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="Captions",DEFAULT=NO,AUTOSELECT=YES,CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog",URI="captions/stream.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="captions"
main/stream.m3u8
`,
  );
  t.equal(withSubtitles(withSubtitles(named, { language: 'en' }), { language: null }), named);
  const silent = new Rendition('main', 4);
  silent.formats.push({ codecs: 'avc1.42c01f', width: 640, height: 360 });
  t.notMatch(
    renderMultivariantPlaylist(silent, { language: 'en' }),
    'SUBTITLES',
    'nobody speaks without sound',
  );
});
