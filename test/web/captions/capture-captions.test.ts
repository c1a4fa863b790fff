import t from 'tap';
import { launchChromium } from '../../support/chromium.ts';
import { eventually } from '../../support/eventually.ts';
import { violations } from '../accessibility.ts';
import { PageServer } from '../page-server.ts';
import { said } from './said.ts';

const server = await PageServer.start();
t.teardown(() => server.close());
const chromium = await launchChromium();
t.teardown(() => chromium.close());
const id = 'f3Kq9ZtA1bXy';
server.greetings.set(id, []);

t.test('who records sees what viewers read, and what is wrong with it', async t => {
  const page = await chromium.page();
  await page.goto(server.url);
  await page.getByTestId('settings').click();
  await page.getByTestId('spoken-language').selectOption({ label: 'English' });
  t.same(await violations(page), []);
  await page.keyboard.press('Escape');
  await page.getByTestId('record').click();
  await page.getByTestId('stop').waitFor();
  t.match(server.sessions.at(-1), { captions: true, language: 'en' });

  const lines = page.getByTestId('captions');
  const tell = (event: string, data: object) => server.tell(id, event, { id, ...data });
  // Its event stream may have just been opened.
  await eventually(
    async () => {
      tell('caption', said(0, 0, 'the quick fox', { final: false }));
      return (await lines.textContent())?.includes('the quick fox');
    },
    { what: 'the captions are seen' },
  );
  t.same(await violations(page), []);

  server.warn('captions-delayed', 'Captions are delayed.');
  const trouble = page.getByTestId('captions-trouble');
  await trouble.getByText('Captions are late').waitFor();
  t.equal(await page.getByTestId('notice').count(), 0, 'said once');
  tell('captioning', { state: 'paused', lagSeconds: 10, language: 'en' });
  await trouble.getByText('Captions are paused').waitFor();
  tell('captioning', { state: 'on', lagSeconds: 1, language: 'en' });
  await eventually(async () => (await trouble.textContent()) === '', { what: 'all is well again' });

  await page.getByTestId('settings').click();
  await page.getByTestId('spoken-language').selectOption({ label: 'German' });
  await eventually(() => server.changes.length > 0, { what: 'the language is corrected' });
  t.same(server.changes.at(-1), { id, change: { language: 'de' }, token: 'a' });
  await page.getByTestId('shows-captions').uncheck();
  await lines.waitFor({ state: 'detached' });
  await page.close({ runBeforeUnload: false });
});

t.test('who wants no captions has none, also the next time', async t => {
  const page = await chromium.page();
  await page.goto(server.url);
  await page.getByTestId('settings').click();
  await page.getByTestId('wants-captions').uncheck();
  t.ok(await page.getByTestId('spoken-language').isDisabled());
  await page.reload();
  await page.getByTestId('record').click();
  await page.getByTestId('stop').waitFor();
  t.match(server.sessions.at(-1), { captions: false, language: 'de' });
  await page.close({ runBeforeUnload: false });
});
