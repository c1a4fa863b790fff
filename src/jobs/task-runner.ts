import type { TaskName } from '../api/task.ts';
import { LivereelError } from '../errors.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { Log } from '../log.ts';
import { type Lane, laneNames, lanes } from './lanes.ts';
import { isFinal, isPassing, reasonOf } from './task-failures.ts';
import type { TaskContext, TaskHandler } from './task-handler.ts';
import type { TaskQueue } from './task-queue.ts';
import { hasRoom, type MachineLoad, threadsFor } from './task-room.ts';
import { type Attempt, cancelTopic, dueTopic, type TaskStore } from './task-store.ts';

/** What a runner works with. */
export type TaskRunnerParts<Video> = {
  readonly queue: Pick<TaskQueue, 'store' | 'notices'>;
  readonly handlers: readonly TaskHandler<Video>[];
  readonly findVideo: (id: string) => Promise<Video | undefined>;
  /** Told how far tasks are. */
  readonly events: Pick<VideoEvents, 'report'>;
  readonly load: () => Promise<MachineLoad>;
  /** Whether what the handlers need is there now; without it always. */
  readonly isOpen?: () => boolean;
  /** The same at each start of this process on this machine: what its last life left goes on at once. */
  readonly workerId: string;
  readonly log: Log;
  /** How long to wait before the second attempt; each further one waits four times as long. Default 10. */
  readonly retrySeconds?: number;
};

const mostAttempts = 5;
const presetRetrySeconds = 10;
const retryGrowth = 4;
// What is lacking is looked for now and then, however long it lasts.
const passingRetryGrowth = 3;
// Whatever took its process away is over when another one looks.
const lostRetrySeconds = 1;
const beatMillis = 1_000;
/** A process that did not say a word for so long is gone; one that only hung finds that out itself, and stops. */
const silentSeconds = 15;
// Retries of others become due without anybody saying so.
const lookEveryBeats = 2;
const sweepEveryBeats = 5;
const mendEveryBeats = 30;
const dueMarginMillis = 10;
const progressMillis = 1_000;

type Work = { readonly attempt: Attempt; readonly lane: Lane; readonly abort: AbortController };

/**
 * Does the tasks for which it has handlers, as many at once as there is room for. Owned and closed by a composition
 * root; `close` puts back what is not finished.
 */
export class TaskRunner<Video> {
  readonly #parts: TaskRunnerParts<Video>;
  readonly #store: TaskStore;
  readonly #handlers: ReadonlyMap<TaskName, TaskHandler<Video>>;
  readonly #lanes: readonly Lane[];
  readonly #working = new Map<string, Work>();
  readonly #runs = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  readonly #stopListening: (() => void)[] = [];
  #threads = 0;
  #beats = 0;
  #timer: NodeJS.Timeout | undefined;
  #isBeating = false;
  #look: Promise<void> | undefined;
  #isLookWanted = false;

  constructor(parts: TaskRunnerParts<Video>) {
    this.#parts = parts;
    this.#store = parts.queue.store;
    this.#handlers = new Map(parts.handlers.map(handler => [handler.task, handler]));
    this.#lanes = laneNames.filter(lane => lanes[lane].some(task => this.#handlers.has(task)));
  }

