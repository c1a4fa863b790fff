import t from 'tap';
import { launchChromium, type TestPage } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { playerState, watchFor } from '../support/player-page.ts';
import { TestServer } from '../support/server.ts';

// The first test measures, and is alone; the others may go on at once.
t.jobs = 2;
const [server, chromium, walled] = await Promise.all([
  TestServer.start(),
  launchChromium(),
  // As behind a firewall that lets no UDP through.
  launchChromium(['--webrtc-ip-handling-policy=disable_non_proxied_udp']),
]);
t.teardown(() => Promise.all([server.stop(), chromium.close(), walled.close()]));

/** Records through the page; gives the page, and the watch address that it shows. */
async function record(way: 'Safe' | 'Instant'): Promise<{ studio: TestPage; watchUrl: string }> {
  const studio = await chromium.page();
  await studio.goto(`${server.baseUrl}/capture`);
  await studio.getByText(way, { exact: false }).first().click();
  await studio.getByTestId('record').click();
  const link = studio.getByTestId('watch-link');
  await link.waitFor({ timeout: 30_000 });
  return { studio, watchUrl: (await link.getAttribute('href')) ?? '' };
}
async function playsBy(page: TestPage, way: 'whep' | 'hls'): Promise<void> {
  await eventually(
    async () =>
      (await page.evaluate<string>('livereel.way')) === way && (await playerState(page)).currentTime > 0,
    { what: `it plays by ${way}; the log ends: ${server.output.slice(-2_000)}`, timeoutSeconds: 40 },
  );
}

t.test(
  'recorded instantly, watched instantly, rewound, ended, and there for good',
  { buffered: false },
  async t => {
    const { studio, watchUrl } = await record('Instant');
    const watch = await chromium.page();
    await watch.goto(watchUrl);
    await playsBy(watch, 'whep');
    await eventually(
      async () => /live · instant/.test((await studio.getByTestId('pill').textContent()) ?? ''),
      {
        what: 'the pill says so',
      },
    );
    const { advancedSeconds, longestStallSeconds, latencySeconds } = await watchFor(watch, 6);
    t.comment(`latency ${latencySeconds?.toFixed(3)} s, longest stall ${longestStallSeconds.toFixed(2)} s`);
    t.ok(advancedSeconds > 4, `advanced by ${advancedSeconds} s`);
    t.ok(latencySeconds !== null && latencySeconds < 0.5, `latency ${latencySeconds} s`);
    t.match(await watch.getByTestId('facts').textContent(), /1 person is watching/, 'counted once');

    // Where the picture stands, by the server's clock, and where HLS has it, are the same place.
    const position = () => watch.evaluate<number | undefined>('livereel.positionSeconds');
    await eventually(async () => ((await position()) ?? 0) > 5, { what: 'the position is known' });
    const at = (await position()) ?? 0;
    await watch.keyboard.press('ArrowLeft');
    await playsBy(watch, 'hls');
    const from = (await playerState(watch)).currentTime;
    t.ok(Math.abs(from - (at - 5)) < 3, `from ${at} s to ${from} s`);
    await watch.getByTestId('back-to-live').click();
    await playsBy(watch, 'whep');

    await studio.getByTestId('stop').click();
    const video = await server.finished(watchUrl.slice(-12));
    t.ok((video.durationSeconds ?? 0) > 8, `${video.durationSeconds} s`);
    await eventually(async () => Number.isFinite((await playerState(watch)).duration), {
      what: 'the page shows the finished video',
      timeoutSeconds: 30,
    });
    t.equal(await watch.evaluate('livereel.way'), 'hls');
    t.same(studio.errors, []);
    t.same(watch.errors, []);
    await studio.close();
    await watch.close();
  },
);

t.test('recorded safely it is watched instantly too, and by HLS where no UDP gets through', async t => {
  const { studio, watchUrl } = await record('Safe');
  const watch = await chromium.page();
  await watch.goto(watchUrl);
  await playsBy(watch, 'whep');
  const behind = await walled.page();
  const openedAtMillis = performance.now();
  await behind.goto(watchUrl);
  await playsBy(behind, 'hls');
  t.comment(`by HLS after ${Math.round(performance.now() - openedAtMillis)} ms`);
  await behind.getByTestId('delay-reason').waitFor({ timeout: 20_000 });
  t.match(
    await behind.getByTestId('delay-reason').textContent(),
    /UDP port \d+ of host [\d.:a-f or]+ cannot/,
  );
  t.match(await behind.getByTestId('facts').textContent(), /2 people are watching/);
  await studio.getByTestId('stop').click();
  await server.finished(watchUrl.slice(-12));
  t.same(studio.errors, []);
  await studio.close();
});

t.test('who records behind a wall is told so', async _t => {
  const studio = await walled.page();
  await walled.context.grantPermissions(['camera', 'microphone'], { origin: server.baseUrl });
  await studio.goto(`${server.baseUrl}/capture`);
  await studio.getByText('Instant').click();
  await studio.getByTestId('record').click();
  await studio.getByText(/UDP port \d+ of host .* cannot be reached from here/).waitFor({ timeout: 20_000 });
  await studio.getByRole('button', { name: 'Record the safe way' }).click();
  await studio.getByTestId('watch-link').waitFor({ timeout: 20_000 });
  await studio.close({ runBeforeUnload: false });
});
