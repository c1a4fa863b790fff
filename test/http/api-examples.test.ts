import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import WebSocket from 'ws';
import type { ErrorCode } from '../../src/errors.ts';
import { statusOf } from '../../src/http/error-status.ts';
import { embeddedConnection } from '../../src/process/embedded-postgres.ts';
import { eventually } from '../support/eventually.ts';
import { TestServer } from '../support/server.ts';
import { type Answered, DocumentedApi, type Given, type Operation } from './documented-api.ts';
import { has, json, keepLogin, type Refusal, type Step } from './documented-steps.ts';
import { password } from './people.ts';
import { provocations } from './provocations.ts';
import { people } from './steps-of-people.ts';
import { clip, publishing, sessions } from './steps-of-publishing.ts';
import { endings, library } from './steps-of-the-library.ts';

const server = await TestServer.start({
  env: {
    ACCESS: 'accounts',
    MAX_SIGN_UPS_PER_ADDRESS: '4',
    QUOTA_FREE: '600/10/1',
    MAX_SESSIONS_PER_ADDRESS: '6',
    MAX_IMPORTS_PER_ACCOUNT: '1',
    MAX_FRAME_BYTES: '100000',
    UPLOAD_MAX_BYTES: '20000000',
    WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
  },
});
t.teardown(() => server.stop());
const api = await DocumentedApi.of(server.baseUrl);

/** Refusals that no request alone brings about; each has its test elsewhere. */
const outOfReach: readonly ErrorCode[] = [
  ...(['not-ready', 'server-full', 'server-draining', 'disk-full'] as const),
  ...(['webrtc-unavailable', 'webrtc-restarting', 'session-superseded'] as const),
  ...(['codecs-not-watchable', 'import-over'] as const),
];

const provoked = new Set<string>();
const isRefused = (answer: Answered, code: ErrorCode, { method }: Operation) =>
  // An answer to HEAD has no body that would tell.
  answer.status === statusOf[code] && (answer.code === code || method === 'head');

async function refuse([code, given, other]: Refusal, operation: Operation): Promise<void> {
  const asked = other === undefined ? operation : api.operation(other);
  let answer: Answered | undefined;
  for (const each of [given].flat()) answer = await api.send(asked, each);
  if (answer === undefined) return;
  t.ok(isRefused(answer, code, asked), `${asked.operationId}: ${code}, got ${answer.status} ${answer.code}`);
  t.strictSame(answer.faults, []);
  provoked.add(code);
}

/** One step: what any such operation refuses, what only this one refuses, then what it is for. */
async function walk(step: Step): Promise<void> {
  const operation = api.operation(step.operation);
  const given = (await step.given?.()) ?? {};
  const own = step.before?.() ?? [];
  for (const code of api.codesOf(operation) as ErrorCode[]) {
    if (own.some(([each]) => each === code)) continue;
    const [example] = api.examplesOf(operation);
    const whole = given.body === undefined ? { ...example, ...given } : given;
    const provocation = provocations[code]?.(operation, whole as Given);
    if (provocation) await refuse([code, provocation], operation);
  }
  for (const refusal of own) await refuse(refusal, operation);
  const examples = given.body === undefined ? api.examplesOf(operation) : [{}];
  for (const example of examples) {
    for (const withQuery of operation.method === 'get' ? [false, true] : [false]) {
      const answer = await api.send(operation, { ...example, ...given } as Given, withQuery);
      t.ok(
        answer.status < 300,
        `${step.operation}: ${answer.status} ${JSON.stringify(answer.json)?.slice(0, 300)}`,
      );
      t.strictSame(answer.faults, []);
      if (!withQuery) step.keep?.(answer);
    }
  }
  for (const refusal of step.after?.() ?? []) await refuse(refusal, operation);
}

t.test('every example of the document is what a running server takes and answers', async t => {
  const signUp = api.operation('signUp');
  for (const name of ['bob', 'admin'])
    keepLogin(name)(await api.send(signUp, json({ email: `${name}@example.com`, password })));
  const again = await api.send(api.operation('logIn'), json({ email: 'bob@example.com', password }));
  keepLogin('cyd')(again);
  const client = new pg.Client(embeddedConnection(join(server.contentDir, 'run')));
  await client.connect();
  await client.query("update accounts set role = 'admin' where email = 'admin@example.com'");

  for (const step of [...people, ...sessions]) await walk(step);
  await client.query(
    "insert into video_tasks (video_id, task, state, error) values ($1, 'thumbnail', 'failed', 'no picture')",
    [has('chunks')],
  );
  await client.end();
  const socket = new WebSocket(has('ingestUrl of live'));
  socket.once('message', () => socket.send(clip));
  await eventually(async () => (await server.video(has('live'))).state === 'live', { what: 'live' });
  const [offer] = api.examplesOf(api.operation('publishByWebRtc'));
  const publishingSteps = publishing(String(offer?.body));
  for (const step of [...publishingSteps, ...library]) await walk(step);
  socket.close();
  for (const step of endings) await walk(step);

  const steps = [...people, ...sessions, ...publishingSteps, ...library, ...endings];
  t.strictSame(
    [...api.operations.keys()].sort(),
    [...new Set(steps.map(({ operation }) => operation))].sort(),
    'no operation is left out',
  );
  const codes = new Set([...api.operations.values()].flatMap(operation => api.codesOf(operation)));
  t.strictSame([...codes].filter(code => !provoked.has(code)).sort(), [...outOfReach].sort());
});
