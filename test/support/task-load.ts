import { join } from 'node:path';
import type { TaskName, VideoTasks } from '../../src/api/task.ts';
import { TaskQueue } from '../../src/jobs/task-queue.ts';
import { createLog } from '../../src/log.ts';
import { embeddedConnection } from '../../src/process/embedded-postgres.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { makeClip } from './clips.ts';
import { eventually } from './eventually.ts';
import type { TestServer } from './server.ts';

const kinds: readonly TaskName[] = ['storyboard', 'preview', 'ladder', 'thumbnail'];
const lookMillis = 100;

/** Keeps a server's worker busy: each task of a video begins anew as soon as it is over. */
export class TaskLoad {
  readonly #database: Database;
  readonly #queue: TaskQueue;
  readonly #timer: NodeJS.Timeout;
  #doneCount = 0;
  readonly #begunAgain = new Set<TaskName>();

  private constructor(database: Database, queue: TaskQueue, id: string) {
    this.#database = database;
    this.#queue = queue;
    this.#timer = setInterval(() => void this.#again(id).catch(() => undefined), lookMillis);
  }

  /** Begins once a video is there, and runs until `close`. The server has a worker. */
  static async start(server: TestServer): Promise<TaskLoad> {
    const id = await publishFile(server);
    const { database, queue } = await openQueue(server);
    for (const task of kinds) await queue.enqueue(id, task);
    return new TaskLoad(database, queue, id);
  }

  /** How many tasks were done so far. */
  get doneCount(): number {
    return this.#doneCount;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#queue.close();
    await this.#database.close();
  }

  async #again(id: string): Promise<void> {
    for (const { task, state } of await this.#queue.list(id)) {
      if (!kinds.includes(task) || state !== 'done') continue;
      // A look that the one before it has overtaken counts nothing twice.
      if (this.#begunAgain.has(task)) continue;
      this.#begunAgain.add(task);
      this.#doneCount += 1;
      await this.#queue.again(id, task).finally(() => this.#begunAgain.delete(task));
    }
  }
}

/** The queue of a running server, as an administrator's tool would open it. The caller closes both. */
export async function openQueue(server: TestServer): Promise<{ database: Database; queue: TaskQueue }> {
  const log = createLog('silent');
  const connection = embeddedConnection(join(server.contentDir, 'run'));
  const database = await openDatabase({ connection, log });
  return { database, queue: await TaskQueue.open(database, log) };
}

/** What is made of a video, as everybody sees it. */
export async function tasksOf(server: TestServer, id: string): Promise<VideoTasks['items']> {
  return (JSON.parse(await server.text(`/api/v1/videos/${id}/tasks`)) as VideoTasks).items;
}

/** Resolves when all that is made of a video is over, one way or the other. */
export async function tasksOver(server: TestServer, id: string, timeoutSeconds = 90): Promise<void> {
  await eventually(
    async () => {
      const tasks = await tasksOf(server, id);
      return tasks.length > 0 && tasks.every(({ state }) => state === 'done' || state === 'failed');
    },
    { timeoutSeconds, everyMillis: 50, what: `every task of ${id} is over` },
  );
}

/** A ready video, 720p, with its first tasks over; resolves with its id. */
export async function publishFile(server: TestServer, durationSeconds = 16): Promise<string> {
  const clip = await makeClip({
    kind: 'mp4-h264',
    durationSeconds,
    width: 1_280,
    height: 720,
    videoBitsPerSecond: 3_000_000,
  });
  const { id, ingestToken } = await server.createSession();
  const headers = { authorization: `Bearer ${ingestToken}` };
  const body = new Uint8Array(clip.bytes);
  await fetch(`${server.baseUrl}/ingest/${id}`, { method: 'POST', headers, body });
  await fetch(`${server.baseUrl}/api/v1/sessions/${id}/end`, { method: 'POST', headers });
  await server.finished(id, 120);
  await tasksOver(server, id);
  return id;
}
