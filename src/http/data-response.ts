import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { Log } from '../log.ts';
import { problemResponse } from './problem.ts';
import type { HeaderReader } from './request-origin.ts';

/**
 * One request of the data plane. uWebSockets.js wants its request read before anything is waited for, its
 * response written in one go (corked), and nothing touched once the client is gone: this keeps to it.
 */
export class DataResponse {
  readonly #response: HttpResponse;
  readonly #log: Log;
  readonly #isHead: boolean;
  #isOver = false;
  // Most requests are answered without ever being asked for it, and it costs more than their answer.
  #abort: AbortController | null = null;

  /** `isHead`: the answer is told without its body. */
  constructor(response: HttpResponse, log: Log, isHead = false) {
    this.#response = response;
    this.#log = log;
    this.#isHead = isHead;
    response.onAborted(() => this.#end());
  }

  /** Aborted when the client goes away or has its answer: whatever is done for it can stop. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#isOver) this.#abort.abort(over);
    }
    return this.#abort.signal;
  }

  /** Whether it was answered or the client is gone. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Answers with a body. `headers`: names and values, one after another. */
  send(status: string, headers: readonly string[], body: Uint8Array | string): void {
    if (this.#isOver) return;
    this.#end();
    this.#response.cork(() => {
      this.#response.writeStatus(status);
      for (let index = 0; index < headers.length; index += 2) {
        this.#response.writeHeader(headers[index] as string, headers[index + 1] as string);
      }
      if (this.#isHead) this.#response.endWithoutBody(Buffer.byteLength(body));
      else this.#response.end(body);
    });
  }

  #end(): void {
    this.#isOver = true;
    this.#abort?.abort(over);
  }

  json(status: string, value: unknown): void {
    this.send(
      status,
      ['Content-Type', 'application/json', 'Cache-Control', 'no-store', 'Access-Control-Allow-Origin', '*'],
      JSON.stringify(value),
    );
  }

  /** Answers with a problem (RFC 9457). `more`: headers, names and values one after another. */
  async fail(error: unknown, more: readonly string[] = []): Promise<void> {
    if (this.#isOver) return;
    const answer = problemResponse(error, this.#log);
    const body = await answer.text();
    const headers = ['Access-Control-Allow-Origin', '*', ...more];
    answer.headers.forEach((value, name) => {
      headers.push(name, value);
    });
    this.send(`${answer.status}`, headers, body);
  }

  /** Answers with what `work` does, or with the problem that it throws. */
  async run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#isOver) await this.fail(error);
    }
  }
}

const over = new Error('the request is answered, or the client is gone');

/** The headers of a request that we read, kept beyond the request itself. */
export function keepHeaders(request: HttpRequest, names: readonly string[]): HeaderReader {
  const kept = new Map(names.map(name => [name, request.getHeader(name)]));
  return { get: name => kept.get(name) || null };
}
