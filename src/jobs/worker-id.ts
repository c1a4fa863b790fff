import { createHash } from 'node:crypto';
import { hostname } from 'node:os';

/**
 * The name of a process that does tasks, the same in each of its lives, and another on each machine: what its last
 * life was at is known by it. `kind`: `server` or `worker`.
 */
export function workerIdOf(kind: string, contentDir: string): string {
  const place = createHash('sha256').update(`${hostname()} ${contentDir}`).digest('hex').slice(0, 16);
  return `${kind} ${place}`;
}
