import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Log } from '../log.ts';
import type { Database } from './database.ts';

type Listener = (payload: unknown) => void;
type Connection = {
  query(text: string): Promise<{ rows: { schema: string }[] }>;
  on(event: 'notification', listener: (message: { payload?: string }) => void): void;
  once(event: 'error' | 'end', listener: (error?: Error) => void): void;
  end(): Promise<void>;
};

/** Postgres refuses payloads of 8000 bytes and more. */
const mostPayloadBytes = 7_900;
const firstRetryMillis = 100;
const maxRetryMillis = 2_000;

/**
 * Short messages between the processes that share a database (Postgres' LISTEN and NOTIFY): what is told while
 * nobody listens, or while the connection is away, is lost. So they only hasten what would be found anyway.
 * Its owner closes it before the database.
 */
export class Notices {
  readonly #database: Pick<Database, 'knex' | 'run'>;
  readonly #log: Log;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #closed = new AbortController();
  #connection: Connection | undefined;
  #life: Promise<void> | undefined;

  constructor(database: Pick<Database, 'knex' | 'run'>, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** Calls `listener` with each message on `topic`, and with undefined when some may have been missed; returns how to stop it. */
  listen(topic: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    this.#life ??= this.#live();
    return () => void listeners.delete(listener);
  }

  /** Tells all processes, this one too. Within a transaction (`knex`): when it is committed. */
  async send(topic: string, payload: unknown, knex?: Knex): Promise<void> {
    const text = JSON.stringify({ topic, payload });
    if (Buffer.byteLength(text) > mostPayloadBytes) return;
    const say = (db: Knex) => db.raw("select pg_notify('livereel_' || current_schema(), ?)", [text]);
    await (knex === undefined ? this.#database.run(say) : say(knex));
  }

  /** Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#connection?.end().catch(() => undefined);
    await this.#life;
  }

  async #live(): Promise<void> {
    const { signal } = this.#closed;
    for (
      let waitMillis = firstRetryMillis;
      !signal.aborted;
      waitMillis = Math.min(waitMillis * 2, maxRetryMillis)
    ) {
      try {
        const ended = await this.#connect();
        waitMillis = firstRetryMillis;
        await ended;
      } catch (error) {
        this.#log.debug({ err: error }, 'notices are away, trying again');
      }
      this.#connection = undefined;
      await delay(waitMillis, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves once it listens, with the end of the connection. */
  async #connect(): Promise<Promise<void>> {
    const { client } = this.#database.knex;
    // One of its own: a pool's connection may be closed or lent to others.
    const connection = (await client.acquireRawConnection()) as Connection;
    this.#connection = connection;
    const ended = new Promise<void>(resolve => {
      connection.once('error', () => resolve());
      connection.once('end', () => resolve());
    });
    if (this.#closed.signal.aborted) await connection.end();
    connection.on('notification', ({ payload }) => this.#heard(payload ?? ''));
    const { rows } = await connection.query('select current_schema() as schema');
    await connection.query(`listen "livereel_${rows[0]?.schema.replaceAll('"', '""')}"`);
    for (const topic of this.#listeners.keys()) this.#tell(topic, undefined);
    return ended;
  }

  #heard(text: string): void {
    try {
      const { topic, payload } = JSON.parse(text) as { topic: string; payload: unknown };
      this.#tell(topic, payload);
    } catch (error) {
      this.#log.warn({ err: error }, 'a notice makes no sense');
    }
  }

  #tell(topic: string, payload: unknown): void {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) {
      try {
        listener(payload);
      } catch (error) {
        this.#log.error({ err: error, topic }, 'a listener failed');
      }
    }
  }
}
