import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SessionAnswer } from '../../src/api/session.ts';
import type { VideoAnswer } from '../../src/api/video.ts';
import { makeClip } from './clips.ts';
import { eventually } from './eventually.ts';
import type { TestServer } from './server.ts';

/** Somebody with an account, and two private videos: one that is live until the test is over, one that is over. */
export type Person = {
  readonly authorization: string;
  readonly accessToken: string;
  readonly live: SessionAnswer;
  readonly over: SessionAnswer;
  /** What the API tells its owner of a video. */
  readonly see: (id: string) => Promise<VideoAnswer>;
};

/** Signs somebody up and lets him publish. What only later tasks would make of the finished video is put there. */
export async function personWithVideos(server: TestServer, name: string): Promise<Person> {
  const signUp = { email: `${name}@example.org`, password: `the password of ${name}`, name };
  const { accessToken } = (await json(server, '/api/v1/accounts', 'POST', signUp)) as { accessToken: string };
  const authorization = `Bearer ${accessToken}`;
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 4 });
  const publish = async (): Promise<SessionAnswer> => {
    const wish = { title: `of ${name}`, visibility: 'private' };
    const session = (await json(server, '/api/v1/sessions', 'POST', wish, authorization)) as SessionAnswer;
    const sent = await fetch(`${session.ingestUrl.replace(/^ws/, 'http')}`, {
      method: 'POST',
      body: clip.bytes,
    });
    if (!sent.ok) throw new Error(await sent.text());
    return session;
  };
  const [live, over] = [await publish(), await publish()];
  await json(server, `/api/v1/sessions/${over.id}/end?token=${over.ingestToken}`, 'POST');
  const see = async (id: string) =>
    (await json(server, `/api/v1/videos/${id}`, 'GET', undefined, authorization)) as VideoAnswer;
  await eventually(async () => (await see(over.id)).state === 'ready', {
    timeoutSeconds: 60,
    what: 'it is ready',
  });
  for (const [file, text] of Object.entries(made)) {
    const path = join(server.contentDir, over.id, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return { authorization, accessToken, live, over, see };
}

const made = {
  'hls/captions/stream.m3u8': '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n000000.vtt\n#EXT-X-ENDLIST\n',
  'hls/captions/000000.vtt': 'WEBVTT\n\nsecret',
  'captions.vtt': 'WEBVTT\n\nsecret',
  'captions.srt': 'secret',
  'captions.txt': 'secret',
  'captions.json': '{"secret":1}',
  'thumbnail.jpg': 'secret',
  'preview.webp': 'secret',
  'storyboard.0.jpg': 'secret',
  'storyboard.vtt': 'WEBVTT\n\n00:00.000 --> 00:01.000\nstoryboard.0.jpg#xywh=0,0,160,90\n',
};

/** The files of a finished video that `personWithVideos` put there, below `/videos/<id>/`. */
export const filesMade: readonly string[] = Object.keys(made).filter(file => !file.includes('/'));

/** Everything that a player finds below a multivariant playlist: its media playlists, headers, segments, parts. */
export async function addressesBelow(playbackUrl: string): Promise<string[]> {
  const multivariant = await fetch(playbackUrl);
  if (!multivariant.ok) throw new Error(`${playbackUrl}: ${multivariant.status}`);
  const playlists = named(await multivariant.text(), multivariant.url);
  const below: string[] = [];
  for (const url of playlists) {
    const media = await fetch(url);
    if (!media.ok) throw new Error(`${url}: ${media.status}`);
    below.push(...named(await media.text(), url));
  }
  return [...playlists, ...below];
}

function named(playlist: string, base: string): string[] {
  const lines = playlist.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  // What is announced does not exist yet.
  const tags = playlist.split('\n').filter(line => !line.startsWith('#EXT-X-PRELOAD-HINT'));
  const attributes = [...tags.join('\n').matchAll(/URI="([^"]+)"/g)].map(match => `${match[1]}`);
  return [...lines, ...attributes].map(uri => new URL(uri, base).href);
}

/** One request of the API. @throws Error with the problem when it is refused. */
export async function json(
  server: TestServer,
  path: string,
  method: string,
  body?: object,
  authorization?: string,
): Promise<unknown> {
  const answer = await fetch(`${server.baseUrl}${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(authorization !== undefined && { authorization }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}
