import type { Transcript } from '../../src/api/transcript.ts';
import { eventually } from './eventually.ts';
import type { TestServer } from './server.ts';
import { plainWords, type ReferenceWord } from './speech.ts';

type Heard = { readonly text: string; readonly start: number; readonly end: number };

/** How far each word that is right is from where it was said, seconds. */
export function offsOf(heard: readonly Heard[], said: readonly ReferenceWord[]): number[] {
  return heard.flatMap(({ text, start }) => {
    const same = said.filter(word => plainWords(word.text)[0] === plainWords(text)[0]);
    return same.length === 0 ? [] : [Math.min(...same.map(word => Math.abs(word.start - start)))];
  });
}

/** The share of words that were said and are not heard within a second of it. */
export function missing(heard: readonly Heard[], said: readonly ReferenceWord[]): string[] {
  return said
    .filter(({ text, start }) => {
      const isHeard = (word: Heard) =>
        plainWords(word.text)[0] === plainWords(text)[0] && Math.abs(word.start - start) < 1;
      return !heard.some(isHeard);
    })
    .map(({ text, start }) => `${text} at ${start} s`);
}

/** The transcript, once it is final. */
export async function finalTranscript(server: TestServer, id: string): Promise<Transcript> {
  return await eventually(
    async () => {
      const transcript = JSON.parse(await server.text(`/api/v1/videos/${id}/transcript`)) as Transcript;
      return transcript.final && transcript;
    },
    { timeoutSeconds: 60, everyMillis: 200, what: 'the final transcript is there' },
  );
}

/** All words of a transcript, in their order. */
export const wordsOf = ({ segments }: Transcript) => segments.flatMap(({ words }) => words);
