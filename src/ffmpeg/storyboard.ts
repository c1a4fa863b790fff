import { join } from 'node:path';
import type { StoryboardPlan } from '../media/storyboard-plan.ts';
import type { RunSettings } from './background-run.ts';
import { endMediaRun, readingArguments, startMediaRun } from './media-task.ts';
import { inPattern } from './stills.ts';

/** Longer ones are looked at by their key pictures alone: a tenth of the work, and a second off at the most. */
const wholeDecodeSeconds = 60;
const lightJpeg = 5;
const leastCpuSeconds = 60;

/**
 * Writes the sheets of a storyboard as `storyboard.<n>.jpg` into `folder`. `threads`: 0 as many as there are.
 * @throws as `endMediaRun`.
 */
export async function writeStoryboard(
  settings: RunSettings,
  file: string,
  plan: StoryboardPlan,
  options: { readonly durationSeconds: number; readonly folder: string; readonly threads: number },
): Promise<void> {
  const { durationSeconds, folder, threads } = options;
  const { everySeconds, tiles, columns, rows, width, height } = plan;
  const before = ['-threads', String(threads)];
  if (durationSeconds > wholeDecodeSeconds) before.push('-skip_frame', 'nokey');
  // The last picture stands for as long as it takes to fill the last tile.
  const filter =
    `fps=1/${everySeconds}:start_time=0:round=near:eof_action=pass,tpad=stop=${tiles}:stop_mode=clone,` +
    `trim=end_frame=${tiles},` +
    `scale=${width}:${height},setsar=1,format=yuvj420p,tile=${columns}x${rows}`;
  const args = readingArguments(file, before);
  args.push(
    '-map',
    '0:v:0',
    '-an',
    '-sn',
    '-dn',
    '-vf',
    filter,
    '-fps_mode',
    'passthrough',
    '-q:v',
    String(lightJpeg),
  );
  args.push('-huffman', 'optimal', '-f', 'image2', '-start_number', '0');
  args.push(`file:${inPattern(join(folder, ''))}/storyboard.%d.jpg`);
  const run = { args, cpuSeconds: leastCpuSeconds + 2 * durationSeconds, what: 'The storyboard' };
  await endMediaRun(settings, startMediaRun(settings, run), run);
}
