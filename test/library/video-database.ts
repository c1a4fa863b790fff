import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import { EmbeddedPostgres } from '../../src/process/embedded-postgres.ts';
import { type Database, type DatabaseAddress, openDatabase } from '../../src/store/database.ts';
import { bringCluster } from '../support/made-cluster.ts';
import { startPostgres15 } from '../support/postgres-15.ts';

const log = pino({ level: 'silent' });

/** A database server for a test, and empty databases of the present schema in it. All goes with the test. */
export type TestServer = { readonly openEmpty: () => Promise<Database> };

/** The embedded Postgres, as by default. */
export async function startEmbedded(t: Test): Promise<TestServer> {
  const contentDir = await mkdtemp(join(tmpdir(), 'livereel-videos-'));
  const runDir = join(contentDir, 'run');
  await mkdir(runDir);
  await bringCluster(contentDir);
  const postgres = await EmbeddedPostgres.start({ contentDir, runDir, log });
  return serverAt(t, { connection: postgres.connection }, async () => {
    await postgres.close();
    await rm(contentDir, { recursive: true, force: true });
  });
}

/** Debian's PostgreSQL 15, as with `DATABASE_URL`. */
export async function startDebian(t: Test): Promise<TestServer> {
  const { url, close } = await startPostgres15();
  return serverAt(t, { url }, close);
}

function serverAt(t: Test, address: DatabaseAddress, close: () => Promise<void>): TestServer {
  const opened: Database[] = [];
  t.teardown(async () => {
    for (const database of opened) await database.close();
    await close();
  });
  return {
    async openEmpty() {
      const database = await openDatabase({ ...address, schema: `test_${opened.length}`, log });
      opened.push(database);
      return database;
    },
  };
}
