import { stat } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { ContentLock } from '../process/content-lock.ts';
import { EmbeddedPostgres, embeddedConnection } from '../process/embedded-postgres.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { type Database, openDatabase } from '../store/database.ts';

/** Null: a server holds it. Ours until we are done: none is started meanwhile. */
export async function takeLock(content: ContentDirectory): Promise<ContentLock | null> {
  if (!(await isThere(content.runDir))) return null;
  try {
    return await ContentLock.take(content.lockFile);
  } catch (error) {
    if (error instanceof LivereelError && error.code === 'content-directory-in-use') return null;
    throw error;
  }
}

/** The database that the server uses now, or, when none runs, the embedded one, started for as long as this takes. */
export async function openLibrary(
  { databaseUrl, contentDir }: Config,
  { runDir }: ContentDirectory,
  isServed: boolean,
  log: Log,
): Promise<{ database: Database; close(): Promise<void> }> {
  if (databaseUrl !== undefined) {
    const database = await openDatabase({ url: databaseUrl, log });
    return { database, close: () => database.close() };
  }
  const postgres = isServed ? null : await EmbeddedPostgres.start({ contentDir, runDir, log });
  try {
    const connection = postgres?.connection ?? embeddedConnection(runDir);
    const database = await openDatabase({ connection, log });
    const close = async () => {
      await database.close();
      await postgres?.close();
    };
    return { database, close };
  } catch (error) {
    await postgres?.close();
    throw error;
  }
}

/** Whether something stands there. */
export async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
