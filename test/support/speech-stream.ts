import { cutWebm, type RecorderChunk } from './recorder-chunks.ts';
import { runFfmpeg } from './run-program.ts';
import { type ClipName, type SpeechClip, speechClip } from './speech.ts';

/** A recorder's stream in which a clip is spoken: H.264 and Opus in Matroska, the clip's times are the stream's. */
export type SpeechStream = SpeechClip & { readonly bytes: Buffer; readonly chunks: readonly RecorderChunk[] };

/** Makes the stream of a clip, cut into chunks of 250 ms. */
export async function speechStream(name: ClipName): Promise<SpeechStream> {
  const clip = await speechClip(name);
  const picture = `testsrc2=s=320x180:r=15:d=${clip.durationSeconds}`;
  const input = [
    '-loglevel',
    'error',
    '-f',
    'lavfi',
    '-i',
    picture,
    '-i',
    clip.file,
    '-map',
    '0:v',
    '-map',
    '1:a',
  ];
  const video = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-tune',
    'zerolatency',
    '-g',
    '30',
    '-pix_fmt',
    'yuv420p',
  ];
  const sound = ['-c:a', 'libopus', '-b:a', '48k'];
  const container = ['-f', 'matroska', '-live', '1', '-cluster_time_limit', '1000', 'pipe:1'];
  const { stdout: bytes } = await runFfmpeg([...input, ...video, ...sound, ...container]);
  return { ...clip, bytes, chunks: cutWebm(bytes, 0.25) };
}
