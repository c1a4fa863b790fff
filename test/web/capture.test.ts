import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { violations } from './accessibility.ts';
import { PageServer } from './page-server.ts';

const server = await PageServer.start();
t.teardown(() => server.close());
const chromium = await launchChromium();
t.teardown(() => chromium.close());

const withoutPermission = `navigator.permissions.query = async () => ({ state: 'prompt' });`;
const cameraThat = (name: string) =>
  `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', '${name}'); };`;

t.test('the camera is not opened before somebody asks for it', async t => {
  const page = await chromium.page();
  await page.addInitScript(withoutPermission);
  await page.goto(server.url);
  const turnOn = page.getByTestId('turn-on-camera');
  await turnOn.waitFor();
  t.notOk(await page.getByTestId('record').isVisible());
  t.same(await violations(page), []);
  await turnOn.click();
  await page.getByTestId('record').waitFor();
  t.same(await violations(page), []);
  await page.close();
});

t.test('each camera that cannot be opened has a sentence and a next step', async t => {
  for (const [name, sentence] of [
    ['NotAllowedError', 'The camera is not allowed'],
    ['NotFoundError', 'No camera was found'],
    ['NotReadableError', 'The camera is busy'],
  ] as const) {
    const page = await chromium.page();
    await page.addInitScript(cameraThat(name));
    await page.goto(`${server.url}/capture`);
    const message = page.getByTestId('error-message');
    await message.waitFor();
    t.equal(await message.textContent(), sentence);
    t.ok(await page.getByRole('button', { name: 'Try again' }).isVisible());
    t.same(await violations(page), []);
    await page.close();
  }
});

t.test('a browser that cannot record says so', async t => {
  const page = await chromium.page();
  await page.addInitScript('delete window.MediaRecorder;');
  await page.goto(server.url);
  await page.getByTestId('error-message').waitFor();
  t.equal(await page.getByTestId('error-message').textContent(), 'This browser cannot record video');
  await page.close();
});

t.test('a server that refuses is quoted, and one may try again', async t => {
  const page = await chromium.page();
  server.refusal = { status: 503, body: { code: 'disk-full', detail: 'Free some space, then try again.' } };
  await page.goto(server.url);
  await page.getByTestId('record').click();
  await page.getByTestId('error-message').waitFor();
  t.equal(await page.getByTestId('error-message').textContent(), "The server's disk is full");
  t.ok(await page.getByText('Free some space, then try again.').isVisible());
  server.refusal = undefined;
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByTestId('stop').waitFor();
  await page.close({ runBeforeUnload: false });
});

t.test('a lost connection is told in words, and nothing is lost by it', async t => {
  const page = await chromium.page();
  await page.goto(server.url);
  await page.getByTestId('record').click();
  const pill = page.getByTestId('pill');
  const pillSays = (words: RegExp) =>
    eventually(async () => words.test((await pill.textContent()) ?? ''), { what: `the pill says ${words}` });
  await pillSays(/live · [\d.]+ MB safe · last [\d.]+ s on the way/);
  t.match(await page.getByTestId('watch-link').getAttribute('href'), /\/watch\/f3Kq9ZtA1bXy$/);
  t.same(await violations(page), []);

  server.refusePublishers(true);
  server.dropPublishers();
  await pillSays(/connection lost: [2-9] s kept on this device/);
  server.refusePublishers(false);
  await pillSays(/live ·/);

  await page.getByTestId('stop').click();
  await page.getByText('Making the video').waitFor();
  t.same(await violations(page), []);
  await page.close();
});

t.test('the keys are told, and do what they say', async t => {
  const page = await chromium.page();
  await page.goto(server.url);
  await page.getByTestId('record').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  t.same(await violations(page), []);
  await page.keyboard.press('Escape');
  await page.keyboard.press('m');
  await page.getByRole('button', { name: 'Turn sound on' }).waitFor();
  await page.keyboard.press('r');
  await page.getByTestId('stop').waitFor();
  await page.close({ runBeforeUnload: false });
});
