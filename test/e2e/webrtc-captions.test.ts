import t from 'tap';
import { CaptionWatcher } from '../support/caption-watcher.ts';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';
import { speechClip, testModelPath } from '../support/speech.ts';
import { whipAnswering } from '../support/webrtc-doors.ts';
import { blankPage, publishFrom } from '../support/webrtc-page.ts';

const env = { CAPTIONS: 'on', WHISPER_MODEL: testModelPath, WHISPER_THREADS: '1' };
const server = await TestServer.start({ env });
t.teardown(() => server.stop());
const clip = await speechClip('speech-10s');
// Chromium's fake microphone says the clip again and again.
const browser = await launchChromium([`--use-file-for-fake-audio-capture=${clip.file}`]);
t.teardown(() => browser.close());

t.test('what is said into a browser that publishes by WebRTC is captioned while it is live', async t => {
  const session = await server.createSession({ input: 'webrtc', language: 'en' });
  const watcher = new CaptionWatcher(session.eventsUrl);
  t.teardown(() => watcher.stop());
  const page = await blankPage(browser);
  await publishFrom(page, { codec: 'H264' }, whipAnswering(session));
  const known = new Set(clip.words.map(({ text }) => text.toLowerCase().replace(/[^a-z']/g, '')));
  const heard = () =>
    watcher.words.filter(({ text }) => known.has(text.toLowerCase().replace(/[^a-z']/g, '')));
  await eventually(() => heard().length >= 5, { timeoutSeconds: 45, what: 'five words of the clip' });
  t.equal((await server.video(session.id)).state, 'live');
  await page.close();
});
