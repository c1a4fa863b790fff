import type { Config } from '../config.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { Database } from '../store/database.ts';

/** What a command of whoever runs the server works with; the caller closes the database. */
export type LocalDatabase = {
  readonly config: Config;
  readonly content: ContentDirectory;
  readonly database: Database;
};

/**
 * Opens the database of CONTENT_DIR, whose server runs, or that of DATABASE_URL.
 * @throws LivereelError `bad-configuration`, `database-unavailable`.
 */
export async function openLocalDatabase(environment: NodeJS.ProcessEnv): Promise<LocalDatabase> {
  const [{ readConfig }, { createLog }, { ContentDirectory }, { openDatabase }, { embeddedConnection }] =
    await Promise.all([
      import('../config.ts'),
      import('../log.ts'),
      import('../store/content-directory.ts'),
      import('../store/database.ts'),
      import('../process/embedded-postgres.ts'),
    ]);
  const config = readConfig(environment);
  const content = new ContentDirectory(config.contentDir);
  const { databaseUrl: url } = config;
  const address = url === undefined ? { connection: embeddedConnection(content.runDir) } : { url };
  return { config, content, database: await openDatabase({ ...address, log: createLog('silent') }) };
}
