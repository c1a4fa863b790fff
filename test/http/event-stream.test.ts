import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { said, tellVideos } from './told-videos.ts';

const id = 'f3Kq9ZtA1bXy';
type Told = { readonly id: string; readonly event: string; readonly data: Record<string, unknown> };

/** Follows a video's events as EventSource does. */
async function follow(t: Test, url: string, lastEventId?: string, query = '') {
  const abort = new AbortController();
  t.teardown(() => abort.abort());
  const answer = await fetch(`${url}/api/v1/videos/${id}/events${query}`, {
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    signal: abort.signal,
  });
  const told: Told[] = [];
  const read = async () => {
    let rest = '';
    for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + piece).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        if (field('data') !== '')
          told.push({ id: field('id'), event: field('event'), data: JSON.parse(field('data')) });
      }
    }
  };
  void read().catch(() => undefined);
  const captions = () => told.filter(({ event }) => event === 'caption').map(({ data }) => data.text);
  const lastId = () => told.findLast(({ id }) => id !== '')?.id ?? '';
  return { answer, told, captions, lastId, leave: () => abort.abort() };
}

t.test('who comes is told how things stand, and then what happens', async t => {
  const { url, caption } = await tellVideos(t);
  const captions = await caption(id);
  captions.language('en');
  captions.caption(said(0, 0));
  captions.caption(said(0, 4, true));
  captions.caption(said(1, 0));
  const viewer = await follow(t, url);
  await eventually(() => viewer.captions().length === 2);
  t.match(viewer.told, [
    { event: 'state', data: { id, state: 'live' } },
    { event: 'captioning', data: { id, state: 'on', lagSeconds: 0, language: 'en' } },
    { event: 'caption', data: { id, index: 0, revision: 4, final: true, words: [{ text: 'word' }] } },
    { event: 'caption', data: { index: 1, revision: 0 } },
  ]);
  captions.caption(said(1, 1, true));
  await eventually(() => viewer.captions().at(-1) === 'word 1.1');
});

t.test('who comes back is told what was missed, once', async t => {
  const { url, caption } = await tellVideos(t);
  const captions = await caption(id);
  captions.caption(said(0, 0));
  const viewer = await follow(t, url);
  await eventually(() => viewer.captions().length === 1);
  captions.caption(said(0, 1));
  await eventually(() => viewer.captions().length === 2);
  const seen = viewer.lastId();
  viewer.leave();
  captions.caption(said(0, 2, true));
  captions.caption(said(1, 0));
  const back = await follow(t, url, seen);
  await eventually(() => back.captions().length === 2);
  t.same(back.captions(), ['word 0.2', 'word 1.0']);
  t.notOk(
    back.told.some(({ event }) => event === 'state'),
    'nothing is told again',
  );
});

t.test('an id that is too old, or of another life of the server, gets all of it again', async t => {
  const { url, caption } = await tellVideos(t);
  const captions = await caption(id);
  captions.caption(said(0, 0, true));
  const viewer = await follow(t, url);
  await eventually(() => viewer.lastId() !== '');
  const seen = viewer.lastId();
  for (let revision = 0; revision < 300; revision += 1) captions.caption(said(1, revision));
  for (const lastId of [seen, 'AAAAAAAA.1', 'nonsense', `${seen}9999`]) {
    const back = await follow(t, url, lastId);
    await eventually(() => back.captions().length === 2);
    t.same(back.captions(), ['word 0.0', 'word 1.299'], lastId);
    back.leave();
  }
});

t.test('of a video that is over the transcript is told, but not to who saw it live', async t => {
  const { url, rows, transcripts } = await tellVideos(t);
  rows.set(id, { state: 'ready', visibility: 'public', captions: true });
  const { revision, final, ...segment } = said(0, 0);
  transcripts.set(id, { language: 'de', final: true, segments: [segment] });
  const viewer = await follow(t, url);
  await eventually(() => viewer.captions().length === 1);
  t.match(viewer.told[1], { event: 'caption', data: { ...segment, revision: 0, final: true } });
  const back = await follow(t, url, 'AAAAAAAA.7');
  await eventually(() => back.told.length > 1);
  t.same(back.captions(), []);
});

