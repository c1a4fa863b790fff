import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { startApi } from './running-api.ts';

/** Passes TCP on to the socket as nginx does, for a browser cannot open one. Gives the address of its own. */
async function front(t: Test, socketPath: string): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const passed = request({ socketPath, method, path: url, headers, agent: false }, answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

t.test('the documentation in a browser, under its strict policy', async t => {
  const { socketPath, sessions, call } = await startApi(t);
  const baseUrl = await front(t, socketPath);
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());

  t.test('shows the operations, from this server alone, and the policy has nothing to forbid', async t => {
    const page = await chromium.page();
    const hosts = new Set<string>();
    page.on('request', request => hosts.add(new URL(request.url()).host));
    await page.goto(`${baseUrl}/docs`);
    await page.waitForSelector('#operations-sessions-createSession');
    const { paths } = (await call('/openapi.json')).json as { paths: Record<string, object> };
    const operations = Object.values(paths).flatMap(path => Object.keys(path));
    t.ok(operations.length > 10);
    t.equal(await page.locator('.opblock').count(), operations.length);
    t.same([...hosts].filter(Boolean), [new URL(baseUrl).host]);
    t.same(page.errors, []);
    await page.close();
  });

  t.test('can try an operation out', async t => {
    const page = await chromium.page();
    await page.goto(`${baseUrl}/docs#/sessions/createSession`);
    await page.click('#operations-sessions-createSession .try-out__btn');
    await page.fill('#operations-sessions-createSession textarea', '{"title":"from the docs"}');
    await page.click('#operations-sessions-createSession .execute');
    await page.waitForSelector(
      '#operations-sessions-createSession .live-responses-table .response-col_status >> text=201',
    );
    t.match(sessions.lastRequest, { title: 'from the docs' });
    t.same(page.errors, []);
    await page.close();
  });

  t.test("a problem's type leads to its description", async t => {
    const { type } = (await call('/nope')).json as { type: string };
    const page = await chromium.page();
    await page.goto(`${baseUrl}${type}`);
    t.match(await page.locator(':target').textContent(), /^not-found \(404\)/);
    t.same(page.errors, []);
    await page.close();
  });
});
