import type { Ended, Publisher, WebSocketClass } from '../client/publisher.ts';
import { type Call, defineCommand, type Flags, type FlagValues } from './command.ts';
import type { PushSource } from './push-source.ts';

const flags = {
  server: {
    kind: 'text',
    placeholder: 'url',
    variable: 'LIVEREEL_SERVER',
    says: 'the server; without it the one of this machine',
  },
  token: {
    kind: 'text',
    placeholder: 'token',
    variable: 'LIVEREEL_TOKEN',
    says: 'an API key, where publishing needs an account',
  },
  title: {
    kind: 'text',
    placeholder: 'text',
    says: 'what the video is called; a file by its name without this',
  },
  visibility: {
    kind: 'text',
    placeholder: 'who',
    choices: ['public', 'unlisted', 'private'],
    says: 'who sees it',
  },
  language: {
    kind: 'text',
    placeholder: 'tag',
    says: 'of the speech, e.g. en or de-CH; found out without this',
  },
  'reply-to': { kind: 'text', placeholder: 'id', says: 'the video that this one answers' },
  'no-captions': { kind: 'switch', says: 'do not caption it live' },
  fast: { kind: 'switch', says: 'files: as fast as the server takes them, not at their own pace' },
  encode: { kind: 'switch', says: 'files: make everything H.264 and AAC, also what the server would take' },
  audio: {
    kind: 'text',
    placeholder: 'device',
    says: 'devices: where the sound comes from, e.g. pulse:default, alsa:hw:1',
  },
  size: { kind: 'text', placeholder: 'pixels', says: 'devices: e.g. 1280x720' },
  rate: {
    kind: 'number',
    placeholder: 'fps',
    minimum: 1,
    maximum: 120,
    says: 'devices: frames a second, 30 without this',
  },
  duration: {
    kind: 'number',
    placeholder: 'seconds',
    minimum: 0.1,
    maximum: 604_800,
    says: 'end by itself after so long',
  },
} as const satisfies Flags;

type PushValues = FlagValues<typeof flags>;

// A camera does not wait. What a server that is away for minutes has not taken is kept here up to this much; then
// pictures are lost at the camera, and memory is not.
const mostKeptBytes = 512 * 1024 * 1024;

