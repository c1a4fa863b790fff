import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
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
await chromium.context.grantPermissions(['clipboard-read', 'clipboard-write']);

server.mediaFolder = t.testdir();
const generate =
  `-v error -f lavfi -i testsrc=size=640x360:rate=25:duration=60 -f lavfi -i sine=duration=60 -c:v libx264 -preset ultrafast -g 50
  -pix_fmt yuv420p -c:a aac -f hls -hls_time 2 -hls_playlist_type vod -hls_segment_type fmp4
  -master_pl_name index.m3u8`.split(/\s+/);
await promisify(execFile)('ffmpeg', [...generate, `${server.mediaFolder}/stream.m3u8`]);

const id = 'ready0000000';
const transcript = [
  said(0, 2, 'The quick brown fox jumps over the lazy dog.'),
  said(1, 10, 'Nobody said that it would be easy.'),
  said(2, 14, 'The Café was closed.'),
  said(3, 40, 'And the fox went home.'),
];

async function watch(change: { readonly isOld?: boolean } = {}): Promise<TestPage> {
  server.add({ id, durationSeconds: 60, width: 640, height: 360, language: 'en' });
  server.greetings.set(id, []);
  server.transcripts.set(id, { language: 'en', final: true, segments: transcript });
  const page = await chromium.page();
  await page.goto(`${server.url}/watch/${id}`);
  if (change.isOld !== true) await page.evaluate('localStorage.clear()');
  await page.reload();
  await eventually(() => page.evaluate<boolean>('livereel.currentTime > 0'), { what: 'it plays' });
  return page;
}

/** Stands still at a place, so that what is shown there can be looked at. */
async function standAt(page: TestPage, seconds: number): Promise<void> {
  await page.evaluate(`{
    const video = document.querySelector('video');
    video.pause();
    video.currentTime = ${seconds};
  }`);
}

const shows = (page: TestPage, text: string) =>
  eventually(async () => (await words(page)) === text, { what: `the captions are "${text}"` });
const time = (page: TestPage) => page.evaluate<number>('livereel.currentTime');

t.test('captions stand over the picture while they are said', async t => {
  const page = await watch();
  await standAt(page, 1);
  await shows(page, '');
  await standAt(page, 3);
  await shows(page, 'The quick brown fox jumps over the lazy dog.');
  t.same(await violations(page), []);
  await standAt(page, 9);
  await shows(page, '');
  await standAt(page, 10.5);
  await shows(page, 'Nobody said that it would be easy.');

  // They make way in a movement of their own when the controls come.
  await eventually(
    async () => {
      const lines = await page.getByTestId('captions').boundingBox();
      const controls = await page.getByTestId('controls').boundingBox();
      const seek = await page.getByTestId('seek').boundingBox();
      return lines && controls && seek && lines.y + lines.height < seek.y;
    },
    { what: 'they are not over the controls', timeoutSeconds: 5 },
  );
  t.same(page.errors, []);
  await page.close();
});

t.test('how captions look, and whether they are on, is remembered', async t => {
  const page = await watch();
  await standAt(page, 3);
  await shows(page, 'The quick brown fox jumps over the lazy dog.');
  const sizeBefore = await page.getByTestId('captions').evaluate(lines => lines.style.fontSize);
  await page.getByTestId('captions-look').click();
  await page.getByRole('radio', { name: 'Huge' }).check();
  await page.getByRole('radio', { name: 'Top' }).check();
  t.same(await violations(page), []);
  await page.keyboard.press('Escape');
  t.equal(await page.evaluate('document.activeElement.dataset.testid'), 'captions-look', 'focus goes back');
  await page.keyboard.press('c');
  await page.getByTestId('captions').waitFor({ state: 'detached' });
  t.equal(await page.getByTestId('captions-toggle').getAttribute('aria-pressed'), 'false');
  await page.close();

  const later = await watch({ isOld: true });
  await later.getByTestId('captions-toggle').waitFor();
  t.equal(await later.getByTestId('captions-toggle').getAttribute('aria-pressed'), 'false');
  await later.keyboard.press('c');
  await standAt(later, 3);
  await eventually(async () => (await words(later)).startsWith('The quick'), { what: 'they are on again' });
  const size = await later.getByTestId('captions').evaluate(lines => lines.style.fontSize);
  t.ok(Number.parseFloat(size) > Number.parseFloat(sizeBefore), `${size} after ${sizeBefore}`);
  const lines = await later.getByTestId('captions').boundingBox();
  const video = await later.getByTestId('video').boundingBox();
  t.ok(lines && video && lines.y < video.y + video.height / 2, 'at the top');
  await later.evaluate('localStorage.clear()');
  await later.close();
});

