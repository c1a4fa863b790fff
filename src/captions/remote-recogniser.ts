import type { OpenedRecogniser } from './local-recogniser.ts';
import { OpenAiRecogniser } from './openai-recogniser.ts';
import { Patience } from './patience.ts';

export type RemoteRecogniserOptions = {
  /** `https://host`, `https://host/v1` or the whole address of its transcription endpoint. */
  readonly url: string;
  readonly key: string | undefined;
  /** What the server calls it. */
  readonly modelName: string;
};

const endpoint = '/audio/transcriptions';
/** Whisper's window; servers take more, but a caption cannot wait for it. */
const longestRequestSeconds = 30;
const requestsAtOnce = 4;
// The first answer may wait for a model to be loaded. Later ones: see `localPatience`.
const patience = { beforeFirstSeconds: 60, leastSeconds: 6 };

/** A speech server elsewhere; asked when there is something to hear, not before. */
export function openRemoteRecogniser({ url, key, modelName }: RemoteRecogniserOptions): OpenedRecogniser {
  const address = endpointOf(url);
  const recogniser = new OpenAiRecogniser({
    server: { address: () => Promise.resolve(address), hangs: () => undefined },
    reader: { kind: 'openai', model: modelName },
    longestRequestSeconds,
    key,
    atOnce: requestsAtOnce,
    patience: new Patience(patience),
  });
  return { recogniser, modelName, close: () => Promise.resolve(recogniser.close()) };
}

/** The transcription endpoint for what people write as an API's address. */
export function endpointOf(url: string): URL {
  if (url.endsWith(endpoint)) return new URL(url);
  return new URL(/\/v\d+$/.test(url) ? `${url}${endpoint}` : `${url}/v1${endpoint}`);
}
