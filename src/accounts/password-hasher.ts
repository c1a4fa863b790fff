import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { LivereelError } from '../errors.ts';
import { Turns } from '../process/turns.ts';

/** What a hash costs whoever makes it (RFC 7914): `2 ** log2N` blocks of `128 * r` bytes, `p` times over. */
export type ScryptCost = { readonly log2N: number; readonly r: number; readonly p: number };

/** 32 MiB and a quarter of a second of one core: one of the settings that OWASP's password storage page names. */
export const currentCost: ScryptCost = { log2N: 15, r: 8, p: 3 };

const saltBytes = 16;
const hashBytes = 32;
// Of Node's four threads for such work two stay free for files: live sessions always first.
const atOnce = 2;
// Each takes an eighth of a second on average, and nobody waits for longer than ten.
const mostWaiting = 64;
const retryAfterSeconds = 10;
const storedPattern = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([\w-]{16,128})\$([\w-]{16,128})$/;

/** Whether a password is right, and whether its hash was made at a lower cost than today's. */
export type PasswordCheck = { readonly isRight: boolean; readonly isOutdated: boolean };

/** Makes and checks the hashes of passwords; a few at a time, so that a storm of log-ins cannot take the machine. */
export class PasswordHasher {
  readonly #cost: ScryptCost;
  readonly #turns = new Turns(atOnce);
  #waiting = 0;

  constructor(cost: ScryptCost = currentCost) {
    this.#cost = cost;
  }

  /** `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`: all that checking needs. @throws LivereelError `server-full`. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes);
    const hash = await this.#derive(password, salt, this.#cost);
    const { log2N, r, p } = this.#cost;
    return `$scrypt$ln=${log2N},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
  }

  /** Checks against a hash; without one it takes as long and is wrong. @throws LivereelError `server-full`. */
  async check(password: string, stored: string | undefined): Promise<PasswordCheck> {
    const parts = stored === undefined ? null : storedPattern.exec(stored);
    if (parts === null) {
      await this.#derive(password, Buffer.alloc(saltBytes), this.#cost);
      return { isRight: false, isOutdated: false };
    }
    const [log2N, r, p] = parts.slice(1, 4).map(Number) as [number, number, number];
    const expected = Buffer.from(parts[5] as string, 'base64url');
    const salt = Buffer.from(parts[4] as string, 'base64url');
    const found = await this.#derive(password, salt, { log2N, r, p }, expected.length);
    const isOutdated = 2 ** log2N * r * p < 2 ** this.#cost.log2N * this.#cost.r * this.#cost.p;
    return { isRight: timingSafeEqual(found, expected), isOutdated };
  }

  async #derive(password: string, salt: Buffer, cost: ScryptCost, length = hashBytes): Promise<Buffer> {
    if (this.#waiting >= mostWaiting) {
      const detail = 'Too many people log in at this moment. Try again in a few seconds.';
      throw new LivereelError('server-full', detail, { retryAfterSeconds });
    }
    this.#waiting += 1;
    try {
      return await this.#turns.take(() => derive(password, salt, cost, length));
    } finally {
      this.#waiting -= 1;
    }
  }
}

function derive(
  password: string,
  salt: Buffer,
  { log2N, r, p }: ScryptCost,
  length: number,
): Promise<Buffer> {
  const N = 2 ** log2N;
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r };
  // The same letters may be typed as different code points (NIST SP 800-63B, section 5.1.1.2).
  const typed = password.normalize('NFKC');
  return new Promise((resolve, reject) => {
    scrypt(typed, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
