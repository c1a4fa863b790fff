import { taskNames } from '../api/task.ts';
import type { TaskCount } from '../jobs/task-store.ts';
import type { LabelledReading } from './metrics.ts';

/** A database that is away keeps no one from the other numbers. */
const patienceMillis = 1_000;
const toldStates = ['waiting', 'running', 'failed'] as const;

/**
 * What `GET /metrics` tells about background tasks, of all workers together: asked of the database each time, and left out
 * while that does not answer.
 */
export function taskReadings(counts: () => Promise<readonly TaskCount[]>): LabelledReading[] {
  // Both are read in the same moment: the database is asked once.
  let asked: Promise<readonly TaskCount[] | null> | null = null;
  const counted = () => {
    asked ??= answerInTime(counts()).finally(() => {
      asked = null;
    });
    return asked;
  };
  return [
    {
      name: 'livereel_tasks',
      help: 'Background tasks that wait, are worked on, or failed and were given up',
      labelNames: ['task', 'state'],
      read: async () => {
        const all = await counted();
        if (all === null) return [];
        const known = new Map(all.map(one => [`${one.task} ${one.state}`, one.count]));
        // Nought is told, too: what is missing cannot be watched.
        return taskNames.flatMap(task =>
          toldStates.map(state => ({ labels: { task, state }, value: known.get(`${task} ${state}`) ?? 0 })),
        );
      },
    },
    {
      name: 'livereel_tasks_oldest_waiting_seconds',
      help: 'For how long the oldest task that could begin has been waiting',
      labelNames: ['task'],
      read: async () => {
        const all = await counted();
        if (all === null) return [];
        const waiting = all.filter(({ state }) => state === 'waiting');
        const known = new Map(waiting.map(({ task, oldestSeconds }) => [task, oldestSeconds]));
        return taskNames.map(task => ({ labels: { task }, value: known.get(task) ?? 0 }));
      },
    },
  ];
}

async function answerInTime(counts: Promise<readonly TaskCount[]>): Promise<readonly TaskCount[] | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>(resolve => {
    timer = setTimeout(() => resolve(null), patienceMillis);
  });
  return await Promise.race([counts.catch(() => null), late]).finally(() => clearTimeout(timer));
}
