import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wavHeaderBytes } from '../../src/media/wav-header.ts';

/** A word of a clip's reference, seconds from the clip's start; the synthesiser's own times. */
export type ReferenceWord = { readonly text: string; readonly start: number; readonly end: number };

/** A clip of test/fixtures/speech: 16 kHz mono. */
export type SpeechClip = {
  readonly file: string;
  readonly pcm: Int16Array;
  readonly durationSeconds: number;
  /** Lower case, sentences end with a full stop where the clip has whole ones. */
  readonly text: string;
  readonly words: readonly ReferenceWord[];
};

/** The clips that the repository carries. */
export type ClipName =
  | 'sentence-4s'
  | 'sentence-5s-noisy'
  | 'speech-10s'
  | 'pauses-30s'
  | 'long-75s'
  | 'cut-both-ends'
  | 'silence-10s'
  | 'noise-10s';

type Timed = { readonly w: string; readonly t0: number; readonly t1: number };
type ClipNotes = {
  readonly text: string;
  readonly duration: number;
  readonly words?: readonly Timed[];
  readonly sentences?: readonly { readonly words: readonly Timed[] }[];
};

const folder = fileURLToPath(new URL('../fixtures/speech/', import.meta.url));

/** The model that knows 93 words, with an audio context of 15 s; for tests and the demo only. */
export const testModelPath = join(folder, 'ggml-micro-15s.en.bin');

/** Reads a clip with its reference. */
export async function speechClip(name: ClipName): Promise<SpeechClip> {
  const file = join(folder, 'clips', `${name}.wav`);
  const bytes = await readFile(file);
  const notes = JSON.parse(await readFile(join(folder, 'clips', `${name}.json`), 'utf8')) as ClipNotes;
  const timed = notes.words ?? notes.sentences?.flatMap(({ words }) => words) ?? [];
  return {
    file,
    pcm: new Int16Array(
      bytes.buffer.slice(bytes.byteOffset + wavHeaderBytes, bytes.byteOffset + bytes.length),
    ),
    durationSeconds: notes.duration,
    text: notes.text,
    words: timed.map(({ w, t0, t1 }) => ({ text: w, start: t0, end: t1 })),
  };
}

/** Words as they are compared: lower case, letters only. */
export function plainWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}
