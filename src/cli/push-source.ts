import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { pino } from 'pino';
import { PublishError } from '../client/publish-error.ts';
import { LivereelError } from '../errors.ts';
import {
  type CaptureDevice,
  codecsArguments,
  deviceArguments,
  type FileCodecs,
  fileArguments,
} from '../ffmpeg/push-arguments.ts';
import { type ChildProgram, failure, runProgram, startProgram } from '../process/child-program.ts';

/** Bytes to publish, in order. */
export type PushSource = {
  /** What is captured cannot wait: it comes when it comes. */
  readonly isLive: boolean;
  /** @throws LivereelError `program-failed`; PublishError `source-unreadable`. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** No more is to come; what was read before still does. Safe to call twice. */
  stop(): void;
};

/** How a source is read. */
export type PushSourceOptions = {
  /** Files: as fast as they are read, not at their own pace. */
  readonly isFast: boolean;
  /** Files: everything becomes H.264 and AAC. */
  readonly isEncoded: boolean;
  readonly audio: string | undefined;
  readonly size: string | undefined;
  readonly framesPerSecond: number;
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  readonly environment: NodeJS.ProcessEnv;
};

/** ffmpeg's names of kinds of devices, as they stand before the colon. */
const deviceFormats: readonly string[] = ['v4l2', 'avfoundation', 'dshow', 'gdigrab', 'x11grab', 'lavfi'];
const soundFormats: readonly string[] = ['alsa', 'pulse', 'avfoundation', 'dshow', 'lavfi'];
/** Where sound and screens of a desktop are found. */
const desktopVariables = ['XDG_RUNTIME_DIR', 'DISPLAY', 'XAUTHORITY', 'PULSE_SERVER', 'PULSE_COOKIE'];
const testPicture =
  'testsrc2=size=1280x720:rate=30[out0];sine=frequency=440:beep_factor=4:sample_rate=48000[out1]';

/**
 * Opens what `livereel push` names: `-` for standard input, `test` for a test picture with sound, a device
 * (`/dev/video0`, `avfoundation:0`), else a file.
 * @throws PublishError `source-unreadable`; LivereelError `program-missing`.
 */
export async function openPushSource(
  source: string,
  standardInput: NodeJS.ReadableStream,
  options: PushSourceOptions,
): Promise<PushSource> {
  if (source === '-') return streamSource(standardInput);
  const device = deviceOf(source, options);
  if (device !== null) return programSource(true, deviceArguments(device), options);
  const file = resolve(source);
  const found = await stat(file).catch(() => null);
  if (found === null) throw unreadable(`There is no file "${source}".`);
  if (found.isCharacterDevice()) return openPushSource(`v4l2:${file}`, standardInput, options);
  if (!found.isFile() || found.size === 0) throw unreadable(`"${source}" is no file with something in it.`);
  const codecs = await codecsOf(file, options);
  const { isFast, isEncoded } = options;
  return programSource(false, fileArguments(file, { codecs, isPaced: !isFast, isEncoded }), options);
}

function deviceOf(source: string, options: PushSourceOptions): CaptureDevice | null {
  const { framesPerSecond } = options;
  const size = options.size ?? null;
  if (source === 'test')
    return { format: 'lavfi', name: testPicture, sound: null, size, framesPerSecond: 30 };
  const named = kindAndName(source, deviceFormats);
  if (named === null) return null;
  const sound = options.audio === undefined ? null : kindAndName(options.audio, soundFormats);
  if (options.audio !== undefined && sound === null) {
    throw unreadable(
      `"${options.audio}" is no source of sound: name one of ${soundFormats.join(', ')}, a colon, and the device, e.g. pulse:default.`,
    );
  }
  return { ...named, sound, size, framesPerSecond };
}

function kindAndName(source: string, kinds: readonly string[]): { format: string; name: string } | null {
  const colon = source.indexOf(':');
  const format = source.slice(0, Math.max(0, colon));
  return kinds.includes(format) ? { format, name: source.slice(colon + 1) } : null;
}

async function codecsOf(file: string, options: PushSourceOptions): Promise<FileCodecs> {
  type Stream = { codec_type?: string; codec_name?: string; disposition?: { attached_pic?: number } };
  const told = await runProgram({
    ...programOf('ffprobe', options.ffprobePath, options),
    args: codecsArguments(file),
  }).catch((error: unknown) => {
    if (error instanceof LivereelError && error.code === 'program-missing') throw error;
    const said = error instanceof Error ? error.message.split('\n')[0] : '';
    throw unreadable(`This file is none that can be published: ${said}`);
  });
  const streams = (JSON.parse(told) as { streams?: Stream[] }).streams ?? [];
  const codec = (type: string) =>
    streams.find(({ codec_type, disposition }) => codec_type === type && !disposition?.attached_pic)
      ?.codec_name ?? null;
  const codecs = { video: codec('video'), audio: codec('audio') };
  if (codecs.video === null && codecs.audio === null)
    throw unreadable('There is neither picture nor sound in this file.');
  return codecs;
}

function streamSource(stream: NodeJS.ReadableStream): PushSource {
  return {
    // Nobody knows where it comes from; a pipe can wait.
    isLive: false,
    chunks: stream as unknown as AsyncIterable<Uint8Array>,
    stop: () => (stream as unknown as { destroy(): void }).destroy(),
  };
}

function programSource(isLive: boolean, args: string[], options: PushSourceOptions): PushSource {
  const program = startProgram({
    ...programOf('ffmpeg', options.ffmpegPath, options),
    args,
    stdin: 'ignore',
    stdout: 'pipe',
  });
  let isStopped = false;
  return {
    isLive,
    chunks: outputOf(program, () => isStopped),
    stop() {
      isStopped = true;
      // ffmpeg writes what it holds, then goes.
      program.kill('SIGINT');
    },
  };
}

async function* outputOf(program: ChildProgram, isStopped: () => boolean): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of program.stdout ?? []) yield chunk as Uint8Array;
    const exit = await program.exited;
    if (exit.code !== 0 && !isStopped()) throw failure('ffmpeg', exit, program.stderrTail());
  } finally {
    await program.close();
  }
}

function programOf(name: string, program: string, { environment }: PushSourceOptions) {
  const env = Object.fromEntries(
    desktopVariables.flatMap(variable => (environment[variable] ? [[variable, environment[variable]]] : [])),
  ) as Record<string, string>;
  return { name, program, cwd: tmpdir(), env, log: pino({ level: 'silent' }) };
}

function unreadable(message: string): PublishError {
  return new PublishError('source-unreadable', message);
}
