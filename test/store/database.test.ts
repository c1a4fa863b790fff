import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { EmbeddedPostgres } from '../../src/process/embedded-postgres.ts';
import { type DatabaseAddress, openDatabase } from '../../src/store/database.ts';
import { allMigrations } from '../../src/store/migrations/all-migrations.ts';
import { eventually } from '../support/eventually.ts';
import { bringCluster } from '../support/made-cluster.ts';
import { startPostgres15 } from '../support/postgres-15.ts';

const steps = Object.keys(allMigrations).length;
const log = pino({ level: 'silent' });
const contentDir = await mkdtemp(join(tmpdir(), 'livereel-database-'));
const runDir = join(contentDir, 'run');
await mkdir(runDir);
await bringCluster(contentDir);
const embedded = await EmbeddedPostgres.start({ contentDir, runDir, log });
const server = await startPostgres15();
t.teardown(async () => {
  await embedded.close();
  await server.close();
  await rm(contentDir, { recursive: true, force: true });
});

const video = { id: 'f3Kq9ZtA1bXy', state: 'created', title: 'Ünïcode "title"', input: 'chunks' };

/** As a server left it that knew nothing of searching titles. */
async function beforeTitleWords(options: DatabaseAddress & { schema: string; log: typeof log }) {
  const database = await openDatabase(options);
  await database.knex.transaction(async trx => {
    await allMigrations['0014-title-words']?.down(trx);
    await trx('knex_migrations').where({ name: '0014-title-words' }).delete();
  });
  return { knex: database.knex, close: () => database.close() };
}

const addresses: Readonly<Record<string, DatabaseAddress>> = {
  'the embedded Postgres': { connection: embedded.connection },
  'a PostgreSQL 15 server': { url: server.url },
};
for (const [name, address] of Object.entries(addresses)) {
  t.test(`on ${name} a video's record comes back as it was written`, async t => {
    const database = await openDatabase({ ...address, schema: 'written', log });
    const token = Buffer.from([0, 255, 7]);
    const [row] = await database
      .knex('videos')
      .insert({ ...video, size_bytes: 5_000_000_000, duration_seconds: 12.34, ingest_token_hash: token })
      .returning('*');
    t.match(row, {
      ...video,
      visibility: 'public',
      description: '',
      journal_kept: false,
      size_bytes: 5_000_000_000,
      duration_seconds: 12.34,
      error_code: null,
    });
    t.ok(token.equals(row.ingest_token_hash));
    t.type(row.created_at, Date);
    await t.rejects(database.knex('videos').insert({ ...video, id: 'AAAAAAAAAAAA', state: 'odd' }), /state/);
    await database.knex('videos').insert({ ...video, id: 'BBBBBBBBBBBB', reply_to: video.id });
    await database.knex('videos').where({ id: video.id }).delete();
    t.match(await database.knex('videos').where({ id: 'BBBBBBBBBBBB' }).first(), { reply_to: null });
    await Promise.all([database.close(), database.close()]);
  });

  t.test(`on ${name} titles of before are searched too, by an index in any schema`, async t => {
    for (const schema of ['searched', 'searched_too']) {
      const { knex, close } = await beforeTitleWords({ ...address, schema, log });
      await knex('videos').insert([video, { ...video, id: 'BBBBBBBBBBBB', title: 'another' }]);
      await close();
      const database = await openDatabase({ ...address, schema, log });
      const found = database.knex('videos').select('id').where('title_words', 'like', '%title%');
      t.same(await found, [{ id: video.id }]);
      await database.knex.transaction(async trx => {
        await trx.raw('set local enable_seqscan = off');
        const { rows } = await trx.raw(`explain ${found.toString()}`);
        t.match(JSON.stringify(rows), /videos_title_words/);
      });
      await database.close();
    }
  });

  t.test(`on ${name} servers that start at once migrate once, and again changes nothing`, async t => {
    const open = () => openDatabase({ ...address, schema: 'at_once', log });
    const databases = await Promise.all([open(), open(), open()]);
    databases.push(await open());
    const [first] = databases;
    t.equal((await first?.knex('knex_migrations'))?.length, steps);
    for (const database of databases) await database.close();
  });
}