/** `livereel push`: publishes from a shell. */
export const pushCommand = defineCommand({
  summary: 'publish a file, a camera or standard input, live',
  help: `Publishes to a server and prints where to watch as soon as it is live. What the server has not confirmed is
kept and sent again after a lost connection, from where the server stands: nothing is lost, nothing comes twice.
Ctrl-C ends the video cleanly; a second one gives up what is not safe yet.

<source> is a file (any that ffmpeg reads; at its own pace, like a broadcast), a camera (/dev/video0, on macOS
avfoundation:0, on Windows dshow:video=NAME), a screen (x11grab::0.0), "test" for a test picture with sound, or
"-" for a recording on standard input (WebM, Matroska, fragmented MP4, MPEG-TS).

Exit codes: 0 ended, all of it safe; 1 failed; 2 used wrongly; 78 a wrong setting or address.`,
  examples: [
    { line: 'livereel push talk.mp4 --title "The talk"', says: 'a file, as if it were happening now' },
    {
      line: 'livereel push talk.mp4 --fast --server https://video.example',
      says: 'as an upload would, resumed after every loss',
    },
    { line: 'livereel push /dev/video0 --audio pulse:default', says: 'camera and microphone, on Linux' },
    { line: 'livereel push test --duration 60 --json', says: 'a minute of test picture, told to a script' },
    {
      line: 'ffmpeg -i rtsp://camera.example/1 -c copy -f matroska - | livereel push -',
      says: 'whatever ffmpeg can read',
    },
  ],
  operands: [{ name: 'source', says: 'a file, a device, "test", or "-" for standard input' }],
  flags,
  async run(call) {
    const { values, operands, output, environment } = call;
    const [name = ''] = operands;
    const [
      { Publisher },
      { openPushSource },
      { PushReport },
      { serverAddress },
      { readConfig },
      { WebSocket },
    ] = await Promise.all([
      import('../client/publisher.ts'),
      import('./push-source.ts'),
      import('./push-report.ts'),
      import('./server-address.ts'),
      import('../config.ts'),
      import('ws'),
    ]);
    const server = await serverAddress(values.server, environment);
    const { ffmpegPath, ffprobePath } = readConfig(environment);
    const source = await openPushSource(name, process.stdin, {
      isFast: values.fast,
      isEncoded: values.encode,
      audio: values.audio,
      size: values.size,
      framesPerSecond: values.rate ?? 30,
      ffmpegPath,
      ffprobePath,
      environment,
    });
    const publisher = await Publisher.create(server, {
      session: sessionOf(name, values),
      webSocket: WebSocket as unknown as WebSocketClass,
      ...(values.token !== undefined && { accessToken: values.token }),
    }).catch((error: unknown) => {
      source.stop();
      throw error;
    });
    const { id, playbackUrl } = publisher.session;
    const { reachableUrl } = await import('../client/reachable-url.ts');
    const addresses = {
      watchUrl: reachableUrl(publisher.session.watchUrl, server),
      ingestUrl: reachableUrl(publisher.session.ingestUrl, server),
    };
    const told = {
      type: 'session',
      id,
      watchUrl: addresses.watchUrl,
      playbackUrl: reachableUrl(playbackUrl, server),
    };
    output.remark(told, `Publishing as ${id} to ${server}`);
    const report = new PushReport(publisher, output, addresses, process.stderr.isTTY === true);
    try {
      const ended = await publish(publisher, source, call);
      report.close();
      const { safeBytes } = publisher;
      output.result(
        { type: 'ended', id, state: ended.state, safeBytes, watchUrl: addresses.watchUrl },
        `Ended, all of it is safe (${(safeBytes / 1e6).toFixed(1)} MB): ${addresses.watchUrl}`,
      );
      return 0;
    } finally {
      report.close();
      publisher.close();
    }
  },
});

/** Sends all that the source gives, until it ends, the time is over, or somebody stops it; then the end. */
async function publish(
  publisher: Publisher,
  source: PushSource,
  { values, stopped, hurried }: Call<typeof flags>,
): Promise<Ended> {
  const stop = () => source.stop();
  const giveUp = () => publisher.close();
  const failed = () => publisher.state === 'failed' && source.stop();
  stopped.addEventListener('abort', stop);
  hurried.addEventListener('abort', giveUp);
  publisher.addEventListener('change', failed);
  if (stopped.aborted) stop();
  const timer = values.duration === undefined ? undefined : setTimeout(stop, values.duration * 1_000);
  try {
    for await (const chunk of source.chunks) {
      const sent = publisher.send(chunk);
      if (!source.isLive || publisher.keptBytes > mostKeptBytes) await sent;
    }
  } catch (error) {
    if (!stopped.aborted && publisher.state !== 'failed') {
      // What was read is worth keeping, whatever became of the rest.
      await publisher.end().catch(() => undefined);
      throw error;
    }
  } finally {
    clearTimeout(timer);
    source.stop();
  }
  return publisher.end();
}

function sessionOf(source: string, values: PushValues) {
  const { visibility, language } = values;
  const replyTo = values['reply-to'];
  const title = values.title ?? titleOf(source);
  return {
    input: 'chunks' as const,
    ...(title !== undefined && { title: title.slice(0, 200) }),
    ...(visibility !== undefined && { visibility }),
    ...(language !== undefined && { language }),
    ...(replyTo !== undefined && { replyTo }),
    ...(values['no-captions'] && { captions: false }),
  };
}

/** A file's name without its end; nothing for what has no name of its own. */
function titleOf(source: string): string | undefined {
  if (source === '-' || source === 'test' || /^[a-z0-9]+:|^\/dev\//.test(source)) return undefined;
  return source.replace(/^.*[\\/]/, '').replace(/(?<=.)\.[A-Za-z0-9]{1,5}$/, '') || undefined;
}
