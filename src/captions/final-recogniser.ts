import { setTimeout as delay } from 'node:timers/promises';
import { LivereelError } from '../errors.ts';
import type { Captioner } from './captioner.ts';
import type { OpenedRecogniser } from './local-recogniser.ts';
import type { Recogniser } from './recogniser.ts';
import type { SpeechEngine } from './speech-engine.ts';

const askAgainMillis = 500;

/**
 * Opens what final transcripts are heard with: the model that is named for them, else the one that hears what is
 * live. Either way what is live comes first. The caller closes it.
 * @throws LivereelError `captions-unavailable` while there is none; what starting it throws; the signal's reason.
 */
export async function openFinalRecogniser(
  engine: Pick<SpeechEngine, 'openFinal' | 'state' | 'modelName'>,
  captioner: Pick<Captioner, 'inBackground' | 'counts'>,
  signal: AbortSignal,
): Promise<OpenedRecogniser> {
  const final = await engine.openFinal(signal);
  if (final !== undefined) {
    const isBusy = () => captioner.counts.delayed + captioner.counts.paused > 0;
    return { ...final, recogniser: yielding(final.recogniser, isBusy), close: () => final.close() };
  }
  if (engine.state.kind !== 'ready')
    throw new LivereelError(
      'captions-unavailable',
      `There is no recogniser yet: it is ${engine.state.kind}.`,
    );
  return { recogniser: captioner.inBackground, modelName: engine.modelName, close: async () => undefined };
}

/** Asks the recogniser only when live sessions do not lack the machine's time. */
function yielding(recogniser: Recogniser, isBusy: () => boolean): Recogniser {
  return {
    longestRequestSeconds: recogniser.longestRequestSeconds,
    transcribe: async (request, signal) => {
      while (isBusy()) await delay(askAgainMillis, undefined, { signal });
      return await recogniser.transcribe(request, signal);
    },
  };
}
