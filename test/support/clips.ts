import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { frameCells, gridColumns, gridRows } from './numbered-frames.ts';
import { cutMp4, cutTransportStream, cutWebm, type RecorderChunk } from './recorder-chunks.ts';
import { runFfmpeg } from './run-program.ts';

/** What the tests can have made: codec and container together. */
export type ClipKind =
  | 'webm-h264'
  | 'webm-vp8'
  | 'webm-vp9'
  | 'mp4-h264'
  | 'ts-h264'
  | 'webm-h264-video-only';

/** A clip to be made; frames carry numbers from `firstNumber` on, each second starts with a flash and a beep. */
export type ClipSpec = {
  readonly kind: ClipKind;
  readonly durationSeconds: number;
  /** Whole frames a second, so that a flash is exactly at its second; default 30. */
  readonly framesPerSecond?: number;
  readonly width?: number;
  readonly height?: number;
  readonly firstNumber?: number;
  /** Adds noise and holds this rate, as a camera's picture would need; without it a clip is tiny. */
  readonly videoBitsPerSecond?: number;
  /** Default 2. */
  readonly keyframeSeconds?: number;
  /** The sound begins this much later than the picture. */
  readonly audioDelaySeconds?: number;
};

/** A clip as bytes, and as the chunks in which a recorder would have given it out. */
export type Clip = {
  readonly file: string;
  readonly bytes: Buffer;
  readonly chunks: readonly RecorderChunk[];
  readonly frameCount: number;
  readonly framesPerSecond: number;
  readonly durationSeconds: number;
  readonly firstNumber: number;
  readonly mimeType: string;
};

const cacheDir = join(tmpdir(), `livereel-clips-${process.getuid?.() ?? 0}`);
// Part of every cache key: raise it when the way clips are made changes.
const recipe = 3;

const mimeTypes: Record<ClipKind, string> = {
  'webm-h264': 'video/webm;codecs=avc1,opus',
  'webm-h264-video-only': 'video/webm;codecs=avc1',
  'webm-vp8': 'video/webm;codecs=vp8,opus',
  'webm-vp9': 'video/webm;codecs=vp9,opus',
  'mp4-h264': 'video/mp4;codecs=avc1,mp4a.40.2',
  'ts-h264': 'video/mp2t',
};

/** Length of a recorder's chunk in seconds: what the page asks of MediaRecorder. */
export const chunkSeconds = 0.25;

/**
 * Makes a clip, or takes it from the cache in the system's temporary folder.
 * Frames: `durationSeconds * framesPerSecond`, without B-frames, keyframes every two seconds.
 */
export async function makeClip(spec: ClipSpec): Promise<Clip> {
  const framesPerSecond = spec.framesPerSecond ?? 30;
  const frameCount = Math.round(spec.durationSeconds * framesPerSecond);
  const key = createHash('sha256').update(JSON.stringify({ recipe, spec })).digest('hex').slice(0, 16);
  const file = join(cacheDir, `${spec.kind}-${key}.${containerOf(spec.kind)}`);
  if (!existsSync(file)) {
    await mkdir(cacheDir, { recursive: true });
    // Two test files may make the same clip at once: each under its own name, the last rename stands.
    const partial = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    try {
      await runFfmpeg([...clipArgs(spec, framesPerSecond), partial], {
        input: numberedCells(spec, frameCount),
      });
      if (spec.kind.startsWith('webm')) await writeFile(partial, forgetSizes(await readFile(partial)));
      await rename(partial, file);
    } finally {
      await rm(partial, { force: true });
    }
  }
  const bytes = await readFile(file);
  return {
    file,
    bytes,
    chunks: cutChunks(spec.kind, bytes, spec.durationSeconds),
    frameCount,
    framesPerSecond,
    durationSeconds: spec.durationSeconds,
    firstNumber: spec.firstNumber ?? 0,
    mimeType: mimeTypes[spec.kind],
  };
}

