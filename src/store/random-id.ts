import { randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const idLength = 12;

/** A new id of a video or an account: 12 characters of `[0-9A-Za-z]` (71 bits), unguessable. */
export function randomId(length = idLength): string {
  let id = '';
  while (id.length < length) {
    const byte = (randomBytes(1)[0] as number) & 63;
    // 62 characters: a byte past them is thrown away, so that each is equally likely.
    if (byte < alphabet.length) id += alphabet[byte];
  }
  return id;
}
