import type { RunSettings } from './background-run.ts';
import { endMediaRun, inputArguments, type MediaRun, readingArguments, startMediaRun } from './media-task.ts';
import { fitted } from './stills.ts';

const framesPerSecond = 8;
const mostSide = 320;
const quality = 60;
const snippetSeconds = 1.2;
/** Of the whole: the beginning is often a title, the end a farewell. */
const snippetPlaces = [0.15, 0.45, 0.75];
const cpuSeconds = 300;
/** What libwebp says of an animation without any. */
const noPictures = /WebPAnimEncoderAssemble/;

/** The pieces of a video that its preview shows, seconds. */
export function previewSnippets(durationSeconds: number): { fromSeconds: number; lastsSeconds: number }[] {
  if (durationSeconds <= 2 * snippetSeconds * snippetPlaces.length)
    return [
      { fromSeconds: 0, lastsSeconds: Math.min(durationSeconds, snippetSeconds * snippetPlaces.length) },
    ];
  return snippetPlaces.map(place => ({ fromSeconds: place * durationSeconds, lastsSeconds: snippetSeconds }));
}

/**
 * Writes an animated WebP of some seconds out of an MP4, endless, without sound. `output`: a path that ends in `.webp`.
 * @throws as `endMediaRun`.
 */
export async function writePreview(
  settings: RunSettings,
  file: string,
  durationSeconds: number,
  output: string,
): Promise<void> {
  try {
    await writeSnippets(settings, file, previewSnippets(durationSeconds), output);
  } catch (error) {
    if (!noPictures.test((error as Error).message)) throw error;
    // A picture that stands still for long begins in none of the snippets.
    const args = [...readingArguments(file), '-map', '0:v:0', '-frames:v', '1'];
    args.push('-vf', `${fitted(mostSide)},format=yuv420p`, ...webp(output));
    await endMediaRun(settings, startMediaRun(settings, runOf(args)), runOf(args));
  }
}

async function writeSnippets(
  settings: RunSettings,
  file: string,
  snippets: readonly { fromSeconds: number; lastsSeconds: number }[],
  output: string,
): Promise<void> {
  const [first, ...more] = snippets.map(({ fromSeconds, lastsSeconds }) => [
    ...['-threads', '1', '-ss', fromSeconds.toFixed(3), '-t', lastsSeconds.toFixed(3)],
  ]);
  const args = readingArguments(file, first);
  for (const place of more) args.push(...place, ...inputArguments(file));
  const pieces = snippets.map(
    (_, index) =>
      `[${index}:v:0]fps=${framesPerSecond},${fitted(mostSide)},format=yuv420p,setpts=PTS-STARTPTS[p${index}]`,
  );
  const joined = snippets.map((_, index) => `[p${index}]`).join('');
  const graph = `${pieces.join(';')};${joined}concat=n=${snippets.length}[out]`;
  args.push('-filter_complex', graph, '-map', '[out]', ...webp(output));
  await endMediaRun(settings, startMediaRun(settings, runOf(args)), runOf(args));
}

function webp(output: string): string[] {
  return [
    ...['-an', '-sn', '-dn', '-c:v', 'libwebp_anim', '-quality', String(quality), '-compression_level', '4'],
    ...['-loop', '0', '-f', 'webp', `file:${output}`],
  ];
}

function runOf(args: readonly string[]): MediaRun {
  return { args, cpuSeconds, what: 'The preview' };
}