function containerOf(kind: ClipKind): string {
  if (kind.startsWith('mp4')) return 'mp4';
  return kind.startsWith('ts') ? 'ts' : 'webm';
}

function cutChunks(kind: ClipKind, bytes: Buffer, durationSeconds: number): RecorderChunk[] {
  if (kind.startsWith('mp4')) return cutMp4(bytes);
  if (kind.startsWith('ts')) return cutTransportStream(bytes, durationSeconds, chunkSeconds);
  return cutWebm(bytes, chunkSeconds);
}

function* numberedCells(spec: ClipSpec, frameCount: number): Generator<Uint8Array> {
  const framesPerSecond = spec.framesPerSecond ?? 30;
  for (let index = 0; index < frameCount; index += 1) {
    yield frameCells((spec.firstNumber ?? 0) + index, index % framesPerSecond === 0);
  }
}

function clipArgs(spec: ClipSpec, framesPerSecond: number): string[] {
  const { width = 640, height = 360, keyframeSeconds = 2, audioDelaySeconds = 0 } = spec;
  const noise = spec.videoBitsPerSecond ? ',noise=alls=24:allf=t' : '';
  const beep = "aevalsrc=exprs='if(lt(mod(t,1),0.05),0.8*sin(2*PI*1000*t),0)':sample_rate=48000";
  const hasAudio = !spec.kind.endsWith('video-only');
  const keyframeFrames = Math.round(keyframeSeconds * framesPerSecond);
  return [
    '-loglevel',
    'error',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'gray',
    '-s',
    `${gridColumns}x${gridRows}`,
    '-r',
    `${framesPerSecond}`,
    '-i',
    'pipe:0',
    ...(hasAudio ? ['-itsoffset', `${audioDelaySeconds}`, '-f', 'lavfi', '-i', beep] : []),
    '-map',
    '0:v',
    ...(hasAudio ? ['-map', '1:a'] : []),
    '-t',
    `${spec.durationSeconds}`,
    '-vf',
    `scale=${width}:${height}:flags=neighbor${noise},format=yuv420p`,
    ...videoCodecArgs(spec, keyframeFrames),
    ...(hasAudio ? audioCodecArgs(spec.kind) : []),
    ...containerArgs(spec.kind),
  ];
}

function videoCodecArgs(spec: ClipSpec, keyframeFrames: number): string[] {
  const rate = spec.videoBitsPerSecond
    ? [
        '-b:v',
        `${spec.videoBitsPerSecond}`,
        '-maxrate',
        `${spec.videoBitsPerSecond}`,
        '-bufsize',
        `${spec.videoBitsPerSecond}`,
      ]
    : [];
  const gop = ['-g', `${keyframeFrames}`];
  if (spec.kind === 'webm-vp8') {
    return [
      '-c:v',
      'libvpx',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-keyint_min',
      `${keyframeFrames}`,
      ...gop,
      ...(rate.length > 0 ? rate : ['-b:v', '1M']),
    ];
  }
  if (spec.kind === 'webm-vp9') {
    return [
      '-c:v',
      'libvpx-vp9',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      ...gop,
      ...(rate.length > 0 ? rate : ['-b:v', '1M']),
    ];
  }
  return [
    '-c:v',
    'libx264',
    '-preset',
    'superfast',
    '-tune',
    'zerolatency',
    '-profile:v',
    'main',
    '-sc_threshold',
    '0',
    '-bf',
    '0',
    ...gop,
    ...rate,
  ];
}

function audioCodecArgs(kind: ClipKind): string[] {
  return kind.startsWith('webm') ? ['-c:a', 'libopus', '-b:a', '64k'] : ['-c:a', 'aac', '-b:a', '96k'];
}

