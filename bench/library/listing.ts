/**
 * Listing and reading at 100,000 videos: a real server through nginx, asked by one client on one connection, beside the
 * bare SQL of each page by `pg` over the database's own socket, in turn. Somebody's own list is asked for with a login
 * and with an API key as well.
 * Alone: `node --import tsx bench/library/listing.ts`.
 */
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { LoginAnswer } from '../../src/api/account.ts';
import { type VideoSort, videoSorts } from '../../src/api/video.ts';
import { embeddedConnection } from '../../src/process/embedded-postgres.ts';
import { titleWordPattern } from '../../src/store/title-words.ts';
import { TestServer } from '../../test/support/server.ts';
import { percentile, print } from '../measure.ts';

const videos = 100_000;
const rounds = 200;
const warmUpRounds = 20;
/** How far behind the first page a deep one is: pages of 100. */
const pagesBefore = 300;
const parent = 'benchparent1';

// 60 % are public, 1 % failed, 2 % answer one video; a twentieth is one account's, the rest nobody's. Every title has
// "video", a tenth "garden", a hundredth "harbour", one in 3,000 "aurora": strewn, as the hash has it.
const fill = (account: string) => `
  with titled as (
    select i, concat_ws(' ', case when hash % 10 = 4 then 'Garden' end, case when hash / 10 % 100 = 7 then 'Harbour' end,
      case when hash % 3000 = 13 then 'Aurora' end) as words
    from (select i, abs(hashint4(i)) as hash from generate_series(1, ${videos}) as i))
  insert into videos (id, state, title, title_key, title_words, visibility, input, owner_id, reply_to, created_at, updated_at,
    duration_seconds, size_bytes, width, height, video_codec, audio_codec)
  select case when i = 1 then '${parent}' else substr(md5(i::text), 1, 12) end,
    case when i % 100 = 7 then 'failed' else 'ready' end,
    'Video ' || i || ' ' || words, 'video ' || lpad(i::text, 10, '0') || ' ' || lower(words),
    ' video ' || i || ' ' || lower(words) || ' ',
    (array['public', 'public', 'public', 'unlisted', 'private'])[1 + (i / 3) % 5], 'upload',
    case when i % 20 = 3 then '${account}' end,
    case when i % 50 = 9 then '${parent}' end,
    timestamptz '2020-01-01' + i * interval '7 minutes', now(),
    (i * 7919 % 100000) / 7.0, i::bigint * 104729 % 1000000007, 1280, 720, 'h264', 'aac'
  from titled`;

type Query = {
  readonly name: string;
  /** Below the server's address. */
  readonly path: () => string;
  readonly sql: string;
  readonly values: () => unknown[];
  readonly token?: string;
  /** How many its page has; else the preset limit. */
  readonly rows?: number;
};
/** Somebody with an account. */
type Person = { readonly id: string; readonly accessToken: string; readonly key: string };
type Order = readonly [key: string, direction: 'asc' | 'desc', idDirection: 'asc' | 'desc'];

const orders: Readonly<Record<VideoSort, Order>> = {
  newest: ['created_at', 'desc', 'asc'],
  oldest: ['created_at', 'asc', 'desc'],
  longest: ['coalesce(duration_seconds, -1)', 'desc', 'asc'],
  largest: ['coalesce(size_bytes, -1)', 'desc', 'asc'],
  title: ['title_key', 'asc', 'asc'],
};

/** What everybody's lists hold. */
const listed = "visibility = 'public' and state <> 'failed'";

function pageSql(sort: VideoSort, where: string): string {
  const [key, direction, idDirection] = orders[sort];
  return `select * from videos where ${where} order by ${key} ${direction}, id ${idDirection} limit 21`;
}

/** The first page of each order, and of each filter. */
function firstPages(person: Person): Query[] {
  const page = (name: string, query: string, where: string, sort: VideoSort = 'newest'): Query => ({
    name,
    path: () => `/api/v1/videos?sort=${sort}${query}`,
    sql: pageSql(sort, where),
    values: () => [],
  });
  const owned = `coalesce(owner_id, '') = '${person.id}'`;
  return [
    ...videoSorts.map(sort => page(sort, '', listed, sort)),
    page('owner', `&owner=${person.id}`, `${owned} and ${listed}`),
    page('own', '&owner=me', "coalesce(owner_id, '') = ''"),
    { ...page('ownByLogin', '&owner=me', owned), token: person.accessToken },
    { ...page('ownByKey', '&owner=me', owned), token: person.key },
    page('ready', '&state=ready', "state = 'ready' and visibility = 'public'"),
    page('failed', '&owner=me&state=failed', "state = 'failed' and coalesce(owner_id, '') = ''"),
    page('replies', `&replyTo=${parent}`, `reply_to = '${parent}' and ${listed}`),
  ];
}

/** Titles with words that all have, some have, few have, none has. */
function searches(): Query[] {
  const search = (name: string, words: string, rows?: number): Query => ({
    name: `search${name}`,
    path: () => `/api/v1/videos?title=${encodeURIComponent(words)}`,
    sql: pageSql('newest', `${listed} and ${having(words)}`),
    values: () => [],
    ...(rows !== undefined && { rows }),
  });
  return [
    search('Common', 'video'),
    search('Tenth', 'garden'),
    search('Hundredth', 'harbour'),
    search('Rare', 'aurora', 20),
    search('None', 'zeppelin', 0),
    search('Two', 'harbour garden'),
    search('Letter', 'z', 0),
  ];
}