t.test('a private video is not there, nor is one that nobody made', async t => {
  const { url, rows } = await tellVideos(t);
  t.equal((await follow(t, url)).answer.status, 404);
  rows.set(id, { state: 'live', visibility: 'private', captions: true });
  t.equal((await follow(t, url)).answer.status, 404);
  t.equal((await fetch(`${url}/videos/${id}/captions.vtt`)).status, 404);
});

t.test('who watches a live video without captions is told why there are none', async t => {
  const { url, rows, caption, absence } = await tellVideos(t);
  const captioning = async () => {
    const viewer = await follow(t, url);
    await eventually(() => viewer.told.some(({ event }) => event === 'captioning'));
    viewer.leave();
    return viewer.told.find(({ event }) => event === 'captioning')?.data;
  };
  rows.set(id, { state: 'live', visibility: 'public', captions: false });
  t.match(await captioning(), { state: 'off', reason: 'this stream was begun without them' });
  rows.set(id, { state: 'live', visibility: 'public', captions: true });
  absence.reason = 'this server makes none';
  t.match(await captioning(), { state: 'off', reason: 'this server makes none' });
  absence.reason = null;
  t.match(await captioning(), { state: 'off', reason: /after its end/ });
  const captions = await caption(id);
  captions.absent('the speech model base is being fetched: 42 %');
  t.match(await captioning(), { state: 'off', reason: /base is being fetched: 42 %/ });
  captions.absent(null);
  t.match(await captioning(), { state: 'on', reason: undefined });
});

t.test('captions of hours come whole, and viewers are counted', async t => {
  const { url, caption, viewers } = await tellVideos(t);
  const captions = await caption(id);
  for (let index = 0; index < 5_000; index += 1) captions.caption(said(index, 0, true));
  const [one, other] = [await follow(t, url), await follow(t, url)];
  await eventually(() => one.captions().length === 5_000 && other.captions().length === 5_000);
  await eventually(() => one.told.findLast(({ event }) => event === 'viewers')?.data.count === 2);
  other.leave();
  await eventually(() => one.told.findLast(({ event }) => event === 'viewers')?.data.count === 1);
  t.equal(viewers.of(id), 1);
  const publisher = await follow(t, url, undefined, '?viewer=0');
  await eventually(() => publisher.captions().length === 5_000);
  t.equal(viewers.of(id), 1, 'who records does not watch');
});

t.test('while it is live what is known is there as files', async t => {
  const { url, caption } = await tellVideos(t);
  const captions = await caption(id);
  captions.caption(said(0, 0, true));
  captions.caption(said(1, 3));
  const file = async (format: string) => (await fetch(`${url}/videos/${id}/captions.${format}`)).text();
  t.equal(
    await file('vtt'),
    'WEBVTT\n\n00:00:00.000 --> 00:00:00.800\nword 0.0\n\n00:00:01.000 --> 00:00:01.800\nword 1.3\n',
  );
  t.match(await file('srt'), '2\n00:00:01,000 --> 00:00:01,800\nword 1.3\n');
  t.equal(await file('txt'), 'word 0.0 word 1.3\n');
  t.match(JSON.parse(await file('json')), { language: null, final: false, segments: [{ index: 0 }, {}] });
  t.equal((await fetch(`${url}/videos/${id}/captions.exe`)).status, 404);
});

t.test('who comes is told where on the media timeline the live stream stands', async t => {
  const { url, rows, moments, events } = await tellVideos(t);
  rows.set(id, { state: 'live', visibility: 'public', captions: true } as never);
  moments.set(id, { mediaSeconds: 12.5, atEpochMillis: 1_700_000_000_000 });
  const viewer = await follow(t, url);
  const clock = () => viewer.told.filter(({ event }) => event === 'live-clock').map(({ data }) => data);
  await eventually(() => clock().length === 1);
  events.report({ event: 'live-clock', data: { id, mediaSeconds: 20, atEpochMillis: 1_700_000_009_000 } });
  await eventually(() => clock().length === 2);
  t.same(clock(), [
    { id, mediaSeconds: 12.5, atEpochMillis: 1_700_000_000_000 },
    { id, mediaSeconds: 20, atEpochMillis: 1_700_000_009_000 },
  ]);
});
