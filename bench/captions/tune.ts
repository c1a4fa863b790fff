/**
 * `node --import tsx bench/captions/tune.ts`: replays the test clips to the policy with many settings and prints
 * what each would mean for viewers and for the processor. Not one of the benches: for whoever changes a number.
 */
import { speechClip } from '../../test/support/speech.ts';
import { startTestRecogniser } from '../../test/support/test-recogniser.ts';
import { percentile, rounded } from '../measure.ts';
import { clipNames } from './clip-names.ts';
import { meteredHearer } from './metered-hearer.ts';
import { oneShot, type Replayed, replay } from './replay.ts';

const clips = await Promise.all(clipNames.map(speechClip));
const engine = await startTestRecogniser();
const hear = meteredHearer(engine);

const base = {
  ...{ stepSeconds: 2, edgeSeconds: 0.2, sentenceSeconds: 2, wordSeconds: 3, keptWords: 2 },
  isPrompted: false,
};
const changes: Partial<typeof base>[] = [
  ...[0.7, 1, 1.5, 2, 2.5, 3].flatMap(stepSeconds =>
    [true, false].map(isPrompted => ({ stepSeconds, isPrompted })),
  ),
  ...[0, 0.1, 0.2, 0.3, 0.5].map(edgeSeconds => ({ edgeSeconds, stepSeconds: 0.7 })),
  ...[
    [1, 2],
    [2, 4],
    [3, 6],
    [5, 10],
  ].flatMap(([sentenceSeconds = 0, wordSeconds = 0]) =>
    [1, 2, 3].map(keptWords => ({ stepSeconds: 1, sentenceSeconds, wordSeconds, keptWords })),
  ),
];

/** Sums and percentiles of all clips. */
function summary(results: readonly Replayed[]): Record<string, number> {
  const sum = (of: (result: Replayed) => number) => results.reduce((total, result) => total + of(result), 0);
  const shown = results.flatMap(result => result.shownSeconds);
  const committed = results.flatMap(result => result.committedSeconds);
  return {
    errorPercent: rounded((100 * sum(result => result.errors)) / sum(result => result.words)),
    shownP50: rounded(percentile(shown, 0.5)),
    shownP95: rounded(percentile(shown, 0.95)),
    committedP50: rounded(percentile(committed, 0.5)),
    committedP95: rounded(percentile(committed, 0.95)),
    flickerPercent: rounded((100 * sum(result => result.changedPartials)) / sum(result => result.partials)),
    cpuSeconds: rounded(sum(result => result.cpuSeconds)),
    requests: sum(result => result.requests),
  };
}

try {
  const offline = { words: 0, errors: 0, cpuSeconds: 0 };
  for (const clip of clips) {
    const { words, errors, cpuSeconds } = await oneShot(clip, engine.recogniser.longestRequestSeconds, hear);
    offline.words += words;
    offline.errors += errors;
    offline.cpuSeconds += cpuSeconds;
  }
  console.log(JSON.stringify({ oneShot: offline }));
  const tried = new Set<string>();
  for (const change of changes) {
    const settings = { ...base, ...change };
    if (tried.has(JSON.stringify(settings))) continue;
    tried.add(JSON.stringify(settings));
    const { stepSeconds, edgeSeconds, sentenceSeconds, wordSeconds, keptWords, isPrompted } = settings;
    const agreement = { edgeSeconds, longestShiftSeconds: 1 };
    const results: Replayed[] = [];
    for (const clip of clips) {
      results.push(
        await replay(
          clip,
          { agreement, trimming: { sentenceSeconds, wordSeconds, keptWords }, stepSeconds, isPrompted },
          hear,
        ),
      );
    }
    const found = summary(results);
    const cpuRatio = rounded((found.cpuSeconds ?? 0) / offline.cpuSeconds);
    console.log(JSON.stringify({ ...settings, ...found, cpuRatio }));
  }
} finally {
  await engine.close();
}
