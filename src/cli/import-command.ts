import { setTimeout as delay } from 'node:timers/promises';
import type { ImportAnswer, ImportedVideo } from '../api/import.ts';
import { visibilities } from '../api/session.ts';
import type { VideoAnswer } from '../api/video.ts';
import { type Call, defineCommand } from './command.ts';
import type { Output } from './output.ts';
import { RemoteServer } from './remote-server.ts';

const exitFailure = 1;
const lookEveryMillis = 500;

/** `livereel import`: a running server fetches a video from an address. */
export const importCommand = defineCommand({
  summary: 'have a server fetch a video from an address',
  help: `Asks a running livereel to fetch a video: a media file, an HLS playlist of a stream that is over, or a page
that yt-dlp knows. Tells how far it is until the video is ready. Ctrl-C stops telling, and the server goes on
fetching; with --cancel-on-interrupt it stops too.`,
  examples: [
    {
      line: 'livereel import https://example.com/talk.mp4',
      says: 'from the web, into the server of this machine',
    },
    {
      line: 'livereel import https://example.com/vod/index.m3u8 --title "The talk" --json',
      says: 'for a script',
    },
  ],
  operands: [{ name: 'url', says: 'what is fetched, http:// or https://' }],
  flags: {
    server: {
      kind: 'text',
      placeholder: 'url',
      says: 'the server (http://127.0.0.1:8000)',
      variable: 'LIVEREEL_SERVER',
    },
    token: {
      kind: 'text',
      placeholder: 'token',
      says: 'an access token or API key, where accounts are needed',
      variable: 'LIVEREEL_TOKEN',
    },
    title: { kind: 'text', placeholder: 'text', says: 'what it is called, instead of what the source says' },
    visibility: { kind: 'text', placeholder: 'who', says: 'who may see it', choices: visibilities },
    'no-wait': { kind: 'switch', says: 'do not wait until it is fetched' },
    'cancel-on-interrupt': { kind: 'switch', says: 'Ctrl-C cancels the import' },
  },
  async run({ values, operands, output, stopped }) {
    const server = new RemoteServer(values.server, values.token);
    const { title, visibility } = values;
    const request = {
      url: operands[0],
      ...(title !== undefined && { title }),
      ...(visibility && { visibility }),
    };
    const made = (await server.call('POST', '/api/v1/imports', request, stopped)) as ImportedVideo;
    const watchUrl = `${server.url}/watch/${made.id}`;
    const { id, queuePosition } = made;
    output.remark({ type: 'queued', id, queuePosition, watchUrl }, `queued as ${id}: ${watchUrl}`);
    if (values['no-wait']) {
      output.result({ type: 'queued', id, watchUrl }, watchUrl);
      return 0;
    }
    try {
      return await follow(server, id, watchUrl, output, stopped);
    } catch (error) {
      if (!stopped.aborted) throw error;
      return await interrupted(server, id, values['cancel-on-interrupt'], output);
    }
  },
});

async function follow(
  server: RemoteServer,
  id: string,
  watchUrl: string,
  output: Output,
  stopped: AbortSignal,
): Promise<number> {
  let told = '';
  for (;;) {
    const video = (await server.call('GET', `/api/v1/videos/${id}`, undefined, stopped)) as VideoAnswer;
    if (video.state === 'ready') {
      output.result({ type: 'ready', id, watchUrl, title: video.title }, watchUrl);
      return 0;
    }
    if (video.state === 'failed') {
      const { code, message } = video.error ?? { code: 'internal', message: 'It failed.' };
      output.remark({ type: 'failed', id, code, message }, `${message} (${code})`);
      return exitFailure;
    }
    const how = (await server.call('GET', `/api/v1/imports/${id}`, undefined, stopped)) as ImportAnswer;
    const sentence = sentenceOf(how);
    if (sentence !== told) output.remark({ type: 'progress', ...how }, sentence);
    told = sentence;
    await delay(lookEveryMillis, undefined, { signal: stopped });
  }
}

async function interrupted(
  server: RemoteServer,
  id: string,
  isCancelled: boolean,
  output: Call['output'],
): Promise<number> {
  if (isCancelled) {
    await server.call('DELETE', `/api/v1/imports/${id}`, undefined, new AbortController().signal);
    output.remark({ type: 'cancelled', id }, 'cancelled');
  } else output.remark({ type: 'left', id }, 'The server goes on fetching it.');
  return exitFailure;
}

function sentenceOf({ state, queuePosition, percent, bytes, totalBytes, error }: ImportAnswer): string {
  const trouble = error === null ? '' : ` (tried again: ${error})`;
  if (state === 'waiting') return `waiting, place ${queuePosition} in the queue${trouble}`;
  if (state === 'done') return 'fetched; the video is being made';
  const of = totalBytes === null ? '' : ` of ${megabytes(totalBytes)}`;
  return `fetching: ${percent} % (${megabytes(bytes)}${of} MB)${trouble}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
