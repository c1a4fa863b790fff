import { LivereelError } from '../errors.ts';
import type { FileContainer } from '../media/file-container.ts';
import { failure } from '../process/child-program.ts';
import { type RunSettings, startRun } from './background-run.ts';
import { pinnedInput } from './file-demuxer.ts';
import { type ProbedFile, readProbe } from './probe-answer.ts';
import { unusableFile } from './unusable-file.ts';

/** What a file may be at the most. */
export type FileLimits = { readonly maxPixels: number; readonly maxSide: number };

/** Nobody watches longer: what claims to be longer has broken times, or is meant to cost us. */
export const longestFileSeconds = 86_400;

const mostStreams = 64;
const longestProbeMillis = 30_000;
const longestAnswerBytes = 262_144;
// A day of video is told by its header; to look for longer only costs.
const analysedMicros = '10000000';

const entries = [
  'format=duration,start_time,nb_streams',
  'stream=index,codec_type,codec_name,profile,pix_fmt,width,height,sample_aspect_ratio,field_order,has_b_frames,start_time,duration,sample_rate,channels,avg_frame_rate,color_transfer',
  'stream_disposition=attached_pic',
  'stream_side_data=rotation',
  'stream_tags=DURATION',
].join(':');

/**
 * What a file holds, by ffprobe: bounded in time, memory and output, with the demuxer that our own look found.
 * @throws LivereelError `media-unusable` with the reason in words; the signal's reason when the server stops.
 */
export async function probeFile(
  settings: RunSettings,
  file: string,
  container: FileContainer,
  limits: FileLimits,
): Promise<ProbedFile> {
  const answer = await ask(settings, file, container);
  const probed = readProbe(answer);
  refuseWhatCostsTooMuch(probed, limits);
  return probed;
}

async function ask(settings: RunSettings, file: string, container: FileContainer): Promise<string> {
  const program = startRun(settings, {
    name: 'ffprobe',
    program: settings.ffprobePath,
    args: [
      ...['-v', 'error', '-max_streams', String(mostStreams), '-analyzeduration', analysedMicros],
      ...pinnedInput(container),
      ...['-show_entries', entries, '-of', 'json=compact=1', `file:${file}`],
    ],
    stdin: 'ignore',
    stdout: 'pipe',
  });
  let isLate = false;
  const patience = setTimeout(() => {
    isLate = true;
    program.kill('SIGKILL');
  }, longestProbeMillis);
  let text = '';
  try {
    for await (const piece of program.stdout ?? []) {
      text += String(piece);
      if (text.length > longestAnswerBytes) break;
    }
    if (text.length > longestAnswerBytes) program.kill('SIGKILL');
    const exit = await program.exited;
    settings.signal.throwIfAborted();
    if (text.length > longestAnswerBytes || isLate)
      throw unusable('The file is built so that it cannot be examined in reasonable time.');
    // Killed from outside, for want of memory perhaps: not the file's fault.
    if (exit.code === null) throw failure('ffprobe', exit, program.stderrTail());
    if (exit.code !== 0) throw unusableFile(program.stderrTail());
    return text;
  } finally {
    clearTimeout(patience);
  }
}

function refuseWhatCostsTooMuch({ video, durationSeconds }: ProbedFile, limits: FileLimits): void {
  if (durationSeconds !== null && durationSeconds > longestFileSeconds)
    throw unusable(`The file claims to last ${Math.round(durationSeconds / 3_600)} hours; 24 are possible.`);
  if (video === null) return;
  const { width, height } = video;
  if (width * height > limits.maxPixels || Math.max(width, height) > limits.maxSide) {
    throw unusable(
      `The picture of ${width} x ${height} is too large; ${limits.maxPixels} pixels are possible.`,
    );
  }
}

function unusable(reason: string): LivereelError {
  return new LivereelError('media-unusable', reason);
}
