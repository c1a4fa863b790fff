// Run by database.test.ts, which kills it: holds the migrations' transaction open when all steps are done.
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { openDatabase } from '../../src/store/database.ts';
import { allMigrations } from '../../src/store/migrations/all-migrations.ts';

const [name, last] = Object.entries(allMigrations).at(-1) ?? [];
(allMigrations as Record<string, unknown>)[String(name)] = {
  ...last,
  up: async (knex: never) => {
    await last?.up(knex);
    console.log('stopped');
    await delay(600_000);
  },
};
await openDatabase({ url: String(process.argv[2]), schema: 'stopped', log: pino({ level: 'silent' }) });
