import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import type { TaskName } from '../../src/api/task.ts';
import { makeClip } from './clips.ts';
import { eventually } from './eventually.ts';
import { FileOrigin } from './file-origin.ts';
import { finalTranscript, missing, wordsOf } from './heard-words.ts';
import { IngestClient } from './ingest-client.ts';
import { pacedFile } from './paced-file.ts';
import { isRunning } from './process-tree.ts';
import { runProgram } from './run-program.ts';
import { TestServer } from './server.ts';
import { testModelPath } from './speech.ts';
import { type SpeechStream, speechStream } from './speech-stream.ts';
import { openQueue, publishFile, tasksOf, tasksOver } from './task-load.ts';
import { tusUpload } from './tus-upload.ts';

/** What is killed while a task runs. */
export const taskKillTargets = ['worker', 'server', 'tree'] as const;
type Target = (typeof taskKillTargets)[number];

/** Tasks that are killed: most make something of a video that is ready, two a video of a file, the last its words. */
export const chaosTasks = [
  'thumbnail',
  'storyboard',
  'preview',
  'loudness',
  'ladder',
  'process',
  'import',
  'transcript',
] as const satisfies TaskName[];

/** How much chaos. */
export type TaskChaosOptions = {
  /** Kills in the middle of each kind of task. */
  readonly kills: number;
  readonly tasks?: readonly TaskName[];
  /** Of the video whose tasks are killed; default 16. Shorter ones get no smaller renditions (`ladder-plan.ts`). */
  readonly videoSeconds?: number;
  readonly report?: (line: string) => void;
};

/** One kill, and how long until the task was over after it. */
export type TaskKill = {
  readonly task: TaskName;
  readonly target: Target;
  readonly overAfterSeconds: number;
};

/** The whole run; `faults` is empty when every task came to its end, and nothing was lost or left. */
export type TaskChaosResult = { readonly kills: readonly TaskKill[]; readonly faults: readonly string[] };

/** Longer than any task of the clip runs on a busy machine. */
const overWithinSeconds = 90;

/** Kills the worker, the server and all, in turn, each time while a certain task runs. Starts and ends its own server. */
export async function runTaskChaos({
  kills,
  tasks = chaosTasks,
  videoSeconds = 16,
  report,
}: TaskChaosOptions): Promise<TaskChaosResult> {
  const speech = tasks.includes('transcript') ? await speechStream('pauses-30s') : null;
  const captions = speech && { CAPTIONS: 'on', WHISPER_MODEL: testModelPath, WHISPER_THREADS: '1' };
  const env = { WORKER: 'on', LOG_LEVEL: 'info', IMPORT_ALLOW_NETWORKS: '127.0.0.0/8', ...captions };
  const server = await TestServer.start({ env });
  const closings: (() => void)[] = [];
  try {
    const readyId = await publishFile(server, videoSeconds);
    const beginnings = await beginningsOf(server, readyId, action => void closings.push(action));
    const spokenId = speech && (await publishSpeech(server, speech));
    if (spokenId !== null) beginnings.transcript = () => beginAnew(server, spokenId, 'transcript');
    const faults: string[] = [];
    const done: TaskKill[] = [];
    for (let round = 0; round < kills * tasks.length; round += 1) {
      const task = tasks[round % tasks.length] as TaskName;
      const target = taskKillTargets[Math.floor(round / tasks.length) % taskKillTargets.length] as Target;
      const begin = beginnings[task] ?? (() => beginAnew(server, readyId, task));
      const { kill, id } = await killDuring(server, begin, task, target);
      if (kill === null) faults.push(`${task} was over before it could be killed (round ${round})`);
      else done.push(kill);
      report?.(`${round + 1}: ${task}, ${target}: ${kill?.overAfterSeconds.toFixed(1) ?? 'not killed'} s`);
      const found = await faultsOf(server, id, task);
      if (task === 'transcript' && speech !== null) found.push(...(await lostWords(server, id, speech)));
      faults.push(...found.map(fault => `round ${round}, ${task}, ${target}: ${fault}`));
    }
    if ((await server.terminate()) !== 0) faults.push('the server did not end cleanly');
    faults.push(...server.leftovers().map(({ name }) => `${name} still runs`));
    return { kills: done, faults };
  } finally {
    for (const close of closings) close();
    await server.stop();
  }
}

