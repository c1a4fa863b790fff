import { LivereelError } from '../errors.ts';
import { speechSampleRate } from '../media/speech-sound.ts';
import { failure } from '../process/child-program.ts';
import { type RunSettings, startRun } from './background-run.ts';
import { toolWords } from './unusable-file.ts';

/**
 * The sound of a finished MP4 as 16 kHz mono PCM, a piece at a time as it is asked for: the first sample is at 0 on the
 * file's timeline, holes are silence, so that a sample's number is its time.
 * @throws LivereelError `media-unusable` for a file that cannot be decoded, `program-failed` when ffmpeg was killed;
 * the signal's reason.
 */
export async function* decodeSpeech(
  settings: RunSettings,
  file: string,
  signal: AbortSignal,
): AsyncGenerator<Int16Array> {
  signal.throwIfAborted();
  const args = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-copyts'];
  args.push('-protocol_whitelist', 'file', '-f', 'mov', '-i', `file:${file}`, '-map', '0:a:0');
  args.push('-af', 'aresample=async=1:first_pts=0', '-c:a', 'pcm_s16le', '-ar', String(speechSampleRate));
  args.push('-ac', '1', '-protocol_whitelist', 'pipe', '-f', 's16le', 'pipe:1');
  const program = startRun(settings, { program: settings.ffmpegPath, args, stdin: 'ignore', stdout: 'pipe' });
  const stop = () => program.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  try {
    let odd: Buffer = Buffer.alloc(0);
    for await (const piece of program.stdout ?? []) {
      const bytes: Buffer = odd.length === 0 ? piece : Buffer.concat([odd, piece]);
      const pcm = new Int16Array(bytes.length >> 1);
      Buffer.from(pcm.buffer).set(bytes.subarray(0, 2 * pcm.length));
      odd = Buffer.from(bytes.subarray(2 * pcm.length));
      yield pcm;
    }
    const exit = await program.exited;
    signal.throwIfAborted();
    if (exit.code === null) throw failure('ffmpeg', exit, program.stderrTail());
    if (exit.code !== 0) {
      const said = program.stderrTail().trim();
      const message = `The sound cannot be decoded here. (${toolWords(said)})`;
      throw new LivereelError('media-unusable', message, { cause: new Error(said) });
    }
  } finally {
    signal.removeEventListener('abort', stop);
    program.kill('SIGKILL');
    await program.close();
  }
}
