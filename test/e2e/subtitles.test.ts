import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import t from 'tap';
import { launchChromium, type TestPage } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { IngestClient } from '../support/ingest-client.ts';
import { fatalErrors, openStranger, playerState } from '../support/player-page.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';
import { plainWords, testModelPath } from '../support/speech.ts';
import { speechStream } from '../support/speech-stream.ts';

type ShownCue = { readonly start: number; readonly end: number; readonly text: string };

const cuesOf = (page: TestPage) =>
  page.evaluate<ShownCue[]>(`[...document.querySelector('video').textTracks].flatMap(track =>
    [...(track.cues ?? [])].map(({ startTime, endTime, text }) => ({ start: startTime, end: endTime, text })))`);

const require = createRequire(import.meta.url);
const env = { CAPTIONS: 'on', WHISPER_MODEL: testModelPath, WHISPER_THREADS: '1' };

t.test('players show what is said with no code of ours, live and afterwards', async t => {
  const server = await TestServer.start({ env });
  t.teardown(() => server.stop());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const stream = await speechStream('pauses-30s');
  const { id, ingestUrl, playbackUrl } = await server.createSession({ language: 'en' });
  const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: stream.chunks, pace: 'real' });
  const sent = client.run();
  t.teardown(() => client.stop());
  await eventually(async () => (await server.text(`/hls/${id}/captions/stream.m3u8`)).includes('#EXTINF'));
  t.match(await server.text(`/hls/${id}/captions/stream.m3u8`), /^000000\.vtt$/m);
  t.match(await server.text(`/hls/${id}/index.m3u8`), /NAME="English",LANGUAGE="en"/);
  const source = await readFile(require.resolve('hls.js/dist/hls.min.js'), 'utf8');
  const open = async () => {
    const page = await chromium.page();
    await openStranger(page, 'hls.js', { baseUrl: server.baseUrl, source, url: playbackUrl });
    await page.evaluate(`(() => {
      const { hls } = window.livereel;
      const show = () => { hls.subtitleDisplay = true; hls.subtitleTrack = 0; };
      if (hls.subtitleTracks.length > 0) show(); else hls.on('hlsSubtitleTracksUpdated', show);
      window.seen = new Set();
      setInterval(() => {
        for (const track of document.querySelector('video').textTracks)
          for (const cue of track.activeCues ?? []) window.seen.add(cue.text);
      }, 100);
    })()`);
    return { page, cues: () => cuesOf(page) };
  };
  const live = await open();
  await eventually(async () => (await live.page.evaluate<number>('window.seen.size')) >= 3, {
    timeoutSeconds: 40,
    what: 'three captions are seen at the live edge',
  });
  await sent;
  t.same(await fatalErrors(live.page), []);
  t.ok((await playerState(live.page)).currentTime > 0);
  await live.page.close();

  await server.finished(id);
  const wordsOf = (cues: readonly { text: string }[]) => plainWords(cues.map(({ text }) => text).join(' '));
  const file = await eventually(async () => {
    const answer = await fetch(`${server.baseUrl}/videos/${id}/captions.json`);
    const playlist = await server.text(`/hls/${id}/captions/stream.m3u8`);
    return /\.\d+\.vtt$/m.test(playlist) && ((await answer.json()) as { segments: ShownCue[] });
  });
  const said = wordsOf(file.segments);
  t.ok(said.length > 0.8 * stream.words.length, `${said.length} of ${stream.words.length} words`);

  const afterwards = await open();
  await eventually(async () => wordsOf(await afterwards.cues()).length >= said.length, {
    timeoutSeconds: 30,
    what: 'all cues are there',
  });
  for (const { start, text } of file.segments) {
    const cue = (await afterwards.cues()).find(
      shown => wordsOf([shown]).join() === wordsOf([{ text }]).join(),
    );
    t.ok(
      cue !== undefined && Math.abs(cue.start - start) < 0.1,
      `${text}: ${cue?.start} s, said at ${start} s`,
    );
  }

  const shaka = await chromium.page();
  await openStranger(shaka, 'Shaka Player', {
    baseUrl: server.baseUrl,
    source: await readFile(require.resolve('shaka-player/dist/shaka-player.compiled.js'), 'utf8'),
    url: playbackUrl,
  });
  await shaka.evaluate(`(async () => {
    const player = window.livereel.shaka;
    await player.selectTextTrack(player.getTextTracks()[0]);
    await player.setTextTrackVisibility?.(true);
  })()`);
  const [first] = file.segments;
  const inShaka = await eventually(
    async () =>
      (await cuesOf(shaka)).find(({ text }) => wordsOf([{ text }]).join() === wordsOf([first!]).join()),
    { timeoutSeconds: 30, what: 'Shaka Player has the first caption' },
  );
  t.ok(Math.abs((inShaka?.start ?? Number.NaN) - first!.start) < 0.1, `${inShaka?.start} s in Shaka Player`);
  t.same(await fatalErrors(shaka), []);

  const { stdout } = await runFfmpeg(
    [
      '-loglevel',
      'error',
      '-allowed_extensions',
      'ALL',
      '-i',
      `${server.baseUrl}/hls/${id}/captions/stream.m3u8`,
    ].concat([...['-f', 'srt', 'pipe:1']]),
  );
  const read = plainWords(stdout.toString().replace(/^[\d:, >-]+$/gm, ''));
  for (const word of new Set(said)) t.ok(read.includes(word), `ffmpeg reads "${word}"`);
});
