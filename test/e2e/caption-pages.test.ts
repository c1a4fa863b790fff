import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';
import { plainWords, speechClip, testModelPath } from '../support/speech.ts';

const clip = await speechClip('long-75s');
const server = await TestServer.start({
  env: { CAPTIONS: 'on', WHISPER_MODEL: testModelPath, WHISPER_FINAL_MODEL: '' },
});
t.teardown(() => server.stop());
const chromium = await launchChromium([`--use-file-for-fake-audio-capture=${clip.file}%noloop`]);
t.teardown(() => chromium.close());

t.test(
  'what is said into the capture page is read on the watch page, in a hall, and by who speaks',
  async t => {
    const studio = await chromium.page();
    await studio.goto(`${server.baseUrl}/capture`);
    await studio.getByTestId('record').click();
    const watchUrl = (await studio.getByTestId('watch-link').getAttribute('href')) ?? '';
    const id = watchUrl.slice(-12);
    const watch = await chromium.page();
    await watch.goto(watchUrl);
    const hall = await chromium.page();
    await hall.goto(`${server.baseUrl}/captions/${id}`);

    const said = new Set(plainWords(clip.text));
    const right = (text: string | null) => plainWords(text ?? '').filter(word => said.has(word)).length;
    for (const [page, testId] of [
      [studio, 'captions'],
      [watch, 'captions'],
      [watch, 'transcript'],
      [hall, 'lines'],
    ] as const) {
      await eventually(async () => right(await page.getByTestId(testId).textContent()) >= 3, {
        what: `words in ${testId} of ${page.url()}; the log ends: ${server.output.slice(-1_500)}`,
        timeoutSeconds: 60,
      });
    }
    const language = watch.getByTestId('language');
    await eventually(async () => (await language.inputValue()) === 'en', {
      what: 'the language is found out',
    });
    t.match(
      await watch.getByTestId('facts').textContent(),
      /2 people are watching/,
      'who records does not count',
    );
    await studio.getByTestId('stop').click();
    await server.finished(id);
    t.ok(right(await watch.getByTestId('transcript').textContent()) >= 3, 'they stay');
    const read = async () =>
      plainWords((await watch.getByTestId('transcript').locator('p').allTextContents()).join(' '));
    const address = await watch.getByRole('link', { name: 'Download TXT' }).getAttribute('href');
    const file = async () => plainWords(await (await fetch(`${server.baseUrl}${address}`)).text());
    const areSame = async () => `${await read()}` === `${await file()}` && (await read()).length >= 3;
    await eventually(areSame, { what: 'the file holds the words of the page' });
    await watch.reload();
    await eventually(areSame, { what: 'who comes later reads the same' });
    t.same([...studio.errors, ...watch.errors, ...hall.errors], []);
  },
);