/** How tasks begin that make a video of a file: each time another one, which has to be encoded. Resolve with its id. */
async function beginningsOf(
  server: TestServer,
  readyId: string,
  teardown: (action: () => void) => void,
): Promise<Partial<Record<TaskName, () => Promise<string>>>> {
  const { bytes } = await makeClip({ kind: 'webm-vp8', durationSeconds: 8, width: 640, height: 360 });
  const origin = await FileOrigin.start(server.contentDir, { teardown });
  origin.interfere = pacedFile(Buffer.from(bytes));
  return {
    process: async () => (await tusUpload(server.baseUrl, Buffer.from(bytes))).videoId ?? readyId,
    import: async () => {
      const answer = await fetch(`${server.baseUrl}/api/v1/imports`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url: origin.url('/a.webm').href }),
      });
      if (!answer.ok) throw new Error(`no import: ${await answer.text()}`);
      return ((await answer.json()) as { id: string }).id;
    },
  };
}

async function publishSpeech(server: TestServer, { chunks }: SpeechStream): Promise<string> {
  const { id, ingestUrl } = await server.createSession({ language: 'en' });
  await new IngestClient({ url: ingestUrl, input: 'chunks', items: chunks, pace: 'fast' }).run();
  await server.finished(id, overWithinSeconds);
  await tasksOver(server, id, overWithinSeconds);
  return id;
}

async function lostWords(server: TestServer, id: string, { words }: SpeechStream): Promise<string[]> {
  const heard = wordsOf(await finalTranscript(server, id));
  const lost = missing(heard, words);
  const faults = lost.length > 0.02 * words.length ? [`words are lost: ${lost.join(', ')}`] : [];
  return heard.length > 1.02 * words.length
    ? [...faults, `${heard.length} words of ${words.length}`]
    : faults;
}

/** The table for people: how soon a task was over after its processes were killed. */
export function taskChaosTable({ kills }: TaskChaosResult): string {
  const rows = [...new Set(kills.map(({ task }) => task))].map(task => {
    const cells = taskKillTargets.map(target => {
      const seconds = kills
        .filter(kill => kill.task === task && kill.target === target)
        .map(({ overAfterSeconds }) => overAfterSeconds)
        .sort((one, other) => one - other);
      const middle = seconds[Math.floor(seconds.length / 2)];
      return middle === undefined
        ? ''
        : `${seconds.length}: ${middle.toFixed(1)} s, ${seconds.at(-1)?.toFixed(1)} s`;
    });
    return `| ${task} | ${cells.join(' | ')} |`;
  });
  return `| task | ${taskKillTargets.join(' | ')} |\n|---|---|---|---|\n${rows.join('\n')}`;
}

/** Begins a task, kills while it runs, and waits for its end; null when it was over too soon, three times. */
async function killDuring(
  server: TestServer,
  begin: () => Promise<string>,
  task: TaskName,
  target: Target,
): Promise<{ readonly kill: TaskKill | null; readonly id: string }> {
  let id = '';
  for (let tries = 0; tries < 3; tries += 1) {
    id = await begin();
    await eventually(async () => (await stateOf(server, id, task)) === 'running', {
      timeoutSeconds: overWithinSeconds,
      everyMillis: 5,
      what: `${task} runs`,
    });
    await delay(Math.random() * 400);
    const isHit = (await stateOf(server, id, task)) === 'running';
    if (!isHit) continue;
    await kill(server, target);
    const killedAt = performance.now();
    if (target !== 'worker') await server.restart();
    // What follows a task that made the video is known once it is there.
    await server.finished(id, overWithinSeconds);
    await tasksOver(server, id, overWithinSeconds);
    const overAfterSeconds = (performance.now() - killedAt) / 1_000;
    return { kill: { task, target, overAfterSeconds }, id };
  }
  await tasksOver(server, id, overWithinSeconds);
  return { kill: null, id };
}