function containerArgs(kind: ClipKind): string[] {
  if (kind.startsWith('mp4')) {
    return [
      '-movflags',
      '+delay_moov+default_base_moof+skip_trailer',
      '-frag_duration',
      '250000',
      '-f',
      'mp4',
    ];
  }
  if (kind.startsWith('ts')) return ['-f', 'mpegts'];
  // As Chromium writes: a cluster a keyframe, no cues, no duration. H.264 needs the Matroska muxer.
  return [
    '-f',
    'matroska',
    '-live',
    '1',
    '-cluster_time_limit',
    '100000',
    '-cluster_size_limit',
    '100000000',
  ];
}

/** Makes the size of every cluster unknown, as a recorder writes it that sends what it has at once. */
function forgetSizes(webm: Buffer): Buffer {
  const clusterId = Buffer.from([0x1f, 0x43, 0xb6, 0x75]);
  for (let at = webm.indexOf(clusterId); at >= 0; at = webm.indexOf(clusterId, at + 4)) {
    const length = Math.clz32(webm[at + 4] ?? 0) - 23;
    if (length < 1 || length > 8) continue;
    // Only a real cluster begins with its Timestamp (E7); the same four bytes may occur in a picture.
    if (webm[at + 4 + length] !== 0xe7) continue;
    webm.fill(0xff, at + 4, at + 4 + length);
    webm[at + 4] = 0xff >> (length - 1);
  }
  return webm;
}

/** A recorder that was stopped and started again: two complete files, the second's times from 0 again. */
export async function makeRestartClip(spec: ClipSpec): Promise<Clip> {
  const first = await makeClip(spec);
  const second = await makeClip({ ...spec, firstNumber: first.firstNumber + first.frameCount });
  return joinClips(first, second);
}

/** One clip after another, as bytes and as chunks; frame numbers are those of the parts. */
export function joinClips(first: Clip, second: Clip): Clip {
  const shifted = second.chunks.map(chunk => ({
    bytes: chunk.bytes,
    atSeconds: chunk.atSeconds + first.durationSeconds,
  }));
  return {
    ...first,
    bytes: Buffer.concat([first.bytes, second.bytes]),
    chunks: [...first.chunks, ...shifted],
    frameCount: first.frameCount + second.frameCount,
    durationSeconds: first.durationSeconds + second.durationSeconds,
  };
}

/**
 * A phone that was turned mid-way: one Matroska stream whose H.264 parameter sets (or VP8 keyframes) change size
 * from 640x360 to 360x640, timestamps going on.
 */
export async function makeTurnedClip(kind: 'webm-h264' | 'webm-vp8', halfSeconds: number): Promise<Clip> {
  const wide = { kind, durationSeconds: halfSeconds } as const;
  const first = await makeClip({ ...wide, width: 640, height: 360 });
  const second = await makeClip({ ...wide, width: 360, height: 640, firstNumber: first.frameCount });
  const file = join(cacheDir, `turned-${recipe}-${kind}-${halfSeconds}.webm`);
  if (!existsSync(file)) await joinTurned(first, second, file);
  const bytes = await readFile(file);
  const joined = joinClips(first, second);
  return { ...joined, file, bytes, chunks: cutWebm(bytes, chunkSeconds) };
}

async function joinTurned(first: Clip, second: Clip, file: string): Promise<void> {
  const list = `${file}.${process.pid}.txt`;
  const partial = `${file}.${process.pid}`;
  await writeFile(
    list,
    `ffconcat version 1.0\nfile '${first.file}'\nduration ${first.durationSeconds}\nfile '${second.file}'\n`,
  );
  const inBand = first.mimeType.includes('avc1') ? ['-bsf:v', 'dump_extra=freq=keyframe'] : [];
  await runFfmpeg([
    '-loglevel',
    'error',
    '-safe',
    '0',
    '-f',
    'concat',
    '-i',
    list,
    '-c',
    'copy',
    ...inBand,
    ...containerArgs('webm-h264'),
    partial,
  ]);
  await writeFile(partial, forgetSizes(await readFile(partial)));
  await rename(partial, file);
  await rm(list, { force: true });
}
