import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { LivereelError } from '../errors.ts';
import { Turns } from '../process/turns.ts';
import type { Patience } from './patience.ts';
import { type Hypothesis, type Recogniser, type SpeechRequest, speechSampleRate } from './recogniser.ts';
import { readTranscription } from './transcription-answer.ts';
import { type FormReader, type TranscriptionForm, transcriptionForm } from './transcription-form.ts';

/** A server that transcribes: whisper.cpp beside us, or one elsewhere. */
export interface TranscriptionServer {
  /** Its endpoint, once it takes requests. @throws LivereelError `recogniser-failed`; the signal's reason. */
  address(signal: AbortSignal): Promise<URL>;
  /** A request took longer than any may. */
  hangs(): void;
}

export type OpenAiRecogniserOptions = {
  readonly server: TranscriptionServer;
  readonly reader: FormReader;
  readonly longestRequestSeconds: number;
  /** Sent as a bearer token. */
  readonly key: string | undefined;
  /** How many requests it is given at once. */
  readonly atOnce: number;
  /** After how long without an answer it hangs; work is counted in seconds of sound that it looks at. */
  readonly patience: Patience;
};

/** Why a request failed, and whether another try may go better. */
type Refusal = {
  readonly error: LivereelError;
  readonly mayGoBetter: boolean;
  readonly afterSeconds: number;
};

/** Below this whisper.cpp hears nothing, and others refuse it. */
const shortestRequestSeconds = 0.1;
const maxAnswerBytes = 8 * 1024 ** 2;
const retrySeconds = 0.2;
const longestRetrySeconds = 5;

/** Speaks OpenAI's transcription API (`POST /v1/audio/transcriptions`), which is everybody's. */
export class OpenAiRecogniser implements Recogniser {
  readonly longestRequestSeconds: number;
  readonly #options: OpenAiRecogniserOptions;
  readonly #turns: Turns;
  /** When it was first asked since it last answered. */
  #silentSince: number | undefined;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(options: OpenAiRecogniserOptions) {
    this.longestRequestSeconds = options.longestRequestSeconds;
    this.#options = options;
    this.#turns = new Turns(options.atOnce);
    // whisper.cpp's server looks at an idle connection a hundred times a second: 0.4 % of a core, a tenth of its work.
    const pool = { keepAlive: options.reader.kind === 'openai', maxSockets: options.atOnce };
    this.#agents = { http: new HttpAgent(pool), https: new HttpsAgent(pool) };
  }

  /**
   * Tried twice when the server broke off or was busy; a server that hangs is not asked again.
   * The samples must stay as they are until it resolves.
   * @throws LivereelError `recogniser-failed`; the signal's reason.
   */
  async transcribe(request: SpeechRequest, signal: AbortSignal): Promise<Hypothesis> {
    const seconds = request.pcm.length / speechSampleRate;
    if (seconds < shortestRequestSeconds) return { language: request.language, segments: [] };
    if (seconds > this.longestRequestSeconds) {
      throw new LivereelError(
        'recogniser-failed',
        `${seconds.toFixed(1)} s are more than one request may hold.`,
      );
    }
    const json = await this.#turns.take(() => this.#askTwice(request, signal), signal);
    const trustsWordTimes = this.#options.reader.kind === 'openai';
    return readTranscription(json, { pcm: request.pcm, trustsWordTimes });
  }

  /** Lets go of idle connections; requests under way are ended by their signals. Safe to call twice. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  async #askTwice(request: SpeechRequest, signal: AbortSignal): Promise<string> {
    const form = transcriptionForm(request, this.#options.reader);
    const isLive = !request.isFullContext;
    const first = await this.#ask(form, isLive, signal);
    if (typeof first === 'string') return first;
    if (!first.mayGoBetter) throw first.error;
    await delay(first.afterSeconds * 1_000, undefined, { signal }).catch(() => signal.throwIfAborted());
    const second = await this.#ask(form, isLive, signal);
    if (typeof second === 'string') return second;
    throw second.error;
  }

  /** The answer's text, or why there is none. @throws the signal's reason. */
  async #ask(form: TranscriptionForm, isLive: boolean, signal: AbortSignal): Promise<string | Refusal> {
    const { server, patience } = this.#options;
    const url = await server.address(signal);
    const began = performance.now();
    const limitSeconds = patience.limitSeconds(form.heardSeconds, isLive);
    const limit = AbortSignal.timeout(Math.ceil(limitSeconds * 1_000));
    const silentSince = this.#silentSince ?? began;
    this.#silentSince = silentSince;
    try {
      const answer = await this.#send(url, form, AbortSignal.any([signal, limit]));
      const text = await textOf(answer);
      this.#silentSince = undefined;
      const status = answer.statusCode ?? 0;
      if (status !== 200) return refusal(status, text, answer.headers['retry-after']);
      patience.answered(form.heardSeconds, (performance.now() - began) / 1_000);
      return text;
    } catch (cause) {
      // Who asks may give up sooner than we do, again and again: it hangs all the same.
      const hangs = limit.aborted || performance.now() - silentSince > limitSeconds * 1_000;
      if (hangs || !signal.aborted) this.#silentSince = undefined;
      if (hangs) {
        patience.gaveUp();
        server.hangs();
      }
      signal.throwIfAborted();
      if (cause instanceof LivereelError) throw cause;
      if (hangs) {
        const message = `The recogniser did not answer within ${limitSeconds.toFixed(0)} s.`;
        return { error: failed(message, cause), mayGoBetter: false, afterSeconds: 0 };
      }
      const message = `The recogniser broke off: ${(cause as Error).message}.`;
      return { error: failed(message, cause), mayGoBetter: true, afterSeconds: retrySeconds };
    }
  }

  #send(url: URL, form: TranscriptionForm, signal: AbortSignal): Promise<IncomingMessage> {
    const isSecure = url.protocol === 'https:';
    const { key } = this.#options;
    return new Promise((resolve, reject) => {
      const request = (isSecure ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        agent: isSecure ? this.#agents.https : this.#agents.http,
        signal,
        headers: {
          'content-type': form.contentType,
          'content-length': form.contentLength,
          accept: 'application/json',
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
        },
      });
      request.once('response', resolve);
      request.on('error', reject);
      for (const piece of form.pieces) request.write(piece);
      request.end();
    });
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) throw failed(`The recogniser's answer is over ${maxAnswerBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refusal(status: number, text: string, retryAfter: string | undefined): Refusal {
  const said = text.replace(/\s+/g, ' ').slice(0, 200);
  const hint =
    status === 401 || status === 403 ? ' Check WHISPER_KEY.' : status === 404 ? ' Check WHISPER_URL.' : '';
  const mayGoBetter = status === 429 || status >= 500;
  const asked = Number(retryAfter ?? retrySeconds);
  return {
    error: failed(`The recogniser refused with ${status}: ${said || 'it said nothing'}.${hint}`),
    mayGoBetter,
    afterSeconds: Math.min(longestRetrySeconds, asked >= 0 ? asked : retrySeconds),
  };
}

function failed(message: string, cause?: unknown): LivereelError {
  return new LivereelError('recogniser-failed', message, { cause });
}
