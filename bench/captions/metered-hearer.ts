import { readFile } from 'node:fs/promises';
import { speechSampleRate } from '../../src/captions/recogniser.ts';
import type { TestRecogniser } from '../../test/support/test-recogniser.ts';
import type { HeardPart, PartHearer } from './replay.ts';

// Linux counts processor time in hundredths of a second (USER_HZ), in user mode and in the kernel.
const ticksPerSecond = 100;

/** Processor time of a process so far. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Hears each part once and remembers it, so that many settings can be compared; tells the processor time of each. */
export function meteredHearer({ recogniser, server }: TestRecogniser, language = 'en'): PartHearer {
  const remembered = new Map<string, Promise<HeardPart>>();
  const hear: PartHearer = async (clip, { startSeconds, endSeconds, prompt, isFullContext }) => {
    const from = Math.round(startSeconds * speechSampleRate);
    const pcm = clip.pcm.subarray(from, Math.round(endSeconds * speechSampleRate));
    const before = await cpuSecondsOf(server.pid ?? 0);
    const request = { pcm, language, prompt, isFullContext };
    const { segments } = await recogniser.transcribe(request, AbortSignal.timeout(60_000));
    return { segments, cpuSeconds: (await cpuSecondsOf(server.pid ?? 0)) - before };
  };
  return (clip, part) => {
    const key = JSON.stringify([clip.file, part]);
    const heard = remembered.get(key) ?? hear(clip, part);
    remembered.set(key, heard);
    return heard;
  };
}
