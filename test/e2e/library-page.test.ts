import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import { embeddedConnection } from '../../src/process/embedded-postgres.ts';
import { launchChromium } from '../support/chromium.ts';
import { TestServer } from '../support/server.ts';
import { violations } from '../web/accessibility.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const chromium = await launchChromium();
t.teardown(() => chromium.close());

// Sixty, a minute apart; every third is private, the newest failed.
const client = new pg.Client(embeddedConnection(join(server.contentDir, 'run')));
await client.connect();
await client.query(`
  insert into videos (id, state, title, title_words, visibility, input, created_at, duration_seconds, error_code, error_message)
  select 'video' || lpad(i::text, 7, '0'), case when i = 60 then 'failed' else 'ready' end, 'Take ' || i,
    ' take ' || i || ' ', case when i % 3 = 0 then 'private' else 'public' end, 'chunks', now() - interval '1 day' + i * interval '1 minute',
    65, case when i = 60 then 'media-unusable' end, case when i = 60 then 'no audio or video found' end
  from generate_series(1, 60) as i`);
await client.query(`insert into video_tasks (video_id, task, state, error) values
  ('video0000058', 'preview', 'failed', 'It was tried 5 times without success (ffmpeg was ended by SIGKILL).'),
  ('video0000058', 'thumbnail', 'done', null)`);
t.teardown(() => client.end());

/** What "take 1" finds among what is public, from A to Z: not "Take 31", for a short word begins one. */
const publicOnes = [1, 10, 11, 13, 14, 16, 17, 19].map(number => `Take ${number}`);

t.test('the start page leads to the videos; more come as one scrolls', async t => {
  const page = await chromium.page();
  await page.goto(server.baseUrl);
  await page.getByRole('link', { name: 'Videos' }).click();
  await page.waitForURL('**/videos');
  const tiles = page.getByTestId('video-tile');
  await tiles.first().waitFor();
  t.match(await tiles.first().textContent(), /Failed[\s\S]*Take 60[\s\S]*No audio or video found\./);
  t.match(await tiles.nth(1).textContent(), /1:05[\s\S]*Take 59/);
  t.same(await violations(page), []);
  await tiles.last().scrollIntoViewIfNeeded();
  await page.getByText('Take 1', { exact: true }).waitFor();
  t.equal(await tiles.count(), 60, 'each once');
  t.equal(await page.getByText('More is coming').count(), 0);
  t.same(page.errors, []);
});

t.test('what is public is listed apart, and a tile leads to its video', async t => {
  const page = await chromium.page();
  await page.goto(`${server.baseUrl}/videos`);
  await page.getByRole('button', { name: 'Public' }).click();
  const tiles = page.getByTestId('video-tile');
  await tiles.first().getByText('Take 59').waitFor();
  t.equal(await page.getByText('Private').count(), 0);
  t.equal(await page.getByText('Failed').count(), 0, 'what came to nothing is only told to whom it belongs');
  await tiles.first().getByRole('link').click();
  await page.waitForURL('**/watch/video0000059');
});

t.test('videos are found by their title and put in order; the address keeps it', async t => {
  const page = await chromium.page();
  await page.goto(`${server.baseUrl}/videos?show=public`);
  const tiles = page.getByTestId('video-tile');
  await tiles.first().waitFor();
  await page.getByLabel('Search by title').fill('take 1');
  await page.waitForURL('**/videos?show=public&title=take+1');
  await page.getByText('Take 59').waitFor({ state: 'detached' });
  t.strictSame(await tiles.locator('strong').allTextContents(), publicOnes.toReversed());
  await page.getByLabel('Order').selectOption('title');
  await page.waitForURL('**/videos?show=public&sort=title&title=take+1');
  await tiles.first().getByText('Take 1', { exact: true }).waitFor();
  await page.reload();
  await tiles.first().getByText('Take 1', { exact: true }).waitFor();
  t.strictSame(await tiles.locator('strong').allTextContents(), publicOnes);
  t.equal(await page.getByLabel('Search by title').inputValue(), 'take 1');
  t.equal(await page.getByLabel('Order').inputValue(), 'title');
  await page.getByLabel('Search by title').fill('<b>nothing');
  await page.getByTestId('none-found').waitFor();
  t.match(await page.getByTestId('none-found').textContent(), /Nothing is called “<b>nothing”/);
  t.same(await violations(page), []);
  await page.getByRole('button', { name: 'Show all' }).click();
  await tiles.nth(20).waitFor();
  t.equal(await page.getByLabel('Search by title').inputValue(), '');
  t.same(page.errors, []);
});

t.test('whoever a video belongs to names it, says who may watch, and deletes it', async t => {
  const page = await chromium.page();
  const read = async () => (await server.video('video0000060').catch(() => undefined))?.title;
  await page.goto(`${server.baseUrl}/watch/video0000060`);
  t.equal(await page.getByTestId('error-message').textContent(), 'This video could not be made');
  await page.getByText('No audio or video found.').waitFor();
  await page.getByTestId('own-video').click();
  t.same(await violations(page), []);
  await page.fill('dialog [name=title]', 'Take 60, spoilt');
  await page.fill('dialog [name=description]', 'The microphone was off.\nAgain on Monday.');
  await page.selectOption('dialog [name=visibility]', 'unlisted');
  await page.getByTestId('save-video').click();
  await page.getByText('Saved.').waitFor();
  await page.getByRole('heading', { name: 'Take 60, spoilt' }).waitFor();
  t.match(await server.video('video0000060'), { title: 'Take 60, spoilt', visibility: 'unlisted' });
  t.equal(
    await page.getByTestId('description').textContent(),
    'The microphone was off.\nAgain on Monday.',
    'beside the title',
  );
  await page.getByTestId('delete-video').click();
  await page.getByRole('button', { name: 'Keep it' }).click();
  t.equal(await read(), 'Take 60, spoilt', 'asked twice');
  await page.getByTestId('own-video').click();
  await page.getByTestId('delete-video').click();
  await page.getByTestId('delete-video-for-good').click();
  await page.waitForURL('**/videos');
  await page.getByText('Take 59').waitFor();
  t.equal(await page.getByText('Take 60').count(), 0);
  t.equal(await read(), undefined);
});

t.test('whoever a video belongs to is told what could not be made of it, and has it tried again', async t => {
  const page = await chromium.page();
  await page.goto(`${server.baseUrl}/watch/video0000058`);
  const told = page.getByTestId('failed-tasks');
  await told.waitFor();
  t.match(
    await told.textContent(),
    /The moving preview could not be made\. It was tried 5 times without success \(ffmpeg was ended by SIGKILL\)\./,
  );
  t.equal(await told.locator('li').count(), 1, 'of what went well nothing is said');
  t.same(await violations(page), []);
  await told.getByRole('button', { name: 'Try again' }).click();
  await told.getByText('The moving preview is made again soon').waitFor();
  const { rows } = await client.query("select task, state from video_tasks where state <> 'done'");
  t.same(rows, [{ task: 'preview', state: 'waiting' }]);
  await client.query("update video_tasks set state = 'done'");
  await told.waitFor({ state: 'detached' });
});
