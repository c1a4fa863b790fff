import t from 'tap';
import type { AccessAnswer } from '../../src/api/account.ts';
import { launchChromium, type TestPage } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';
import { violations } from '../web/accessibility.ts';

const password = 'correct horse battery staple';

const server = await TestServer.start({ env: { ACCESS: 'accounts' } });
t.teardown(() => server.stop());
const chromium = await launchChromium();
t.teardown(() => chromium.close());

const json = { 'content-type': 'application/json' };

/** What the server says to the page's own cookies. */
async function access(page: TestPage): Promise<AccessAnswer> {
  return await page.evaluate<AccessAnswer>(`fetch('/api/v1/access').then(answer => answer.json())`);
}

async function fill(page: TestPage, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(fields)) await page.fill(`form [name=${name}]`, value);
}

t.test('who wants to record logs in first, and is known from then on', async t => {
  const page = await chromium.page();
  await page.goto(`${server.baseUrl}/capture`);
  await page.waitForURL('**/login?next=%2Fcapture');
  await page.getByTestId('enter').waitFor();
  t.same(await violations(page), []);
  await fill(page, { email: 'ada@example.com', password });
  await page.getByTestId('enter').click();
  await page.getByText('The e-mail address or the password is wrong.').waitFor();
  await page.getByRole('link', { name: 'Sign up' }).click();
  await page.waitForURL('**/signup?next=%2Fcapture');
  await fill(page, { name: 'Ada', email: 'ada@example.com', password });
  await page.getByTestId('enter').click();
  await page.waitForURL('**/capture');
  await page.getByRole('link', { name: 'Ada' }).waitFor();

  const events = page.waitForRequest(request => request.url().includes('/events?'));
  await page.getByTestId('record').click({ timeout: 15_000 });
  const link = page.getByTestId('watch-link');
  await link.waitFor({ timeout: 15_000 });
  const id = (await link.getAttribute('href'))?.slice(-12) ?? '';
  const video = await server.video(id);
  t.match(video.owner, { name: 'Ada' }, 'what is recorded is hers');
  const show = async (visibility: string) => {
    const changed = await page.request.patch(`${server.baseUrl}/api/v1/videos/${id}`, {
      data: { visibility },
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    t.equal(changed.status(), 200);
  };
  await show('private');
  const heard = await fetch((await events).url());
  t.equal(
    heard.status,
    200,
    'the recorder hears what is said in it, private or not, also when the login has run out',
  );
  await heard.body?.cancel();
  await show('public');
  await page.getByTestId('stop').click();
  await server.finished(id);

  const cookies = await chromium.context.cookies();
  t.same(
    cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite })),
    [
      { httpOnly: true, sameSite: 'Strict' },
      { httpOnly: true, sameSite: 'Strict' },
    ],
  );
  t.equal(await page.evaluate('document.cookie'), '', 'no script reads them');
});

t.test('a login whose first cookie ran out goes on, in all tabs', async t => {
  await chromium.context.clearCookies({ name: 'livereel_access' });
  const tabs = await Promise.all([chromium.page(), chromium.page(), chromium.page()]);
  // As ten minutes later.
  await tabs[0].goto(`${server.baseUrl}/docs/errors`);
  await tabs[0].evaluate(`localStorage.setItem('livereel.login', '0')`);
  await Promise.all(tabs.map(tab => tab.goto(`${server.baseUrl}/account`)));
  for (const tab of tabs) {
    await tab.getByTestId('account-name').waitFor();
    t.match(await access(tab), { mayPublish: true, account: { name: 'Ada' } });
    t.same(tab.errors, []);
    await tab.close();
  }
});

t.test('the account page changes, makes keys, and lets one go', async t => {
  const page = await chromium.page();
  await page.goto(`${server.baseUrl}/account`);
  await page.getByTestId('save-profile').waitFor();
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    t.same(await violations(page), [], colorScheme);
  }
  await page.fill('lr-account-profile [name=name]', 'Ada Lovelace');
  await page.getByTestId('save-profile').click();
  await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();

  await page.fill('lr-account-keys [name=name]', 'Garden camera');
  await page.getByTestId('create-key').click();
  const key = (await page.getByTestId('new-key').textContent()) ?? '';
  const publish = async () =>
    await fetch(`${server.baseUrl}/api/v1/sessions`, {
      method: 'POST',
      headers: { ...json, authorization: `Bearer ${key}` },
      body: '{"visibility":"private"}',
    });
  const published = await publish();
  t.equal(published.status, 201);
  const { id } = (await published.json()) as { id: string };
  await page.getByRole('button', { name: 'Revoke Garden camera' }).click();
  await eventually(async () => (await publish()).status === 401, { what: 'the key opens nothing any more' });

  const other = await fetch(`${server.baseUrl}/api/v1/accounts`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ email: 'bob@example.com', password, name: 'Bob' }),
  });
  const { accessToken } = (await other.json()) as { accessToken: string };
  const status = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${server.baseUrl}${path}`, { headers });
    await answer.body?.cancel();
    return answer.status;
  };
  for (const path of [`/api/v1/videos/${id}`, `/api/v1/videos/${id}/events`]) {
    t.equal(await status(path), 404, path);
    t.equal(await status(path, { authorization: `Bearer ${accessToken}` }), 404, path);
  }
  const own = (path: string) =>
    page.evaluate(async p => {
      const answer = await fetch(p);
      await answer.body?.cancel();
      return answer.status;
    }, path);
  t.equal(await own(`/api/v1/videos/${id}`), 200);
  t.equal(await own(`/api/v1/videos/${id}/events`), 200, 'the owner is told what happens');

  await page.getByTestId('delete-account').click();
  await page.fill('dialog [name=password]', password);
  await page.getByTestId('delete-for-good').click();
  await page.waitForURL('**/signup', { timeout: 20_000 });
  t.same((await chromium.context.cookies()).length, 0);
  t.equal(await status(`/api/v1/videos/${id}`), 404);
  t.match(await access(page), { mayPublish: false, account: null });
  const list = (await (await fetch(`${server.baseUrl}/api/v1/videos`)).json()) as { items: unknown[] };
  t.same(list.items, [], 'what was recorded is gone too');
});
