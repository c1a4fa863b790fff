import { LivereelError } from '../errors.ts';

const longestWords = 200;

/** What ffmpeg's tools say of files that are nothing, and what a person makes of it; the first that fits. */
const meanings: readonly (readonly [words: RegExp, sentence: string])[] = [
  [
    /moov atom not found/i,
    'The file has no index: it was probably cut off while it was made or copied. Send the whole file again.',
  ],
  [
    /end of file|ended prematurely|partial file|truncated/i,
    'The file ends before anything in it can be played: it was probably cut off while it was made or copied. Send the whole file again.',
  ],
  [
    /codec parameters|unknown codec|unsupported codec|decoder .*not found|no decoder/i,
    'The picture or the sound is coded in a way that is not known here. Convert the file to MP4 with H.264 and AAC, then send that.',
  ],
  [
    /does not contain any stream|matches no streams/i,
    'The file holds no picture and no sound. Check that it is the one that you meant.',
  ],
];
const damaged =
  'The file is damaged, or no video at all. See whether it plays where it comes from, then send it again.';

/**
 * Why no video can be made of somebody's file, by what ffmpeg or ffprobe said of it: a sentence for people. The tool's
 * own words are its cause, which is logged, and end the sentence where nobody has said yet what they mean.
 */
export function unusableFile(stderr: string): LivereelError {
  const cause = new Error(toolWords(stderr));
  const known = meanings.find(([words]) => words.test(stderr));
  if (known !== undefined) return new LivereelError('media-unusable', known[1], { cause });
  return new LivereelError('media-unusable', `${damaged} (${cause.message})`, { cause });
}

/** The first thing ffmpeg's programs said, without addresses in memory and paths. */
export function toolWords(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map(line => line.replace(/^\[[^\]]*\] /, '').replace(/(file:)?\/\S+/g, 'the file'))
    .filter(line => line.trim() !== '');
  return (lines.at(0) ?? 'ffmpeg said nothing').slice(0, longestWords);
}