t.test('the transcript follows the playhead, and a click on a word goes there', async t => {
  const page = await watch();
  await standAt(page, 11);
  const lit = page.locator('[data-now]');
  await eventually(async () => (await lit.textContent()) === 'that', { what: 'the spoken word is lit' });
  await page.getByTestId('transcript').getByText('home.').click();
  await eventually(async () => Math.abs((await time(page)) - 41.6) < 0.1, { what: 'it goes to the word' });
  await page.getByRole('button', { name: 'Play from 0:10' }).click();
  await eventually(async () => Math.abs((await time(page)) - 10) < 0.1, { what: 'it goes to the paragraph' });

  await page.getByTestId('captions-toggle').focus();
  await page.keyboard.press('/');
  await page.keyboard.type('cafe');
  await page.getByTestId('matches').getByText('1 of 1').waitFor();
  t.equal(await page.locator('.found').textContent(), 'Café');
  await page.getByTestId('transcript-search').fill('fox');
  await page.getByTestId('matches').getByText('2 of 2').waitFor();
  await page.keyboard.press('Enter');
  await page.getByTestId('matches').getByText('1 of 2').waitFor();
  t.same(await violations(page), []);
  await page.getByTestId('transcript-search').fill('ship');
  await page.getByTestId('matches').getByText('not found').waitFor();

  await page.getByTestId('copy-transcript').click();
  await page.getByText('Copied').waitFor();
  t.match(
    await page.evaluate<string>('navigator.clipboard.readText()'),
    /lazy dog\.\n\nNobody said.*\n\nAnd the fox/,
  );
  for (const extension of ['vtt', 'srt', 'txt']) {
    const link = page.getByRole('link', { name: `Download ${extension.toUpperCase()}` });
    t.equal(await link.getAttribute('href'), `/videos/${id}/captions.${extension}`);
    t.equal(await link.getAttribute('download'), `A walk to the harbour.${extension}`);
  }
  await page.close();
});

t.test('a long transcript is kept where somebody scrolls, until they go back to now', async t => {
  const page = await watch();
  const many = Array.from({ length: 2_000 }, (_, n) =>
    said(n, n * 0.03, `Sentence ${n} of many that were said there.`, { start: n * 0.03 }),
  );
  server.transcripts.set(id, { language: 'en', final: true, segments: many });
  await page.reload();
  await page.getByText('Sentence 1999').waitFor({ state: 'attached' });
  await standAt(page, 30);
  const inSight = () =>
    page.evaluate<boolean>(`(() => {
      const view = document.querySelector('[data-testid=transcript]').getBoundingClientRect();
      const word = document.querySelector('[data-now]')?.getBoundingClientRect();
      return word !== undefined && word.top >= view.top && word.bottom <= view.bottom;
    })()`);
  await eventually(inSight, { what: 'the spoken word is in sight' });
  await page.getByTestId('transcript').hover();
  await page.mouse.wheel(0, -4_000);
  await page.getByTestId('back-to-now').waitFor();
  await eventually(async () => !(await inSight()), { what: 'it is scrolled away', timeoutSeconds: 5 });
  await standAt(page, 31);
  await page.waitForTimeout(400);
  t.notOk(await inSight(), 'nobody is torn away from what they read');
  await page.getByTestId('back-to-now').click();
  await eventually(inSight, { what: 'it is back' });
  await page.close();
});

t.test('the language is shown, and corrected by whoever may', async t => {
  const page = await watch();
  const language = page.getByTestId('language');
  t.equal(await language.inputValue(), 'en');
  await language.selectOption({ label: 'German' });
  await page.getByText('Not changed. Only whoever recorded this video can correct its language.').waitFor();
  await eventually(async () => (await language.inputValue()) === 'en', { what: 'it shows what is true' });
  t.same(server.changes.at(-1), { id, change: { language: 'de' }, token: undefined });

  await page.evaluate(`localStorage.setItem('livereel.own', JSON.stringify([['${id}', 'secret']]))`);
  await language.selectOption({ label: 'German' });
  await page.getByText('Corrected: German is spoken').waitFor();
  t.same(server.changes.at(-1), { id, change: { language: 'de' }, token: 'secret' });
  t.same(await violations(page), []);
  await page.close();
});
