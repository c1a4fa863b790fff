import type { TaskName } from '../api/task.ts';

/** Lines in which tasks wait; one that is full holds up none of the others. */
export type Lane = 'prompt' | 'patient' | 'network' | 'speech';

/**
 * Which tasks wait in which lane, the most wanted first: an upload becomes playable before stills are made of another.
 * `prompt` computes for seconds, `patient` for minutes, `network` waits for others' servers, `speech` for the one
 * recogniser, which lives in the server.
 */
export const lanes: Readonly<Record<Lane, readonly TaskName[]>> = {
  prompt: ['process', 'thumbnail', 'storyboard', 'preview', 'loudness'],
  patient: ['ladder'],
  network: ['import'],
  speech: ['transcript'],
};

/** Every lane's name. */
export const laneNames = Object.keys(lanes) as Lane[];

/** Tasks by which a video becomes ready; all others are due once it is. */
export const makingTasks: readonly TaskName[] = ['import', 'process'];

/** Where a task waits. */
export function laneOf(task: TaskName): Lane {
  return laneNames.find(lane => lanes[lane].includes(task)) ?? 'patient';
}

/** Higher goes first within a lane. */
export function priorityOf(task: TaskName): number {
  const { length } = lanes[laneOf(task)];
  return length - lanes[laneOf(task)].indexOf(task);
}
