import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { type GatedVideo, PlaybackGate } from '../../src/library/playback-gate.ts';
import { isPlaybackToken, PlaybackTokens } from '../../src/library/playback-tokens.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { eventually } from '../support/eventually.ts';

const id = 'f3Kq9ZtA1bXy';
const tokens = new PlaybackTokens(new Uint8Array(32).fill(1));
const root = await mkdtemp(join(tmpdir(), 'livereel-gate-'));
t.teardown(() => rm(root, { recursive: true, force: true }));
const content = new ContentDirectory(root);

/** A gate over videos that the test changes; `answer` holds lookups up. */
async function open(visibility: GatedVideo['visibility']) {
  const video = { id, visibility, playbackEpoch: 3 };
  const held = { until: Promise.resolve() };
  const videos = {
    find: async (asked: string) => {
      const found = asked === id ? { ...video } : undefined;
      await held.until;
      return found;
    },
    findAll: async () => [{ ...video }],
  };
  const gate = await PlaybackGate.open({ content, videos, tokens, log: pino({ level: 'silent' }) });
  t.teardown(() => gate.close());
  return { gate, video, held, links: () => readdirSync(content.admittedDir).sort() };
}

t.test('a public video has one link for everybody, which leads to its folder', async t => {
  const { gate, links } = await open('public');
  t.equal(gate.isAdmitted(id, null), false);
  t.equal(await gate.admit(id, null), true);
  t.equal(await gate.admit(id, 'whatever'), true);
  t.same(links(), [id]);
  t.equal(resolve(content.admittedDir, readlinkSync(content.admittedLink(id, null))), content.videoDir(id));
  t.equal(await gate.admit('000000000000', null), false);
  gate.shut(id);
  t.same(links(), []);
  t.equal(gate.isAdmitted(id, null), false);
  gate.close();
});

t.test('a private video has a link for each token that is good', async t => {
  const { gate, video, links } = await open('private');
  const { token } = tokens.make(video, 600);
  t.equal(await gate.admit(id, null), false);
  t.equal(await gate.admit(id, tokens.make({ ...video, id: 'otherKq9ZtA1' }, 600).token), false);
  t.equal(await gate.admit(id, tokens.make({ ...video, playbackEpoch: 2 }, 600).token), false);
  t.equal(await gate.admit(id, '../../etc'), false);
  t.same(links(), []);
  t.equal(await gate.admit(id, token), true);
  t.same(links(), [`${id}~${token}`]);
  t.equal(gate.isAdmitted(id, null), false);
  gate.close();
  t.same(links(), [], 'nobody is admitted by a server that is closed');
});

t.test('an answer that was on its way while the video was made private lets nobody in', async t => {
  const { gate, video, held, links } = await open('public');
  let answer = () => {};
  held.until = new Promise(resolved => {
    answer = resolved;
  });
  const asked = [gate.admit(id, null), gate.admit(id, null)];
  video.visibility = 'private';
  gate.shut(id);
  held.until = Promise.resolve();
  answer();
  t.same(await Promise.all(asked), [false, false]);
  t.same(links(), []);
  gate.close();
});

t.test('a link goes when its token ends, and when another process has changed the video', async t => {
  const { gate, video, links } = await open('private');
  const ending = tokens.make(video, 1, Date.now() - 200).token;
  const lasting = tokens.make(video, 600).token;
  const shut: string[] = [];
  gate.onShut(told => shut.push(told));
  t.same(await Promise.all([gate.admit(id, ending), gate.admit(id, lasting)]), [true, true]);
  await eventually(() => links().length === 1, { timeoutSeconds: 4, what: 'the first token has ended' });
  t.equal(gate.isAdmitted(id, ending), false);
  t.same(shut, []);
  video.playbackEpoch += 1;
  await eventually(() => links().length === 0, { timeoutSeconds: 8, what: 'the change is noticed' });
  t.same(shut, [id]);
  t.equal(await gate.admit(id, lasting), false);
  gate.close();
});

t.test('what an earlier life of the server let in is not let in any more', async t => {
  await mkdir(content.admittedDir, { recursive: true });
  await writeFile(content.admittedLink(id, null), '');
  await open('private');
  t.notOk(existsSync(content.admittedLink(id, null)));
});

t.test('tokens: one for all who ask at the same time, exact, and nothing else', async t => {
  const video = { id, playbackEpoch: 0 };
  const noon = Date.parse('2026-01-01T12:00:00Z');
  const { token, expiresAt } = tokens.make(video, 3_600, noon);
  t.equal(expiresAt.toISOString(), '2026-01-01T13:00:00.000Z');
  t.equal(tokens.make(video, 3_600, noon - 200_000).token, token);
  t.ok(isPlaybackToken(token) && token.length === 43);
  t.equal(tokens.expiryOf(video, token, noon)?.getTime(), expiresAt.getTime());
  t.equal(tokens.expiryOf(video, token, expiresAt.getTime()), null);
  t.equal(new PlaybackTokens(new Uint8Array(32)).expiryOf(video, token, noon), null);
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === '1' ? '2' : '1';
    t.equal(tokens.expiryOf(video, token.slice(0, at) + other + token.slice(at + 1), noon), null);
  }
});
