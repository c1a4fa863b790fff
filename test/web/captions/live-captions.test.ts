import { type ChildProcess, spawn } from 'node:child_process';
import t from 'tap';
import { launchChromium, type TestPage } from '../../support/chromium.ts';
import { eventually } from '../../support/eventually.ts';
import { violations } from '../accessibility.ts';
import { PageServer } from '../page-server.ts';
import { said, shownWords as words } from './said.ts';

const server = await PageServer.start();
t.teardown(() => server.close());
const chromium = await launchChromium();
t.teardown(() => chromium.close());

const id = 'live00000000';
server.mediaFolder = t.testdir();
const broadcast: ChildProcess = spawn(
  'ffmpeg',
  `-v error -re -f lavfi -i testsrc=size=320x180:rate=25:duration=120 -f lavfi -i sine=duration=120 -c:v libx264 -preset ultrafast -g 25
  -pix_fmt yuv420p -c:a aac -f hls -hls_time 1 -hls_playlist_type event -hls_segment_type fmp4 -master_pl_name index.m3u8
  ${server.mediaFolder}/stream.m3u8`.split(/\s+/),
  { stdio: 'inherit' },
);
t.teardown(() => broadcast.kill('SIGKILL'));

const shows = (page: TestPage, text: string) =>
  eventually(async () => (await words(page)) === text, { what: `the captions are "${text}"` });
const time = (page: TestPage) => page.evaluate<number>('livereel.currentTime');
const tell = (event: string, data: object) => server.tell(id, event, { id, ...data });

t.test('live captions come when they are heard, as on television, and their state is said', async t => {
  server.add({ id, state: 'live' });
  server.greetings.set(id, [['captioning', { id, state: 'on', lagSeconds: 1.2, language: 'en' }]]);
  const page = await chromium.page();
  await page.goto(`${server.url}/watch/${id}`);
  await eventually(async () => (await time(page)) > 5, { what: 'it plays', timeoutSeconds: 40 });
  await page.getByText('Captions are on: what is said will stand here').first().waitFor();
  t.equal(await page.getByTestId('language').inputValue(), 'en', 'the language that was found out');
  t.same(await violations(page), []);

  // Said three seconds ago: its picture is gone.
  const start = (await time(page)) - 3;
  tell('caption', said(0, start, 'the quick fox', { final: false }));
  await shows(page, 'the quick fox');
  t.equal(
    await page.getByTestId('captions').locator('i').textContent(),
    'the quick fox',
    'lighter while it may change',
  );
  tell('caption', said(0, start, 'the quick fox jumps', { final: false, revision: 2 }));
  await shows(page, 'the quick fox jumps');
  t.equal(await page.getByTestId('captions').locator('i').textContent(), 'jumps');
  tell('caption', said(0, start, 'the quick', { final: false, revision: 1 }));
  tell('caption', said(0, start, 'the quick fox jumps far', { revision: 3 }));
  await shows(page, 'the quick fox jumps far');
  t.equal(await page.getByTestId('captions').locator('i').count(), 0);

  await page.getByTestId('captions-state').getByText('Captions are on', { exact: true }).waitFor();
  tell('captioning', { state: 'delayed', lagSeconds: 6.2, language: 'en' });
  await page.getByTestId('captions-state').getByText('Captions are delayed by 6 s').waitFor();
  tell('captioning', { state: 'paused', lagSeconds: 10, language: 'en' });
  await page.getByTestId('captions-state').getByText('Captions are paused').waitFor();
  await eventually(async () => (await words(page)) === '', {
    what: 'what was read goes',
    timeoutSeconds: 40,
  });

  tell(
    'caption',
    said(1, start + 2, 'and the whole of the fleet went out to sea with the tide before the storm'),
  );
  await eventually(async () => (await words(page)) !== '', { what: 'the next is shown' });
  const rows = await page.getByTestId('captions').locator('p').count();
  t.ok(rows <= 2, `${rows} lines`);

  server.add({ id, state: 'processing' });
  tell('state', { state: 'processing', at: new Date().toISOString() });
  await page.getByTestId('captions-state').getByText('As it was heard live').waitFor();
  tell('progress', { task: 'transcript', percent: 40.4 });
  await page.getByTestId('captions-state').getByText('Correcting the transcript: 40 %').waitFor();
  t.same(await violations(page), []);
  server.transcripts.set(id, {
    language: 'en',
    final: true,
    segments: [said(0, start, 'the quick fox jumps well')],
  });
  tell('progress', { task: 'transcript', percent: 100 });
  await page.getByTestId('transcript').getByText('well').waitFor();
  t.equal(await page.getByTestId('transcript').getByText('far').count(), 0, 'corrected');
  t.notOk(await page.getByTestId('captions-state').isVisible(), 'all is as one expects');
  t.same(
    page.errors.filter(error => !error.startsWith('Failed to load resource')),
    [],
    'but for what was not there yet',
  );
  await page.close();
});

t.test('a broadcast without captions says why', async t => {
  const page = await chromium.page();
  server.add({ id: 'off000000000', state: 'live' });
  server.greetings.set('off000000000', [
    [
      'captioning',
      { id: 'off000000000', state: 'off', lagSeconds: 0, language: null, reason: 'no model is there.' },
    ],
  ]);
  await page.goto(`${server.url}/watch/off000000000`);
  await page.getByText('Captions are off: no model is there.').first().waitFor();
  t.equal(await page.getByTestId('transcript-search').count(), 0);
  t.same(await violations(page), []);
  await page.close();
});
