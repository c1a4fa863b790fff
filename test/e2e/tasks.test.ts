import sharp from 'sharp';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';
import { openQueue, publishFile, tasksOf, tasksOver } from '../support/task-load.ts';

const server = await TestServer.start({ env: { WORKER: 'on' } });
t.teardown(() => server.stop());
const id = await publishFile(server);

t.test('what is made of a recording is told, and served by nginx', async t => {
  const tasks = await tasksOf(server, id);
  t.same(
    tasks.map(({ task, state, percent, error }) => ({ task, state, percent, error })).sort(byTask),
    ['loudness', 'preview', 'storyboard', 'thumbnail'].map(task => ({
      task,
      state: 'done',
      percent: 100,
      error: null,
    })),
  );
  const video = await server.video(id);
  t.match(video.loudness, { integratedLufs: Number, rangeLu: Number, truePeakDbtp: Number });
  const fetched = async (url: string | null, type: string) => {
    const answer = await fetch(String(url));
    t.match(
      { status: answer.status, type: answer.headers.get('content-type') },
      { status: 200, type },
      String(url),
    );
    return Buffer.from(await answer.arrayBuffer());
  };
  t.match(await sharp(await fetched(video.thumbnailUrl, 'image/jpeg')).metadata(), {
    width: 1_280,
    height: 720,
  });
  t.match(await sharp(await fetched(video.previewUrl, 'image/webp')).metadata(), {
    width: 320,
    pages: Number,
  });
  const text = (await fetched(video.storyboardUrl, 'text/vtt')).toString();
  const [, sheet] = /\n(storyboard\.0\.jpg)#xywh=0,0,192,108\n/.exec(text) ?? [];
  await fetched(new URL(String(sheet), String(video.storyboardUrl)).href, 'image/jpeg');
  t.equal((await fetch(`${server.baseUrl}/videos/${id}/storyboard.7.jpg`)).status, 404);
});

t.test('who watches hears of progress in another process', async t => {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const events = await fetch(`${server.baseUrl}/api/v1/videos/${id}/events`, { signal: stop.signal });
  let heard = '';
  const listening = (async () => {
    for await (const bytes of events.body ?? []) heard += Buffer.from(bytes).toString();
  })().catch(() => undefined);
  const { database, queue } = await openQueue(server);
  t.equal(await queue.again(id, 'preview'), true);
  await queue.close();
  await database.close();
  const line = `"task":"preview","percent":100`;
  await eventually(() => heard.includes(line), { what: `${line} in ${heard}` });
  await tasksOver(server, id);
  stop.abort();
  await listening;
});

t.test('the watch page has a poster, and shows what is under the pointer on the scrub bar', async t => {
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const page = await chromium.page();
  await page.goto(`${server.baseUrl}/watch/${id}`);
  const seek = page.getByTestId('seek');
  await seek.waitFor();
  t.match(await page.getByTestId('video').getAttribute('poster'), /thumbnail\.jpg$/);
  // Where things stand when the video's length is known.
  await eventually(async () => Number(await seek.getAttribute('max')) > 10, { what: 'the length is known' });
  const bar = await seek.boundingBox();
  if (bar === null) throw new Error('there is no scrub bar');
  await page.mouse.move(bar.x + bar.width / 2, bar.y + bar.height / 2);
  const still = page.getByTestId('scrub-still');
  await still.waitFor();
  t.equal(await still.locator('figcaption').textContent(), '0:08');
  const style = (await still.locator('i').getAttribute('style')) ?? '';
  t.match(style, /storyboard\.0\.jpg/);
  t.match(style, /-1536px -0px/, 'the ninth tile');
  const box = await still.boundingBox();
  t.ok(box !== null && box.y + box.height <= bar.y + 4, 'over the bar');
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  await page.mouse.move(bar.x + bar.width / 2, bar.y - 300);
  await still.waitFor({ state: 'detached' });
  t.same(page.errors, []);
});

function byTask(one: { task: string }, other: { task: string }): number {
  return one.task < other.task ? -1 : 1;
}
