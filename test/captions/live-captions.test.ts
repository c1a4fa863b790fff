import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Caption } from '../../src/api/caption.ts';
import type { VideoEvent } from '../../src/api/event.ts';
import { LiveCaptions } from '../../src/captions/live-captions.ts';
import { VideoEvents } from '../../src/events/video-events.ts';
import { createLog } from '../../src/log.ts';

const id = 'f3Kq9ZtA1bXy';
const said = (index: number, revision: number, text: string, final = false): Caption => ({
  index,
  revision,
  final,
  start: index * 2,
  end: index * 2 + 1.5,
  text,
  words: [],
});

async function captioned(t: Test) {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-captions-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'captions.log');
  const events = new VideoEvents(createLog('silent'));
  const told: VideoEvent[] = [];
  events.listen(id, event => told.push(event));
  const open = (onEnd?: (captions: LiveCaptions) => Promise<void>) =>
    LiveCaptions.open({ id, file, events, log: createLog('silent'), ...(onEnd && { onEnd }) });
  return { file, told, open };
}

t.test('viewers are told of each revision, and only the newest is kept', async t => {
  const { told, open } = await captioned(t);
  const captions = await open();
  captions.caption(said(0, 0, 'one'));
  captions.caption(said(0, 2, 'one two', true));
  captions.caption(said(0, 1, 'an older one'));
  captions.caption(said(0, 3, 'too late', true));
  captions.caption(said(1, 0, 'three'));
  t.same(
    captions.all.map(({ text }) => text),
    ['one two', 'three'],
  );
  t.same(
    told.map(({ data }) => 'text' in data && data.text),
    ['one', 'one two', 'three'],
  );
  t.same(
    captions.finalAfter(-1).map(({ index }) => index),
    [0],
  );
  captions.caption(said(1, 1, 'three', true));
  t.same(
    captions.finalAfter(0).map(({ index }) => index),
    [1],
  );
  await captions.close();
  await captions.close();
});

t.test('what was final is there after a crash, and goes on with indexes and revisions that rise', async t => {
  const { file, told, open } = await captioned(t);
  const before = await open();
  before.language('de');
  before.caption(said(0, 1, 'one', true));
  before.caption(said(1, 7, 'half a'));
  before.settled(1.6);
  before.settled(9);
  // As a kill leaves it: nothing closed, the last line torn.
  await appendFile(file, '{"type":"caption","capt');
  const captions = await open();
  t.equal(captions.firstIndex, 1);
  t.equal(captions.settledSeconds, 9);
  t.equal(captions.spokenLanguage, 'de');
  t.match(captions.all, [said(0, 1, 'one', true)]);
  captions.caption(said(1, 0, 'half a sentence', true));
  const newest = told.at(-1);
  t.ok(newest?.event === 'caption' && newest.data.revision > 7, 'viewers who saw the lost one take this');
  await captions.close();
  const again = await open();
  t.same(
    again.all.map(({ text }) => text),
    ['one', 'half a sentence'],
  );
  await again.close();
  await before.close();
});

t.test('how well it goes is told when it changes, and while it is late', async t => {
  const { told, open } = await captioned(t);
  const captions = await open();
  captions.state('on', 2);
  captions.state('delayed', 6);
  captions.state('delayed', 7);
  captions.language('fr');
  captions.language('fr');
  captions.state('on', 3);
  captions.state('on', 2);
  t.same(
    told.map(({ data }) => data),
    [
      { id, state: 'delayed', lagSeconds: 6, language: null },
      { id, state: 'delayed', lagSeconds: 7, language: null },
      { id, state: 'delayed', lagSeconds: 7, language: 'fr' },
      { id, state: 'on', lagSeconds: 3, language: 'fr' },
    ],
  );
  await captions.close();
});

t.test('a caption whose words vanished is told so, and is none until others come', async t => {
  const { told, open } = await captioned(t);
  const captions = await open();
  captions.caption(said(0, 0, 'one', true));
  captions.caption(said(1, 0, 'perhaps'));
  captions.caption(said(1, 1, ''));
  t.same(
    told.map(({ data }) => 'text' in data && data.text),
    ['one', 'perhaps', ''],
  );
  t.same(
    captions.all.map(({ text }) => text),
    ['one'],
  );
  captions.caption(said(1, 2, 'two'));
  t.same(
    captions.all.map(({ text }) => text),
    ['one', 'two'],
  );
  await captions.close();
});

t.test('while nobody hears it is told why, and how well it goes again once somebody does', async t => {
  const { told, open } = await captioned(t);
  const captions = await open();
  const reasons = [
    'the speech model tiny is being fetched: 1 %',
    'the speech model tiny is being fetched: 2 %',
  ];
  for (const reason of [reasons[0]!, reasons[0]!, reasons[1]!]) captions.absent(reason);
  t.same(captions.captioning, { state: 'off', lagSeconds: 0, reason: reasons[1] });
  captions.state('paused', 9);
  captions.state('on', 0);
  captions.absent(null);
  t.match(
    told.map(({ data }) => data),
    [
      { state: 'off', reason: reasons[0] },
      { state: 'off', reason: reasons[1] },
      { state: 'on', lagSeconds: 0, reason: undefined },
    ],
  );
  t.equal(told.length, 3);
  await captions.close();
});

t.test('the end hands them on once; what fails then stays in the file', async t => {
  const { open } = await captioned(t);
  const handed: number[] = [];
  const captions = await open(async ({ all }) => {
    handed.push(all.length);
    throw new Error('no database');
  });
  captions.caption(said(0, 0, 'one', true));
  await captions.end();
  await captions.end();
  t.same(handed, [1]);
  const again = await open();
  t.equal(again.all.length, 1);
  await again.close();
});

t.test('captions of a day are many, and bounded', async t => {
  const { open } = await captioned(t);
  const captions = await open();
  for (let index = 0; index < 31_000; index += 1) captions.caption(said(index, 0, 'w'));
  t.ok(captions.all.length <= 30_000 && captions.all.length > 20_000);
  t.equal(captions.all.at(-1)?.index, 30_999);
  await captions.close();
});
