// Run by embedded-postgres.test.ts, which kills it: starts Postgres, says its pid, and waits.
import { join } from 'node:path';
import { pino } from 'pino';
import { EmbeddedPostgres } from '../../src/process/embedded-postgres.ts';

const contentDir = String(process.argv[2]);
const postgres = await EmbeddedPostgres.start({
  contentDir,
  runDir: join(contentDir, 'run'),
  log: pino({ level: 'silent' }),
});
console.log(postgres.pid);
setInterval(() => {}, 1_000);
