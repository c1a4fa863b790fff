import type { VideoEvent } from '../api/event.ts';
import type { VideoEvents } from '../events/video-events.ts';
import { TaskQueue } from '../jobs/task-queue.ts';
import { TaskRunner } from '../jobs/task-runner.ts';
import type { Log } from '../log.ts';
import type { FinishedSession } from '../sessions/finished-session.ts';
import type { Database } from '../store/database.ts';
import { wantFollowUps } from './follow-ups.ts';
import type { LaterTasks } from './recording-finisher.ts';
import type { StoppableWork } from './video-deletion.ts';
import type { VideoRow, VideoStore } from './video-store.ts';
import type { VideoTaskHandler } from './video-task.ts';

/** The topic of `Notices` on which workers tell the server what has happened to videos (`VideoEvent`). */
export const eventTopic = 'event';

/** What the tasks' place in the server is made of. */
export type ServerTasksParts = {
  readonly database: Database;
  readonly videos: Pick<VideoStore, 'find'>;
  readonly events: VideoEvents;
  /** Whether speech is ever heard here: without it no transcript is wanted. */
  readonly hasRecogniser: boolean;
  readonly workerId: string;
  readonly log: Log;
};

/**
 * Background work as the server sees it: the queue in which work is asked for, what workers report, and the one task
 * that runs here, the transcript.
 */
export class ServerTasks implements LaterTasks, StoppableWork {
  readonly queue: TaskQueue;
  readonly #parts: ServerTasksParts;
  #runner: TaskRunner<VideoRow> | undefined;

  private constructor(queue: TaskQueue, parts: ServerTasksParts) {
    this.queue = queue;
    this.#parts = parts;
  }

  /** @throws LivereelError `database-unavailable`. */
  static async open(parts: ServerTasksParts): Promise<ServerTasks> {
    const queue = await TaskQueue.open(parts.database, parts.log);
    queue.notices.listen(eventTopic, event => {
      if (event !== undefined) parts.events.report(event as VideoEvent);
    });
    return new ServerTasks(queue, parts);
  }

  /** Begins with the tasks that the server does itself; `isOpen`: whether they can be done now. */
  start(handlers: readonly VideoTaskHandler[], isOpen: () => boolean): void {
    const { videos, events, workerId, log } = this.#parts;
    this.#runner = new TaskRunner({
      queue: this.queue,
      handlers,
      findVideo: id => videos.find(id),
      events,
      load: async () => ({ cores: 1, liveSessions: 0 }),
      isOpen,
      workerId,
      log,
    });
    this.#runner.start();
  }

  /** What the server's own tasks wait for may be there now. */
  look(): void {
    this.#runner?.look();
  }

  /** A video is deleted, and its tasks with it: whoever works on one breaks it off. */
  stop(videoId: string): void {
    this.queue.hurry(videoId);
  }

  async wanted({ id, result }: FinishedSession): Promise<void> {
    const video = await this.#parts.videos.find(id);
    if (video === undefined) return;
    const has = { hasPicture: result.tracks.video !== null, hasSound: result.tracks.audio !== null };
    await wantFollowUps(this.queue, { ...video, ...has }, this.#parts);
  }

  async release(videoId: string): Promise<void> {
    await this.queue.release(videoId);
  }

  /** Puts back what is not finished. Safe to call twice, never throws. */
  async close(): Promise<void> {
    await this.#runner?.close();
    await this.queue.close();
  }
}