function having(words: string): string {
  return words
    .split(' ')
    .map(word => `title_words like '${titleWordPattern(word)}'`)
    .join(' and ');
}

/** A page 30,000 videos behind the first, found as a client finds it; of all or of those with a common word. */
async function deepPage(
  server: TestServer,
  client: pg.Client,
  sort: VideoSort,
  word?: string,
): Promise<Query> {
  const list = `/api/v1/videos?sort=${sort}${word === undefined ? '' : `&title=${word}`}`;
  let [cursor, last] = ['', ''];
  for (let page = 0; page < pagesBefore; page += 1) {
    const text = await server.text(`${list}&limit=100${cursor && `&cursor=${cursor}`}`);
    const { items, nextCursor } = JSON.parse(text) as { items: { id: string }[]; nextCursor: string };
    cursor = nextCursor;
    last = items.at(-1)?.id ?? '';
  }
  const [key, direction, idDirection] = orders[sort];
  const [past, pastId] = [direction, idDirection].map(way => (way === 'asc' ? '>' : '<'));
  const { rows } = await client.query(`select ${key} as key from videos where id = $1`, [last]);
  const among = word === undefined ? listed : `${listed} and ${having(word)}`;
  const where = `${among} and ${key} ${past}= $1 and (${key} ${past} $1 or id ${pastId} $2)`;
  return {
    name: `deep${word === undefined ? capital(sort) : 'Search'}`,
    path: () => `${list}&cursor=${cursor}`,
    sql: pageSql(sort, where),
    values: () => [rows[0].key, last],
  };
}

/** One video after another, far from each other. */
async function singleVideos(client: pg.Client): Promise<Query> {
  const { rows } = await client.query<{ id: string }>(
    "select id from videos where visibility = 'public' order by id limit 400 offset 5000",
  );
  let asked = 0;
  const next = () => rows[(asked++ * 37) % rows.length]?.id ?? '';
  const sql = 'select * from videos where id = $1';
  return { name: 'video', path: () => `/api/v1/videos/${next()}`, sql, values: () => [next()], rows: 1 };
}

async function askServer(agent: Agent, url: string, token: string | undefined): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const began = performance.now();
  const request = get(url, { agent, headers });
  const [answer] = await once(request, 'response');
  let length = 0;
  for await (const bytes of answer) length += bytes.length;
  if (answer.statusCode !== 200 || length < 20) throw new Error(`${url}: ${answer.statusCode}`);
  return performance.now() - began;
}

async function askDatabase(
  client: pg.Client,
  { name, sql, values, rows: held = 21 }: Query,
): Promise<number> {
  const began = performance.now();
  const { rows } = await client.query(sql, values());
  if (rows.length !== held) throw new Error(`${name}: ${rows.length} rows`);
  return performance.now() - began;
}

async function measure(server: TestServer, client: pg.Client, query: Query) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const [ours, bare]: [number[], number[]] = [[], []];
  const askOurs = async () =>
    void ours.push(await askServer(agent, `${server.baseUrl}${query.path()}`, query.token));
  const askBare = async () => void bare.push(await askDatabase(client, query));
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    if (round === 0) for (const times of [ours, bare]) times.length = 0;
    for (const ask of round % 2 === 0 ? [askOurs, askBare] : [askBare, askOurs]) await ask();
  }
  agent.destroy();
  return { ours, bare };
}

async function signUp(server: TestServer): Promise<Person> {
  const wish = { email: 'bench@example.org', password: 'the password of a bench', name: 'Bench' };
  const { account, accessToken } = await post<LoginAnswer>(server, '/api/v1/accounts', wish);
  const { key } = await post<{ key: string }>(
    server,
    '/api/v1/account/api-keys',
    { name: 'bench' },
    accessToken,
  );
  return { id: account.id, accessToken, key };
}

async function post<Answer>(server: TestServer, path: string, body: object, token = ''): Promise<Answer> {
  const answer = await fetch(`${server.baseUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}

function capital(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}

/** Figures: p95 of each kind of page; rounds: p50 and p95 of the server, then of the bare SQL, in milliseconds. */
export async function listing() {
  const server = await TestServer.start({ env: { LOG_LEVEL: 'warn' } });
  const client = new pg.Client(embeddedConnection(join(server.contentDir, 'run')));
  const figures: Record<string, number> = {};
  const kept: Record<string, number[]> = {};
  try {
    await client.connect();
    const person = await signUp(server);
    await client.query(fill(person.id));
    await client.query('vacuum analyze videos');
    const deep: Query[] = [];
    for (const sort of videoSorts) deep.push(await deepPage(server, client, sort));
    deep.push(await deepPage(server, client, 'newest', 'video'));
    for (const query of [...firstPages(person), ...searches(), ...deep, await singleVideos(client)]) {
      const { ours, bare } = await measure(server, client, query);
      const name = query.name === 'video' ? 'oneVideo' : `list${capital(query.name)}`;
      figures[`${name}MillisP95`] = percentile(ours, 0.95);
      kept[`${name}Millis`] = [ours, bare].flatMap(times =>
        [0.5, 0.95].map(share => percentile(times, share)),
      );
    }
  } finally {
    await client.end();
    await server.stop();
  }
  return { figures, rounds: kept };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) print({ bench: 'library', ...(await listing()) });
