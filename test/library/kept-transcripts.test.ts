import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { LiveCaptions } from '../../src/captions/live-captions.ts';
import { KeptTranscripts } from '../../src/library/kept-transcripts.ts';
import { CaptionShelf, transcriptOf } from '../../src/library/known-captions.ts';
import { TranscriptStore } from '../../src/library/transcript-store.ts';
import { VideoStore } from '../../src/library/video-store.ts';
import { createLog } from '../../src/log.ts';
import { startEmbedded } from './video-database.ts';

const id = 'f3Kq9ZtA1bXy';
const segment = (index: number, text: string) => ({
  index,
  start: index * 2,
  end: index * 2 + 1,
  text,
  words: [{ text, start: index * 2, end: index * 2 + 1, probability: 0.75 }],
});
const heard = (texts: string[], language: string | null) =>
  ({
    id,
    spokenLanguage: language,
    all: texts.map((text, index) => ({ ...segment(index, text), revision: 3, final: true })),
  }) as unknown as LiveCaptions;

t.test('transcripts', async t => {
  const server = await startEmbedded(t);
  const open = async () => {
    const database = await server.openEmpty();
    const folder = await mkdtemp(join(tmpdir(), 'livereel-transcripts-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const videos = new VideoStore(database);
    const store = new TranscriptStore(database);
    const liveCaptionsFile = join(folder, 'captions.log');
    await writeFile(liveCaptionsFile, '');
    const content = {
      videoDir: () => folder,
      liveCaptionsFile: () => liveCaptionsFile,
      multivariantPlaylistFile: () => join(folder, 'hls', 'index.m3u8'),
      mediaPlaylistFile: () => join(folder, 'hls', 'main', 'stream.m3u8'),
      renditionDir: () => join(folder, 'hls', 'captions'),
    };
    const kept = new KeptTranscripts({
      store,
      videos,
      content,
      exclusively: (name, work) => database.exclusively(name, work),
      log: createLog('silent'),
    });
    const shared = { title: 't', visibility: 'public', input: 'chunks', language: 'auto' } as const;
    await videos.insert({ ...shared, id, state: 'ready', captions: true });
    const file = (format: string) => readFile(join(folder, `captions.${format}`), 'utf8');
    return {
      store,
      videos,
      kept,
      folder,
      file,
      shelf: new CaptionShelf(
        () => undefined,
        store,
        () => null,
      ),
    };
  };

  t.test('what was heard live is kept, then the corrected words in its place', async t => {
    const { kept, store, videos, file, folder, shelf } = await open();
    t.equal(await shelf.known(id), undefined);
    t.same(transcriptOf(undefined), { language: null, final: false, segments: [] });
    await kept.keepLive(heard(['won', 'too'], 'en'));
    t.match(await store.find(id), {
      language: 'en',
      final: false,
      model: null,
      segments: [segment(0, 'won'), {}],
    });
    t.equal((await videos.find(id))?.hasCaptions, true);
    t.match(await file('vtt'), '00:00:02.000 --> 00:00:03.000\ntoo\n');
    await kept.keep(id, { language: 'en', model: 'base', segments: [segment(0, 'one & all')] });
    t.match(await store.find(id), { final: true, model: 'base', segments: [segment(0, 'one & all')] });
    t.match(await file('vtt'), 'one &amp; all');
    t.same(JSON.parse(await file('json')), {
      language: 'en',
      final: true,
      segments: [segment(0, 'one & all')],
    });
    const known = await shelf.known(id);
    t.match(known, { isCorrected: true, captions: [{ final: true, revision: 0 }], captioning: null });
    t.match(transcriptOf(known), { final: true, segments: [segment(0, 'one & all')] });
    await kept.keepLive(heard(['late'], 'en'));
    t.match(await store.find(id), { final: true }, 'never the other way round');
    t.match(await file('txt'), 'one & all');
    t.same((await readdir(folder)).sort(), ['captions.json', 'captions.srt', 'captions.txt', 'captions.vtt']);
  });

  t.test('two at once do not meet, and the corrected one stays', async t => {
    const { kept, file } = await open();
    await Promise.all([
      kept.keepLive(heard(['live'], null)),
      kept.keep(id, { language: 'en', model: 'base', segments: [segment(0, 'right')] }),
      kept.keepLive(heard(['live'], null)),
    ]);
    t.equal(await file('txt'), 'right\n');
  });

  t.test('nobody spoke, a zero in a word, a video that is gone', async t => {
    const { kept, store, videos, file } = await open();
    await kept.keep(id, { language: null, model: 'base', segments: [] });
    t.equal((await videos.find(id))?.hasCaptions, false);
    t.equal(await file('vtt'), 'WEBVTT\n');
    await kept.keep(id, { language: 'en', model: 'base', segments: [segment(0, 'a\0b \\u0000')] });
    t.match(await store.find(id), { segments: [{ text: 'ab \\u0000' }] });
    await videos.remove(id);
    t.equal(await store.find(id), undefined);
    await kept.keep(id, { language: 'en', model: 'base', segments: [] });
    t.equal(await store.find(id), undefined);
  });
});
