import { setTimeout as delay } from 'node:timers/promises';
import knex, { type Knex } from 'knex';
import pg from 'pg';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { allMigrations } from './migrations/all-migrations.ts';

/** Where the database is: the embedded one's socket, or an address (`DATABASE_URL`). */
export type DatabaseAddress =
  | {
      readonly connection: {
        readonly host: string;
        readonly port: number;
        readonly database: string;
        readonly user: string;
      };
    }
  | { readonly url: string };

export type DatabaseOptions = DatabaseAddress & {
  /** A schema of one's own, made if it is not there; for tests. Without it what the server presets. */
  readonly schema?: string;
  readonly log: Log;
};

const maxConnections = 8;
/** Postgres is back within a second after a crash; a real server may take longer to fail over. */
const patienceSeconds = 15;
const firstRetryMillis = 20;
const maxRetryMillis = 500;
const acquireTimeoutMillis = 10_000;

/**
 * SQLSTATE classes and codes that say "not now": connection lost, server shut down or starting, too many clients; a
 * transaction that was taken back for another's sake (a deadlock, serialisation).
 */
const passingStates = /^(08...|57P0[123]|53300|40P01|40001)$/;
const passingCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT']);
const passingMessages =
  /^Connection terminated|^Connection ended unexpectedly|Client has encountered a connection error|timeout exceeded when trying to connect/;

const integer8Type = 20;

/** The database, migrated to the present. Its owner closes it. */
export class Database {
  readonly knex: Knex;
  readonly #log: Log;

  /** Use `openDatabase`. */
  constructor(knex: Knex, log: Log) {
    this.knex = knex;
    this.#log = log;
  }

  /**
   * Runs queries, and runs them again for up to 15 s: while the server restarts, and when others were in their way.
   * A statement may have been committed although its answer was lost, so `work` must be safe to repeat: a read,
   * an update to fixed values, an insert with `on conflict`, or a transaction that checks first.
   * @throws LivereelError `database-unavailable` when the server stays away; what `work` throws otherwise.
   */
  async run<T>(work: (knex: Knex) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const giveUpAt = performance.now() + patienceSeconds * 1_000;
    for (let waitMillis = firstRetryMillis; ; waitMillis = Math.min(waitMillis * 2, maxRetryMillis)) {
      try {
        return await work(this.knex);
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (performance.now() > giveUpAt) throw unavailable(error);
        this.#log.debug({ err: error }, 'the database cannot now, trying again');
        await delay(waitMillis, undefined, signal && { signal });
      }
    }
  }

  /**
   * Runs `work` while nobody else does so under the same name, in any process of this database. For short work: it
   * keeps a connection. @throws what `work` throws; LivereelError `database-unavailable`.
   */
  async exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
    // Waits for a database that restarts; the work itself is done once.
    const trx = await this.run(knex => knex.transaction());
    try {
      await trx.raw('select pg_advisory_xact_lock(hashtext(current_schema()), hashtext(?))', [name]);
      return await work();
    } finally {
      await trx.rollback().catch(() => undefined);
    }
  }

  /** Whether it answers now. */
  async isUp(): Promise<boolean> {
    return this.knex.raw('select 1').then(
      () => true,
      () => false,
    );
  }

  /** Lets the connections go. Safe to call twice, never throws. */
  async close(): Promise<void> {
    await this.knex.destroy().catch(error => this.#log.warn({ err: error }, 'database not closed cleanly'));
  }
}

/**
 * Opens the database and brings its schema up to date. Waits for a server that is starting.
 * @throws LivereelError `database-unavailable` that says what is wrong and what to do.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { schema, log } = options;
  const opened = knex({
    client: 'pg',
    connection: connectionOf(options),
    ...(schema !== undefined && { searchPath: [schema] }),
    pool: { min: 0, max: maxConnections },
    acquireConnectionTimeout: acquireTimeoutMillis,
    log: {
      warn: (message: unknown) => log.debug({ said: message }, 'knex warns'),
      error: (message: unknown) => log.debug({ said: message }, 'knex reports'),
      debug: () => undefined,
      deprecate: (message: unknown) => log.warn({ said: message }, 'knex deprecates'),
    },
  });
  const database = new Database(opened, log);
  try {
    await database.run(db => migrate(db, schema));
    await database.run(db => warnOfSlowSearch(db, log));
    return database;
  } catch (error) {
    await database.close();
    throw error instanceof LivereelError ? error : refused(error);
  }
}

/**
 * Applies the steps that are missing, all or none (knex puts them and its own lock into one transaction), so that a
 * server killed in the middle leaves nothing half done.
 * Servers that start at once wait for each other.
 */
async function migrate(db: Knex, schema: string | undefined): Promise<void> {
  await db.transaction(async lock => {
    // Held by a connection of its own until knex is done on another: making schemas and tables "if not exists"
    // fails when two do it at the same moment.
    await lock.raw('select pg_advisory_xact_lock(hashtext(?))', [`livereel migrations ${schema ?? ''}`]);
    if (schema !== undefined) await db.raw('create schema if not exists ??', [schema]);
    await db.migrate.latest({
      ...(schema !== undefined && { schemaName: schema }),
      migrationSource: {
        getMigrations: async () => Object.keys(allMigrations),
        getMigrationName: (name: string) => name,
        getMigration: async (name: string) => {
          const migration = allMigrations[name];
          if (migration === undefined) throw new LivereelError('internal', `there is no migration ${name}`);
          return migration;
        },
      },
    });
  });
}

/** The one thing that a database may refuse us, and that goes on without. */
async function warnOfSlowSearch(db: Knex, log: Log): Promise<void> {
  const { rows } = await db.raw("select to_regclass('videos_title_words') as index");
  if (rows[0].index !== null) return;
  log.warn(
    'words of titles are searched without an index, see docs/operations.md: the database has no pg_trgm',
  );
}

function connectionOf(options: DatabaseOptions): Knex.PgConnectionConfig {
  const address = 'url' in options ? { connectionString: options.url } : options.connection;
  return {
    ...address,
    application_name: 'livereel',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    types: {
      // Sizes and counts stay far below 2^53; pg's own preset hands them over as text.
      getTypeParser: (type: number, format: 'text' | 'binary') =>
        type === integer8Type && format === 'text' ? Number : pg.types.getTypeParser(type, format),
    },
  } as Knex.PgConnectionConfig;
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined) return passingStates.test(code) || passingCodes.has(code);
  return passingMessages.test(message);
}

function unavailable(cause: unknown): LivereelError {
  const message = `The database does not answer (${(cause as Error).message}). Try again in a moment.`;
  return new LivereelError('database-unavailable', message, { cause });
}

function refused(cause: unknown): LivereelError {
  return new LivereelError(
    'database-unavailable',
    `The database cannot be used: ${(cause as Error).message}. ` +
      'Check DATABASE_URL: its host, user, password and database, and that the user may create tables.',
    { cause },
  );
}
