import sharp from 'sharp';
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

const id = 'hall00000000';
server.add({ id, state: 'live', title: 'The tides' });
server.greetings.set(id, []);
const say = (index: number, text: string, change = {}) =>
  server.tell(id, 'caption', { id, ...said(index, index * 5, text, change) });

t.test('captions alone, in large type, for a hall', async t => {
  const page = await chromium.page();
  await page.goto(`${server.url}/captions/${id}`);
  await page.getByText('No captions yet').waitFor();
  t.equal(await page.title(), 'Captions: The tides - livereel');
  t.same(await violations(page), []);

  const lines = page.getByTestId('lines');
  for (let index = 0; index < 20; index += 1) say(index, `Sentence ${index} of what was said in the hall.`);
  say(20, 'and now', { final: false });
  await lines.getByText('and now').waitFor();
  t.equal(
    await lines.getByText('and now').locator('xpath=ancestor-or-self::span').getAttribute('aria-hidden'),
    'true',
  );
  say(20, 'and now the', { final: false, revision: 2 });
  await lines.locator('i').getByText('the', { exact: true }).waitFor();
  const isAtEnd = () =>
    lines.evaluate(element => element.scrollHeight - element.clientHeight - element.scrollTop < 4);
  await eventually(isAtEnd, { what: 'the newest words are in sight' });
  t.same(await violations(page), []);

  const fontPx = () =>
    page.evaluate<number>(
      "parseFloat(getComputedStyle(document.querySelector('[data-testid=lines]')).fontSize)",
    );
  const standardPx = await fontPx();
  t.ok(standardPx >= 0.08 * 720, `${standardPx} px of 720`);
  await page.keyboard.press('+');
  await eventually(async () => (await fontPx()) > standardPx, { what: 'larger' });
  await page.getByTestId('smaller').click();
  await page.keyboard.press('-');
  await eventually(async () => (await fontPx()) < standardPx, { what: 'smaller' });
  await page.keyboard.press('d');
  await page.locator('.hall.light').waitFor();
  await page.waitForTimeout(300);
  t.same(await violations(page), [], 'dark on light');

  await lines.hover();
  await page.mouse.wheel(0, -800);
  await page.getByTestId('back-to-now').waitFor();
  say(21, 'One more.');
  await lines.getByText('One more.').waitFor();
  t.notOk(await isAtEnd(), 'who reads back is left alone');
  await page.getByTestId('back-to-now').click();
  await eventually(isAtEnd, { what: 'it follows again' });

  const smallPx = await fontPx();
  await page.reload();
  await page.locator('.hall.light').waitFor();
  t.equal(await fontPx(), smallPx, 'remembered');
  t.same(page.errors, []);
  await page.close();
});

t.test('an address without a video says so', async t => {
  const page = await chromium.page();
  await page.goto(`${server.url}/captions/000000000000`);
  t.equal(await page.getByTestId('error-message').textContent(), 'There is no video here');
  t.same(await violations(page), []);
  await page.close();
});

t.test('over another picture there is nothing but what is said', async t => {
  const page = await chromium.page();
  await page.setViewportSize({ width: 1280, height: 200 });
  await page.goto(`${server.url}/captions/${id}?overlay&size=40&color=ffe14a&position=top&background=box`);
  const lines = page.getByTestId('captions');
  await lines.waitFor({ state: 'attached' });
  // Joined in the middle: what was said before is not for this moment.
  await page.waitForTimeout(500);
  const empty = await sharp(await page.screenshot({ omitBackground: true })).stats();
  t.equal(empty.channels[3]?.max, 0, 'all of it can be seen through');
  say(30, 'Hello from the studio');
  await lines.getByText('Hello from the studio').waitFor();
  const style = await page.evaluate(`(() => {
    const lines = document.querySelector('[data-testid=captions]');
    const { color, fontSize } = getComputedStyle(lines);
    return { color, fontSize, isAtTop: lines.getBoundingClientRect().top < 40 };
  })()`);
  t.same(style, { color: 'rgb(255, 225, 74)', fontSize: '40px', isAtTop: true });
  const full = await sharp(await page.screenshot({ omitBackground: true })).stats();
  t.equal(full.channels[3]?.max, 255);
  t.ok((full.channels[3]?.mean ?? 255) < 128, 'and around it still');
  t.equal((await page.locator('main').textContent())?.trim(), 'Hello from the studio');
  t.same(page.errors, []);
  await page.close();
});
