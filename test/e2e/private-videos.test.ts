import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { io } from 'socket.io-client';
import t from 'tap';
import { AuthSecret } from '../../src/accounts/auth-secret.ts';
import { PlaybackTokens } from '../../src/library/playback-tokens.ts';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { fatalErrors, openStranger, playerState, type Stranger } from '../support/player-page.ts';
import {
  addressesBelow,
  filesMade,
  json,
  type Person,
  personWithVideos,
} from '../support/private-library.ts';
import { runProgram } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';

const secret = 'the secret of a test, which is long enough for it';
const server = await TestServer.start({
  // What is interrupted stays live for as long as the test takes.
  env: { AUTH_SECRET: secret, ACCESS: 'accounts', RECONNECT_WINDOW_SECONDS: '600' },
});
t.teardown(() => server.stop());
const [ada, bob] = await Promise.all([personWithVideos(server, 'ada'), personWithVideos(server, 'bob')]);
const tokenIn = (url: string) => `${new URL(url).searchParams.get('token')}`;
const get = (url: string, init?: RequestInit) => fetch(url, { redirect: 'manual', ...init });

/** Every address of a video that its owner can watch, each with what it needs. */
async function everyAddress(owner: Person, id: string): Promise<string[]> {
  const { playbackUrl } = await owner.see(id);
  const token = tokenIn(playbackUrl);
  const files = id === owner.over.id ? ['video.mp4', ...filesMade, `~${token}/storyboard.0.jpg`] : [];
  const below = await addressesBelow(playbackUrl);
  const ofFiles = files.map(
    name => `${server.baseUrl}/videos/${id}/${name}${name[0] === '~' ? '' : `?token=${token}`}`,
  );
  const captions = `/hls/${id}/~${token}/captions`;
  const subtitles = id === owner.over.id ? ['stream.m3u8', '000000.vtt'] : [];
  return [
    playbackUrl,
    ...below,
    ...ofFiles,
    ...subtitles.map(name => `${server.baseUrl}${captions}/${name}`),
  ];
}

/** The same address with another token in the place of this one; without one when it is null. */
function withToken(url: string, token: string, other: string | null): string {
  const bare = url.replace(`/~${token}/`, other === null ? '/' : `/~${other}/`);
  return bare.replace(`?token=${token}`, other === null ? '' : `?token=${encodeURIComponent(other)}`);
}

/** Tokens that are none, or not for this video. */
function wrongTokens(owner: Person, id: string, good: string, other: string): Record<string, string> {
  const tokens = new PlaybackTokens(new AuthSecret(secret).key('playback-token'));
  const wrongKey = new PlaybackTokens(new AuthSecret(secret).key('access-token'));
  const video = { id, playbackEpoch: 0 };
  const [expires = '', mac = ''] = good.split(/-(.*)/s);
  const later = `${Number(expires) + 300}`;
  const otherDigest = createHmac('sha1', 'x').update(id).digest('base64url').padEnd(32, 'A').slice(0, 32);
  const flipped = mac.startsWith('A') ? `B${mac.slice(1)}` : `A${mac.slice(1)}`;
  return {
    'of another video': other,
    expired: tokens.make(video, 60, Date.now() - 600_000).token,
    'of an earlier epoch': tokens.make({ id, playbackEpoch: -1 }, 600).token,
    'signed with the key of log-ins': wrongKey.make(video, 600).token,
    'made to last longer': `${later}-${mac}`,
    altered: `${expires}-${flipped}`,
    'of another digest': `${expires}-${otherDigest}`,
    truncated: good.slice(0, -1),
    lengthened: `${good}A`,
    'in capitals': good.toUpperCase(),
    'an access token': owner.accessToken,
    'an ingest token': id === owner.live.id ? owner.live.ingestToken : owner.over.ingestToken,
    nothing: '',
  };
}

for (const [owner, stranger, name] of [
  [ada, bob, "ada's videos are nothing to bob"],
  [bob, ada, "bob's videos are nothing to ada"],
] as const) {
  for (const [kind, id, others] of [
    ['live', owner.live.id, stranger.live.id],
    ['over', owner.over.id, stranger.over.id],
  ] as const) {
    t.test(`${name}: ${kind}`, async t => {
      const addresses = await everyAddress(owner, id);
      t.ok(addresses.length >= (kind === 'live' ? 6 : 16), `${addresses.length} addresses`);
      const good = tokenIn((await owner.see(id)).playbackUrl);
      const other = tokenIn((await stranger.see(others)).playbackUrl);
      const asStranger = {
        authorization: stranger.authorization,
        cookie: `livereel_access=${stranger.accessToken}`,
      };
      const wrong = Object.entries(wrongTokens(owner, id, good, other));
      for (const address of addresses) {
        const right = await get(address);
        t.equal(right.status, 200, address);
        t.match(right.headers.get('cache-control'), /^(private|no-store)/, address);
        const body = await right.text();
        t.equal((await get(address, { method: 'HEAD' })).status, 200, `HEAD ${address}`);
        const bare = withToken(address, good, null);
        const tries: [string, string, RequestInit][] = [
          ['without a token', bare, {}],
          ['logged in as somebody else', bare, { headers: asStranger }],
          ['HEAD', bare, { method: 'HEAD' }],
          ['a range', bare, { headers: { range: 'bytes=0-3' } }],
          ['what is known of it', bare, { headers: { 'if-none-match': right.headers.get('etag') ?? '*' } }],
          ...wrong.map(([what, token]): [string, string, RequestInit] => [
            what,
            withToken(address, good, token),
            {},
          ]),
        ];
        const answers = await Promise.all(
          tries.map(async ([what, url, init]) => {
            const answer = await get(url, init);
            return { what, url, status: answer.status, text: await answer.text() };
          }),
        );
        for (const { what, url, status, text } of answers) {
          if (status !== 404 || (body.length > 3 && text.includes(body)))
            t.fail(`${what}: ${url}: ${status}`);
        }
      }
    });
  }
}

