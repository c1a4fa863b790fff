import type { ProgramExit } from '../process/child-program.ts';
import { type RunSettings, startRun } from './background-run.ts';

const longestText = 1_000;

/** One entry of what ffprobe tells of a whole file, e.g. `start_time`, and how ffprobe ended. */
export async function probeEntry(
  settings: RunSettings,
  { file, demuxer }: { readonly file: string; readonly demuxer: string },
  entry: 'duration' | 'start_time',
): Promise<{ readonly text: string; readonly exit: ProgramExit; readonly complaints: string }> {
  const args = ['-v', 'error', '-protocol_whitelist', 'file', '-f', demuxer];
  args.push('-show_entries', `format=${entry}`, '-of', 'csv=p=0', `file:${file}`);
  const program = startRun(settings, {
    name: 'ffprobe',
    program: settings.ffprobePath,
    args,
    stdin: 'ignore',
    stdout: 'pipe',
  });
  let text = '';
  for await (const piece of program.stdout ?? []) text = (text + String(piece)).slice(0, longestText);
  return { text, exit: await program.exited, complaints: program.stderrTail() };
}
