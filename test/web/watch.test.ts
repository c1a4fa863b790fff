import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { launchChromium, type TestPage } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { violations } from './accessibility.ts';
import { PageServer } from './page-server.ts';

const server = await PageServer.start();
t.teardown(() => server.close());
const chromium = await launchChromium();
t.teardown(() => chromium.close());

server.mediaFolder = t.testdir();
const generate =
  `-v error -f lavfi -i testsrc=size=640x360:rate=25:duration=12 -f lavfi -i sine=frequency=440:duration=12
  -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -c:a aac -f hls -hls_time 2 -hls_playlist_type vod
  -hls_segment_type fmp4 -master_pl_name index.m3u8`.split(/\s+/);
await promisify(execFile)('ffmpeg', [...generate, `${server.mediaFolder}/stream.m3u8`]);

const time = (page: TestPage) => page.evaluate<number>('livereel.currentTime');

t.test('a video that is not there says what may have happened', async t => {
  const page = await chromium.page();
  await page.goto(`${server.url}/watch/000000000000`);
  await page.getByTestId('error-message').waitFor();
  t.equal(await page.getByTestId('error-message').textContent(), 'There is no video here');
  t.same(await violations(page), []);
  await page.goto(`${server.url}/no/such/page`);
  t.equal(await page.getByTestId('error-message').textContent(), 'There is nothing at this address');
  await page.close();
});

t.test('who comes too early waits, and it plays by itself when it begins', async t => {
  const page = await chromium.page();
  server.add({ id: 'early0000000', state: 'created' });
  await page.goto(`${server.url}/watch/early0000000`);
  await page.getByTestId('waiting').waitFor();
  t.match(await page.getByTestId('waiting').textContent(), /Waiting for the first picture/);
  t.same(await violations(page), []);
  server.add({ id: 'early0000000', state: 'live' });
  await eventually(async () => (await time(page)) > 0.2, { what: 'it plays' });
  await page.close();
});

t.test('a video that failed gives the reason', async t => {
  const page = await chromium.page();
  server.add({
    id: 'failed000000',
    state: 'failed',
    error: { code: 'media-unusable', message: 'No picture in it.' },
  });
  await page.goto(`${server.url}/watch/failed000000`);
  await page.getByText('No picture in it.').waitFor();
  t.same(await violations(page), []);
  await page.close();
});

t.test('a finished video plays, seeks, and is worked by keys', async t => {
  const page = await chromium.page();
  server.add({
    id: 'ready0000000',
    durationSeconds: 12,
    width: 640,
    height: 360,
    sizeBytes: 1_200_000,
    fileUrl: `${server.url}/videos/a/b`,
  });
  await page.goto(`${server.url}/watch/ready0000000`);
  await eventually(async () => (await time(page)) > 0.2, { what: 'it plays' });
  t.match(await page.getByTestId('facts').textContent(), /just now · 0:12 · 1\.2 MB/);
  t.equal(await page.title(), 'A walk to the harbour - livereel');
  t.ok(await page.getByTestId('download').isVisible());
  t.ok(await page.getByTestId('tap-for-sound').isVisible());
  t.notOk(await page.getByTestId('live-badge').isVisible());
  t.same(await violations(page), []);

  await page.keyboard.press('k');
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await eventually(async () => Math.abs((await time(page)) - 5) < 0.1, { what: 'the arrow goes to 5 s' });
  await page.getByText('0:05 / 0:12').waitFor();
  await page.getByTestId('seek').fill('8');
  await eventually(async () => Math.abs((await time(page)) - 8) < 0.1, { what: 'the bar goes to 8 s' });
  await page.getByTestId('tap-for-sound').click();
  await page.getByRole('button', { name: 'Turn sound off' }).waitFor();
  await page.getByTestId('speed').selectOption('2');
  t.equal(await page.evaluate<number>("document.querySelector('video').playbackRate"), 2);
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  t.same(await violations(page), []);
  // The three seeks are none.
  t.equal(await page.evaluate<number>('livereel.stalls'), 0);
  await page.close();
});

t.test('an interrupted broadcast says that it waits, and goes on', async _t => {
  const page = await chromium.page();
  server.add({ id: 'broken000000', state: 'interrupted' });
  await page.goto(`${server.url}/watch/broken000000`);
  await page.getByText('The broadcaster lost the connection').waitFor();
  server.add({ id: 'broken000000', state: 'ready' });
  await page.getByText('The broadcaster lost the connection').waitFor({ state: 'detached' });
  await page.close();
});
