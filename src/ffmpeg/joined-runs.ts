import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { LivereelError } from '../errors.ts';
import { failure } from '../process/child-program.ts';
import { type RunSettings, startRun } from './background-run.ts';
import { probeEntry } from './probed-entry.ts';

/** A piece of a stream in one file: what of HLS follows one another without a break. */
export type StreamRun = {
  /** Absolute. */
  readonly file: string;
  /** How long it is meant to be. */
  readonly durationSeconds: number;
  /** When it begins on the clock of what runs beside it; null: its own container tells. */
  readonly startSeconds: number | null;
};

/** ffmpeg's demuxers for what HLS segments hold, told by the bytes. */
type Demuxer = 'mpegts' | 'mov' | 'aac' | 'mp3' | 'ac3' | 'eac3';
type Input = StreamRun & { readonly demuxer: Demuxer };

const boxes: ReadonlySet<string> = new Set(['ftyp', 'styp', 'moov', 'moof', 'sidx', 'free', 'emsg', 'prft']);

/**
 * Joins the runs of a stream to one file without coding anything anew, and gives where it is. `sound`: tracks that
 * came apart from the pictures, run for run. One run alone is left as it is; runs are set one behind the other, each
 * as long as it is meant to be, whatever their own clocks say.
 * @throws LivereelError `source-not-supported` for what cannot be joined; `program-failed`.
 */
export async function joinRuns(
  settings: RunSettings,
  pictures: readonly StreamRun[],
  sound: readonly StreamRun[] | null,
  outputFile: string,
): Promise<void> {
  if (sound !== null && sound.length !== pictures.length) {
    throw unsupported('its picture and its sound are cut in different places');
  }
  const groups: Input[][] = [];
  for (const [index, run] of pictures.entries()) {
    const together = sound === null ? [run] : [run, sound[index] as StreamRun];
    groups.push(await Promise.all(together.map(withDemuxer)));
  }
  const [first] = groups;
  if (first === undefined) throw unsupported('it holds nothing');
  const only = groups.length === 1 && first.length === 1 ? first[0] : undefined;
  if (only !== undefined && (only.demuxer === 'mpegts' || only.demuxer === 'mov')) {
    await rename(only.file, outputFile);
    return;
  }
  await rm(outputFile, { force: true });
  if (groups.length === 1) {
    await remux(settings, first, ['-f', 'matroska'], outputFile);
    return;
  }
  let seconds = 0;
  for (const group of groups) {
    const piece = `${outputFile}.piece`;
    // A transport stream repeats what a decoder needs, so that pieces of different coding may follow each other.
    const options = [
      '-f',
      'mpegts',
      '-muxdelay',
      '0',
      '-muxpreload',
      '0',
      '-output_ts_offset',
      seconds.toFixed(6),
    ];
    await remux(settings, group, options, piece);
    if (seconds === 0) await rename(piece, outputFile);
    else await appendAll(piece, outputFile);
    await rm(piece, { force: true });
    for (const { file } of group) await rm(file, { force: true });
    seconds += (group[0] as Input).durationSeconds;
  }
}

async function remux(
  settings: RunSettings,
  inputs: readonly Input[],
  output: readonly string[],
  file: string,
): Promise<void> {
  const starts = await Promise.all(inputs.map(input => startOf(settings, input)));
  const earliest = Math.min(...starts);
  const args = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-y'];
  for (const [index, input] of inputs.entries()) {
    // ffmpeg sets each input's beginning to 0: what lies between them is given back.
    args.push('-itsoffset', ((starts[index] as number) - earliest).toFixed(6));
    args.push('-protocol_whitelist', 'file', '-f', input.demuxer, '-i', `file:${input.file}`);
  }
  args.push('-map', '0:v:0?', '-map', inputs.length > 1 ? '1:a:0' : '0:a:0?', '-c', 'copy', '-dn', '-sn');
  args.push(...output, `file:${file}`);
  const program = startRun(settings, { program: settings.ffmpegPath, args, stdin: 'ignore' });
  const exit = await program.exited;
  settings.signal.throwIfAborted();
  if (exit.code === 0) return;
  if (
    /codec not currently supported in container|Could not find tag|not supported/i.test(program.stderrTail())
  ) {
    throw unsupported('its pieces are coded in a way that cannot be joined');
  }
  throw failure('ffmpeg', exit, program.stderrTail());
}

/** On the clock that pictures and sound share, in seconds. */
async function startOf(settings: RunSettings, { file, demuxer, startSeconds }: Input): Promise<number> {
  if (startSeconds !== null) return startSeconds;
  const { text, exit } = await probeEntry(settings, { file, demuxer }, 'start_time');
  settings.signal.throwIfAborted();
  if (exit.code !== 0) throw unsupported('its segments cannot be read');
  return Number.parseFloat(text) || 0;
}

async function withDemuxer(run: StreamRun): Promise<Input> {
  const handle = await open(run.file);
  const head = Buffer.alloc(8);
  await handle.read(head, 0, head.length, 0).finally(() => handle.close());
  return { ...run, demuxer: demuxerOf(head) };
}

function demuxerOf(head: Buffer): Demuxer {
  if (head[0] === 0x47) return 'mpegts';
  if (boxes.has(head.toString('latin1', 4, 8))) return 'mov';
  const sync = head.readUInt16BE(0);
  // ADTS has layer 0 (ISO 13818-7, section 6.2), MPEG audio another (ISO 11172-3, section 2.4.2.3).
  if ((sync & 0xfff6) === 0xfff0) return 'aac';
  if ((sync & 0xffe0) === 0xffe0) return 'mp3';
  // ATSC A/52, section 5.4.1; the identification of E-AC-3 is 11 to 16 (annex E).
  if (sync === 0x0b77) return (head[5] as number) >> 3 > 10 ? 'eac3' : 'ac3';
  throw unsupported('its segments are neither MPEG-TS nor fragmented MP4');
}

async function appendAll(from: string, to: string): Promise<void> {
  const handle = await open(to, 'a');
  await pipeline(createReadStream(from), handle.createWriteStream());
}

function unsupported(why: string): LivereelError {
  return new LivereelError('source-not-supported', `The HLS stream cannot be made one file: ${why}.`);
}