async function kill(server: TestServer, target: Target): Promise<void> {
  if (target !== 'worker') {
    await server.kill9(target);
    return;
  }
  const pid = workerPid(server);
  if (pid === undefined) throw new Error('there is no worker');
  process.kill(pid, 'SIGKILL');
  await eventually(() => !isRunning(pid), { what: 'the worker is dead' });
}

function workerPid(server: TestServer): number | undefined {
  return server
    .processes()
    .find(
      ({ pid, name }) =>
        /^(node|MainThread)/.test(name) &&
        readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('worker-process'),
    )?.pid;
}

async function beginAnew(server: TestServer, id: string, task: TaskName): Promise<string> {
  const { database, queue } = await openQueue(server);
  await queue.enqueue(id, task);
  await queue.again(id, task);
  await queue.close();
  await database.close();
  return id;
}

async function stateOf(server: TestServer, id: string, task: TaskName): Promise<string | undefined> {
  return (await tasksOf(server, id)).find(one => one.task === task)?.state;
}

/** What is wrong with the video and its folder now that all is over. */
async function faultsOf(server: TestServer, id: string, killed: TaskName): Promise<string[]> {
  const faults: string[] = [];
  for (const { task, state, error } of await tasksOf(server, id)) {
    if (state === 'failed') faults.push(`${task} failed: ${error}`);
  }
  const video = await server.video(id);
  if (video.state !== 'ready') faults.push(`the video is ${video.state}`);
  const folder = join(server.contentDir, id);
  const files = await readdir(folder, { recursive: true });
  const unfinished = files.filter(name => /\.(new|open|tmp)$/.test(name));
  if (unfinished.length > 0) faults.push(`left behind: ${unfinished.join(', ')}`);
  const scratch = (await readdir(join(server.contentDir, 'tmp'))).filter(name => name !== 'ffmpeg');
  if (scratch.length > 0) faults.push(`left in tmp: ${scratch.join(', ')}`);
  const playlist = await readFile(join(folder, 'hls/index.m3u8'), 'utf8');
  const named = new Set([...playlist.matchAll(/^([a-z0-9-]+)\/stream\.m3u8$/gm)].map(match => match[1]));
  // The ladder before the last stays for who is watching it, with all its renditions: one ending for all.
  const ladders = files.filter(name => /^hls\/\d+p-\w+$/.test(name));
  const unnamed = ladders.filter(name => !named.has(name.slice('hls/'.length)));
  if (new Set(unnamed.map(name => name.split('-')[1])).size > 1)
    faults.push(`no playlist names ${unnamed.join(', ')}`);
  for (const name of named)
    if (!existsSync(join(folder, 'hls', String(name), 'stream.m3u8'))) faults.push(`${name} is missing`);
  faults.push(...(await unreadable(folder)));
  if (killed === 'loudness' && video.loudness === null) faults.push('its loudness is not known');
  return faults;
}

async function unreadable(folder: string): Promise<string[]> {
  const faults: string[] = [];
  for (const name of ['thumbnail.jpg', 'storyboard.0.jpg', 'preview.webp']) {
    await sharp(join(folder, name), { animated: true, failOn: 'warning' })
      .stats()
      .catch(error => faults.push(`${name}: ${(error as Error).message}`));
  }
  if ((await stat(join(folder, 'storyboard.vtt'))).size < 20) faults.push('storyboard.vtt is empty');
  const decode = ['-v', 'error', '-i', join(folder, 'video.mp4'), '-f', 'null', '-'];
  const { stderr, code } = await runProgram('ffmpeg', decode, { mayFail: true });
  if (code !== 0 || stderr !== '') faults.push(`video.mp4: ${stderr.slice(0, 300)}`);
  return faults;
}
