import { access } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';
import type { PlaybackGate } from '../library/playback-gate.ts';
import type { DataResponse } from './data-response.ts';
import { type FileAddress, type HlsAddress, withTicket } from './media-address.ts';

/** Who lets viewers in. */
export type ViewerGate = Pick<PlaybackGate, 'admit' | 'isAdmitted'>;

/**
 * Lets a viewer in. @throws LivereelError `not-found` for who may not watch it: for them there is no such video;
 * `database-unavailable`.
 */
export async function admit(gate: ViewerGate, id: string, token: string | null): Promise<void> {
  if (!gate.isAdmitted(id, token) && !(await gate.admit(id, token))) throw noSuchVideo();
}

/** Whether an admitted viewer still is: asked again behind whatever was waited for. */
export function requireAdmitted(gate: ViewerGate, id: string, token: string | null): void {
  if (!gate.isAdmitted(id, token) && !gate.isAdmitted(id, null)) throw noSuchVideo();
}

/**
 * nginx sends a file itself, found through the link that admits this viewer (`X-Accel-Redirect`); it asks again
 * should the link be gone meanwhile. @throws LivereelError `not-found` when there is no such file.
 */
export async function handOver(
  data: DataResponse,
  gate: ViewerGate,
  address: HlsAddress | FileAddress,
  token: string | null,
  file: string,
): Promise<void> {
  if (!(await isFile(file))) throw new LivereelError('not-found', 'there is no such file');
  const ticket = token !== null && gate.isAdmitted(address.id, token) ? token : null;
  data.send('200 OK', ['X-Accel-Redirect', withTicket(address, ticket)], '');
}

/** Whether there is such a file now. */
export function isFile(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function noSuchVideo(): LivereelError {
  return new LivereelError('not-found', 'there is no such video');
}
