import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';
import { violations } from './accessibility.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());
const chromium = await launchChromium();
t.teardown(() => chromium.close());

t.test('a take is named at once after stop, and the title is the one that everybody sees', async t => {
  const page = await chromium.page();
  await page.goto(`${server.baseUrl}/capture`);
  await page.getByTestId('record').click();
  const href = await page.getByTestId('watch-link').getAttribute('href');
  const id = href?.slice(-12) ?? '';
  await page.getByTestId('stop').click();

  const title = page.getByTestId('take-title');
  const note = page.getByTestId('title-note');
  const savedAs = async (wanted: string) => {
    await eventually(async () => (await note.textContent())?.trim() === 'Saved', { what: 'it says "Saved"' });
    t.equal((await server.video(id)).title, wanted);
  };
  await title.fill('A walk to the harbour');
  await title.press('Enter');
  await savedAs('A walk to the harbour');
  t.same(await violations(page), []);

  await title.fill('Evening at the harbour');
  t.equal((await note.textContent())?.trim(), '', 'what is not saved is not called so');
  await title.blur();
  await savedAs('Evening at the harbour');

  await page.getByTestId('download').waitFor();
  t.equal(await page.getByTestId('download').getAttribute('download'), 'Evening at the harbour.mp4');
  t.equal(await title.inputValue(), 'Evening at the harbour');
  t.same(page.errors, []);
  await page.close();
});

t.test('a title that cannot be saved waits for the server', async t => {
  const page = await chromium.page();
  await page.goto(`${server.baseUrl}/capture`);
  await page.getByTestId('record').click();
  const href = await page.getByTestId('watch-link').getAttribute('href');
  await page.getByTestId('stop').click();
  await page.getByTestId('download').waitFor();

  await server.kill9('server');
  await page.getByTestId('take-title').fill('After the crash');
  await page.getByTestId('take-title').press('Enter');
  await page.getByText('Not saved. The server does not answer. Trying again.').waitFor();
  await server.restart();
  await page.getByTestId('title-note').getByText('Saved', { exact: true }).waitFor();
  t.equal((await server.video(href?.slice(-12) ?? '')).title, 'After the crash');
  await page.close();
});