t.test('a query goes on when Postgres is killed under it, and nothing committed is lost', async t => {
  const database = await openDatabase({ connection: embedded.connection, schema: 'killed', log });
  for (let n = 1; n <= 5; n += 1) {
    const id = String(n).padStart(12, '0');
    const killed = Number(embedded.pid);
    process.kill(killed, 'SIGKILL');
    await database.run(db =>
      db('videos')
        .insert({ ...video, id })
        .onConflict('id')
        .ignore(),
    );
    t.equal((await database.run(db => db('videos'))).length, n);
    await eventually(() => embedded.isUp && embedded.pid !== killed);
  }
  t.ok(await database.isUp());
  await database.close();
});

t.test('of two transactions that wait for one another, each is done', async t => {
  const database = await openDatabase({ connection: embedded.connection, schema: 'crossing', log });
  const ids = ['AAAAAAAAAAAA', 'BBBBBBBBBBBB'] as const;
  await database.knex('videos').insert(ids.map(id => ({ ...video, id, title: '' })));
  let tries = 0;
  let held = 0;
  let meet: () => void = () => undefined;
  const met = new Promise<void>(resolve => {
    meet = resolve;
  });
  const cross = (order: readonly string[]) =>
    database.run(knex =>
      knex.transaction(async trx => {
        tries += 1;
        for (const id of order) {
          await trx('videos')
            .where({ id })
            .update({ title: trx.raw("title || '+'") });
          // Each holds its first row before either asks for its second.
          held += 1;
          if (held === 2) meet();
          await met;
        }
      }),
    );
  await Promise.all([cross(ids), cross(ids.toReversed())]);
  t.equal(tries, 3, 'one of them twice');
  const titles = (await database.knex('videos')).map(row => row.title);
  t.same(titles, ['++', '++']);
  await database.close();
});

t.test('what is wrong with a statement is told at once', async t => {
  const database = await openDatabase({ connection: embedded.connection, schema: 'wrong', log });
  await t.rejects(
    database.run(db => db.raw('select no_such_column')),
    { code: '42703' },
  );
  await database.close();
});

t.test('a start that is killed in the middle of the migrations does not stop the next', async t => {
  const starting = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/store/stops-while-migrating.ts', server.url],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(starting.stdout, 'data');
  starting.kill('SIGKILL');
  const database = await openDatabase({ url: server.url, schema: 'stopped', log });
  t.equal((await database.knex('knex_migrations')).length, steps);
  await database.close();
});

t.test('a database that cannot be used is refused in words without the password', async t => {
  const wrong = server.url.replace('pass%20word', 'secret');
  await t.rejects(openDatabase({ url: wrong, log }), {
    code: 'database-unavailable',
    message: /password authentication failed .* Check DATABASE_URL/,
  });
  await openDatabase({ url: wrong, log }).catch(error => t.notMatch(error.message, 'secret'));
});

t.test('who may not have the extension searches without its index, and is told', async t => {
  const admin = await openDatabase({ url: server.url, schema: 'admins', log });
  await admin.knex.raw('drop extension pg_trgm cascade');
  await admin.knex.raw("create role plain login password 'plain'");
  await admin.knex.raw('create schema plain authorization plain');
  const said: string[] = [];
  const told = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) });
  const url = server.url.replace(/\/\/[^@]*@/, '//plain:plain@');
  // The schema is there already: whoever may not create in the database could not make it.
  const database = await openDatabase({ url: `${url}?options=-csearch_path%3Dplain`, log: told });
  await database.knex('videos').insert({ ...video, title_words: ' title ' });
  t.equal((await database.knex('videos').where('title_words', 'like', '%title%')).length, 1);
  t.match(said.join(), /searched without an index/);
  await database.close();
  await admin.close();
});