t.test('the doors of the server take a playback token, and nothing else of a stranger', async t => {
  const { id } = ada.live;
  const good = tokenIn((await ada.see(id)).playbackUrl);
  const other = tokenIn((await bob.see(bob.live.id)).playbackUrl);
  const routes = [`/api/v1/videos/${id}`, `/api/v1/videos/${id}/transcript`, `/api/v1/videos/${id}/tasks`];
  for (const path of [...routes, `/api/v1/videos/${id}/events`]) {
    const url = `${server.baseUrl}${path}`;
    const right = await get(`${url}?token=${good}`);
    t.equal(right.status, 200, path);
    await right.body?.cancel();
    t.equal((await get(url)).status, 404, path);
    t.equal((await get(`${url}?token=${other}`)).status, 404, path);
    t.equal((await get(url, { headers: { authorization: bob.authorization } })).status, 404, path);
    const owners = await get(url, { headers: { authorization: ada.authorization } });
    t.equal(owners.status, 200, path);
    await owners.body?.cancel();
  }
  // The door of events is another one: it must not tell a wrong token from a stranger's.
  const altered = { authorization: `${ada.authorization.slice(0, -4)}AAAA` };
  t.equal((await get(`${server.baseUrl}/api/v1/videos/${id}/events`, { headers: altered })).status, 404);
  const answer = await get(`${server.baseUrl}/api/v1/videos/${id}?token=${good}`);
  t.equal(
    tokenIn(((await answer.json()) as { playbackUrl: string }).playbackUrl),
    good,
    'never a longer one',
  );
  const socket = io(server.baseUrl, { transports: ['websocket'] });
  t.teardown(() => socket.disconnect());
  const watch = (request: object) => socket.timeout(10_000).emitWithAck('watch', request);
  t.match(await watch({ id }), { code: 'not-found' });
  t.match(await watch({ id, token: other }), { code: 'not-found' });
  t.match(await watch({ id, token: good }), { id, captions: [] });
  const whep = (query: string) =>
    get(`${server.baseUrl}/whep/${id}${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: 'v=0',
    });
  t.equal((await whep('')).status, 404);
  t.equal((await whep(`?token=${other}`)).status, 404);
  t.not((await whep(`?token=${good}`)).status, 404);
  const make = `/api/v1/videos/${id}/playback-token`;
  for (const headers of [{}, { authorization: bob.authorization }, { authorization: `Bearer ${good}` }]) {
    t.equal((await get(`${server.baseUrl}${make}`, { method: 'POST', headers })).status, 404);
  }
  const made = (await json(server, `${make}?token=${ada.live.ingestToken}`, 'POST', {
    expiresInSeconds: 60,
  })) as {
    token: string;
    expiresAt: string;
  };
  t.ok(Date.parse(made.expiresAt) - Date.now() <= 121_000);
  t.equal((await get(`${server.baseUrl}/hls/${id}/index.m3u8?token=${made.token}`)).status, 200);
});

t.test('a change of visibility holds at once, both ways, and ends the links that were given out', async t => {
  for (const session of [bob.live, bob.over]) {
    const { id } = session;
    const good = tokenIn((await bob.see(id)).playbackUrl);
    const addresses = await everyAddress(bob, id);
    const statuses = async (token: string | null) => [
      ...new Set(
        await Promise.all(addresses.map(async url => (await get(withToken(url, good, token))).status)),
      ),
    ];
    const change = (visibility: string) =>
      json(server, `/api/v1/videos/${id}`, 'PATCH', { visibility }, bob.authorization);
    t.same(await statuses(good), [200]);
    t.same(await statuses(null), [404]);
    await change('unlisted');
    t.same(await statuses(null), [200]);
    t.same(await statuses(good), [200], 'a link that was given out leads there still');
    const events = await get(`${server.baseUrl}/api/v1/videos/${id}/events`);
    const told = events.text().catch(() => 'cut off');
    await change('private');
    t.same(await statuses(null), [404]);
    t.same(await statuses(good), [404], 'the old links lead nowhere');
    t.ok(await told, 'who listened is let go');
    const anew = tokenIn((await bob.see(id)).playbackUrl);
    t.same(await statuses(anew), [200]);
    await json(server, `/api/v1/videos/${id}/playback-token`, 'DELETE', undefined, bob.authorization);
    t.same(await statuses(anew), [404]);
  }
});

const chromium = await launchChromium();
t.teardown(() => chromium.close());

t.test('the watch page plays it for who has the link, and for the owner, who can copy one', async t => {
  const { id } = ada.over;
  const plays = async (path: string) => {
    const page = await chromium.page();
    await page.goto(`${server.baseUrl}${path}`);
    await page.waitForSelector('video');
    await page.evaluate(
      `(() => { const v = document.querySelector('video'); v.muted = true; return v.play(); })()`,
    );
    await eventually(async () => (await playerState(page)).currentTime > 0.5, { what: `${path} plays` });
    return page;
  };
  const without = await chromium.page();
  await without.goto(`${server.baseUrl}/watch/${id}`);
  t.match(await without.textContent('[data-testid=error-message]'), 'There is no video here');
  const token = tokenIn((await ada.see(id)).playbackUrl);
  await (await plays(`/watch/${id}?token=${token}`)).close();
  await chromium.context.addCookies([
    {
      name: 'livereel_access',
      value: ada.accessToken,
      url: server.baseUrl,
      httpOnly: true,
      sameSite: 'Strict',
    },
  ]);
  const owners = await plays(`/watch/${id}`);
  t.match(await owners.getByTestId('link-until').textContent(), /can watch until \d+ \w+ \d{4}\.$/);
  const link = new URL(await owners.evaluate<string>(`document.querySelector('lr-copy-link').href`));
  await chromium.context.clearCookies();
  const weekMillis = 7 * 86_400_000;
  t.ok(Number(link.searchParams.get('token')?.slice(0, 10)) * 1_000 > Date.now() + weekMillis - 60_000);
  await (await plays(`${link.pathname}${link.search}`)).close();
});

t.test('players need nothing but the one address', async t => {
  const { playbackUrl, fileUrl, durationSeconds } = await ada.see(ada.over.id);
  for (const url of [playbackUrl, `${fileUrl}`]) {
    const args = ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', url];
    const { stdout } = await runProgram('ffprobe', args);
    t.ok(Math.abs(Number(stdout) - Number(durationSeconds)) < 0.3, `${stdout}`);
  }
  const { playbackUrl: liveUrl } = await ada.see(ada.live.id);
  const live = await runProgram('ffmpeg', ['-v', 'error', '-i', liveUrl, '-t', '1', '-f', 'null', '-']);
  t.equal(live.stderr, '');
  const require = createRequire(import.meta.url);
  for (const [name, file] of [
    ['hls.js', 'hls.js/dist/hls.min.js'],
    ['Shaka Player', 'shaka-player/dist/shaka-player.compiled.js'],
  ] as [Stranger, string][]) {
    const page = await chromium.page();
    const source = await readFile(require.resolve(file), 'utf8');
    await openStranger(page, name, { baseUrl: server.baseUrl, source, url: playbackUrl });
    await eventually(async () => (await playerState(page)).currentTime > 1, { what: `${name} plays` });
    t.same(await fatalErrors(page), []);
    await page.close();
  }
});

t.test('the page of the owner goes on with a newer token, and says when the video is deleted', async t => {
  const { id } = bob.over;
  const cookie = { name: 'livereel_access', value: bob.accessToken, url: server.baseUrl };
  await chromium.context.addCookies([{ ...cookie, httpOnly: true, sameSite: 'Strict' }]);
  const page = await chromium.page();
  await page.clock.install();
  await page.goto(`${server.baseUrl}/watch/${id}`);
  await eventually(async () => (await playerState(page)).currentTime > 0.2, { what: 'it plays' });
  const make = `/api/v1/videos/${id}/playback-token`;
  const wish = { expiresInSeconds: 172_800 };
  const { token } = (await json(server, make, 'POST', wish, bob.authorization)) as { token: string };
  // As it would be some hours later.
  await page.route(`**/api/v1/videos/${id}`, async route => {
    const response = await route.fetch();
    const body = (await response.text()).replaceAll(/token=[^"&]+/g, `token=${token}`);
    await route.fulfill({ response, body });
  });
  await page.clock.fastForward('01:00:30');
  await eventually(() => page.evaluate(`document.querySelector('lr-player').src.includes('${token}')`));
  const asked = page.waitForRequest(request => request.url().includes(`/~${token}/`));
  await page.evaluate('livereel.hls.loadSource(livereel.hls.url)');
  await asked;
  await page.unroute(`**/api/v1/videos/${id}`);
  await json(server, make, 'DELETE', undefined, bob.authorization);
  await page.evaluate('livereel.hls.loadSource(livereel.hls.url)');
  const src = `document.querySelector('lr-player').src`;
  await eventually(async () => !(await page.evaluate<string>(src)).includes(token), {
    what: 'it asked for another token, as all were ended',
  });
  await json(server, `/api/v1/videos/${id}`, 'DELETE', undefined, bob.authorization);
  await page.getByText('This video was deleted').waitFor();
  t.equal(await page.locator('video').count(), 0, 'and nothing plays any more');
});