  /** Goes on with what the last life of this process left, and waits for more. */
  start(): void {
    const { notices } = this.#parts.queue;
    this.#stopListening.push(
      notices.listen(dueTopic, lane => {
        if (lane === undefined || this.#lanes.includes(lane as Lane)) this.look();
      }),
      notices.listen(cancelTopic, () => void this.#beat()),
    );
    this.#timer = setInterval(() => void this.#tick(), beatMillis);
    const begun = this.#recover().finally(() => this.look());
    this.#keep(begun);
  }

  /** There may be work, or room for it. */
  look(): void {
    if (this.#closing.signal.aborted) return;
    this.#isLookWanted = true;
    if (this.#look !== undefined) return;
    this.#look = this.#lookAround().finally(() => {
      this.#look = undefined;
    });
    this.#keep(this.#look);
  }

  /** Ends what runs and puts it back, as if it was never begun. Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#closing.abort(new LivereelError('server-draining', 'The process stops.'));
    for (const stop of this.#stopListening.splice(0)) stop();
    clearInterval(this.#timer);
    while (this.#runs.size > 0) await Promise.all([...this.#runs]);
  }

  #keep(run: Promise<void>): void {
    const kept = run
      .catch(error => {
        if (!this.#closing.signal.aborted) this.#parts.log.warn({ err: error }, 'tasks wait');
      })
      .finally(() => this.#runs.delete(kept));
    this.#runs.add(kept);
  }

  async #tick(): Promise<void> {
    this.#beats += 1;
    await this.#beat();
    if (this.#beats % lookEveryBeats === 0) this.look();
    if (this.#beats % sweepEveryBeats === 0) this.#keep(this.#sweep());
    if (this.#beats % mendEveryBeats === 0) this.#keep(this.#store.mend());
  }

  /** Says that this process lives, and hears which attempts are not wanted any more. */
  async #beat(): Promise<void> {
    if (this.#isBeating || this.#working.size === 0) return;
    this.#isBeating = true;
    try {
      const works = [...this.#working.values()];
      const wanted = await this.#store.beat(works.map(({ attempt }) => attempt));
      for (const { attempt, abort } of works) {
        const reason = wanted.get(attempt.jobId);
        if (reason === undefined) abort.abort(new LivereelError('task-cancelled', 'It was begun anew.'));
        else if (reason !== null) abort.abort(new LivereelError('task-cancelled', reason));
      }
    } catch (error) {
      this.#parts.log.debug({ err: error }, 'heartbeat not kept');
    } finally {
      this.#isBeating = false;
    }
  }

  async #recover(): Promise<void> {
    for (const attempt of await this.#store.leftBy(this.#parts.workerId)) {
      if (!this.#working.has(attempt.jobId)) await this.#lose(attempt);
    }
    await this.#store.mend();
  }

  async #sweep(): Promise<void> {
    for (const attempt of await this.#store.lost(silentSeconds)) {
      // Our own live, however long the database was away.
      if (!this.#working.has(attempt.jobId)) await this.#lose(attempt);
    }
  }

  /** What was under way when its process died may be what killed it: it gets a few more attempts. */
  async #lose(attempt: Attempt): Promise<void> {
    const handler = this.#handlers.get(attempt.task);
    if (handler === undefined) return;
    this.#parts.log.warn({ ...attempt, sessionId: attempt.videoId }, 'an attempt lost its process');
    const error = new LivereelError('program-failed', 'the process stopped while it worked on it');
    await this.#tryAgain(handler, attempt, error, lostRetrySeconds);
  }

  async #lookAround(): Promise<void> {
    while (this.#isLookWanted && !this.#closing.signal.aborted) {
      this.#isLookWanted = false;
      if (this.#parts.isOpen?.() === false) return;
      const load = await this.#parts.load();
      this.#threads = threadsFor(load);
      for (const lane of this.#lanes) await this.#fill(lane, load);
    }
  }

  async #fill(lane: Lane, load: MachineLoad): Promise<void> {
    while (!this.#closing.signal.aborted && hasRoom(lane, this.#running(), load)) {
      const attempt = await this.#store.take(lane, this.#parts.workerId);
      if (attempt === undefined) return;
      const work = { attempt, lane, abort: new AbortController() };
      this.#working.set(attempt.jobId, work);
      this.#keep(
        this.#do(work).finally(() => {
          this.#working.delete(attempt.jobId);
          this.look();
        }),
      );
    }
  }

  #running(): Map<Lane, number> {
    const running = new Map<Lane, number>();
    for (const { lane } of this.#working.values()) running.set(lane, (running.get(lane) ?? 0) + 1);
    return running;
  }

  async #do({ attempt, abort }: Work): Promise<void> {
    const { videoId, task, attempts } = attempt;
    const log = this.#parts.log.child({ sessionId: videoId, task, attempt: attempts });
    const handler = this.#handlers.get(task);
    const signal = AbortSignal.any([this.#closing.signal, abort.signal]);
    const began = performance.now();
    try {
      signal.throwIfAborted();
      const video = await this.#parts.findVideo(videoId);
      if (video === undefined) throw new LivereelError('not-found', 'The video is gone.');
      if (handler === undefined) throw new LivereelError('internal', `nobody here does the task ${task}`);
      const limitMillis = handler.limitSeconds(video) * 1_000;
      const limit = setTimeout(() => abort.abort(tooLong(limitMillis)), limitMillis);
      const context = {
        signal,
        attempt: attempts,
        threads: this.#threads,
        progress: this.#progressOf(attempt),
      };
      await handler.run(video, context).finally(() => clearTimeout(limit));
      if (await this.#store.finish(attempt)) this.#report(attempt, 100);
      log.info({ tookSeconds: (performance.now() - began) / 1_000 }, 'task done');
    } catch (error) {
      if (this.#closing.signal.aborted) return await this.#store.putBack(attempt);
      const cause = abort.signal.aborted ? abort.signal.reason : error;
      log.warn({ err: cause }, 'task not done');
      await this.#failed(handler, attempt, cause);
    }
  }

  async #failed(handler: TaskHandler<Video> | undefined, attempt: Attempt, error: unknown): Promise<void> {
    const isCancelled = error instanceof LivereelError && error.code === 'task-cancelled';
    if (isFinal(error) || isCancelled) return await this.#giveUp(handler, attempt, error, reasonOf(error));
    const { retrySeconds = presetRetrySeconds } = this.#parts;
    if (isPassing(error))
      return await this.#store.putBack(attempt, passingRetryGrowth * retrySeconds, reasonOf(error));
    await this.#tryAgain(handler, attempt, error, retrySeconds * retryGrowth ** (attempt.attempts - 1));
  }

  async #tryAgain(
    handler: TaskHandler<Video> | undefined,
    attempt: Attempt,
    error: unknown,
    delaySeconds: number,
  ): Promise<void> {
    const reason = reasonOf(error);
    if (attempt.attempts < mostAttempts) {
      await this.#store.retry(attempt, reason, delaySeconds);
      const timer = setTimeout(() => this.look(), delaySeconds * 1_000 + dueMarginMillis);
      timer.unref();
      return;
    }
    await this.#giveUp(handler, attempt, error, exhausted(attempt.attempts, reason));
  }

  /** The handler hears it first: a process that dies in between repeats both. */
  async #giveUp(
    handler: TaskHandler<Video> | undefined,
    attempt: Attempt,
    error: unknown,
    reason: string,
  ): Promise<void> {
    // One that was begun anew, here or elsewhere, is not over.
    if (!(await this.#store.beat([attempt])).has(attempt.jobId)) return;
    const video = handler?.failed && (await this.#parts.findVideo(attempt.videoId));
    if (video !== undefined) {
      const code = error instanceof LivereelError ? error.code : 'internal';
      await handler?.failed?.(video, new LivereelError(code, reason, { cause: error }));
    }
    await this.#store.fail(attempt, reason);
  }

  /** Tells how far an attempt is, once a second at the most; 100 only when it is kept. */
  #progressOf(attempt: Attempt): TaskContext['progress'] {
    let toldAtMillis = Number.NEGATIVE_INFINITY;
    let told = -1;
    return percent => {
      const whole = Math.max(0, Math.min(99, Math.floor(percent)));
      if (!(whole > told) || performance.now() - toldAtMillis < progressMillis) return;
      told = whole;
      toldAtMillis = performance.now();
      this.#report(attempt, whole);
      this.#store
        .progress(attempt, whole)
        .catch(error => this.#parts.log.debug({ err: error }, 'progress not kept'));
    };
  }

  #report({ videoId: id, task }: Attempt, percent: number): void {
    this.#parts.events.report({ event: 'progress', data: { id, task, percent } });
  }
}

/** What people understand first; the words of a tool or a machine behind it. */
function exhausted(attempts: number, reason: string): string {
  return `It was tried ${attempts} times without success (${reason.trim().replace(/\.$/, '')}).`;
}

function tooLong(limitMillis: number): LivereelError {
  return new LivereelError('program-failed', `It took longer than ${Math.round(limitMillis / 1_000)} s.`);
}
