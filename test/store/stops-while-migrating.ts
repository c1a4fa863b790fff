// Run by database.test.ts, which kills it: holds the migrations' transaction open when all steps are done.
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { openDatabase } from '../../src/store/database.ts';
import { allMigrations } from '../../src/store/migrations/all-migrations.ts';

const first = allMigrations['0001-videos'];
(allMigrations as Record<string, unknown>)['0001-videos'] = {
  ...first,
  up: async (knex: never) => {
    await first?.up(knex);
    console.log('stopped');
    await delay(600_000);
  },
};
await openDatabase({ url: String(process.argv[2]), schema: 'stopped', log: pino({ level: 'silent' }) });
