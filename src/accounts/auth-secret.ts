import { hkdfSync, randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';

/** What keys are for: a token signed for one purpose is worth nothing for another. */
export type KeyPurpose = 'access-token' | 'refresh-token' | 'playback-token' | 'webhook' | 'attempts';

const keyBytes = 32;
const secretPattern = /^[0-9A-Za-z_-]{43,512}$/;

/** The server's secret (`AUTH_SECRET`), of which all keys are derived; it never leaves this object. */
export class AuthSecret {
  readonly #secret: string;

  /** `secret`: at least 32 characters. */
  constructor(secret: string) {
    this.#secret = secret;
  }

  /**
   * The secret of the environment, else the one in `file`, which is made (mode 0600) when there is none yet.
   * @throws LivereelError `bad-configuration` when the file holds something else or cannot be written.
   */
  static async open(file: string, fromEnvironment: string | undefined): Promise<AuthSecret> {
    if (fromEnvironment !== undefined) return new AuthSecret(fromEnvironment);
    try {
      return new AuthSecret((await readSecret(file)) ?? (await makeSecret(file)));
    } catch (cause) {
      if (cause instanceof LivereelError) throw cause;
      const detail = `${file} can be neither read nor written (${(cause as Error).message}). Mend that, or set AUTH_SECRET.`;
      throw new LivereelError('bad-configuration', detail, { cause });
    }
  }

  /** The 32-byte key for one purpose (HKDF-SHA256, RFC 5869): always the same for the same secret. */
  key(purpose: KeyPurpose): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#secret, 'livereel', purpose, keyBytes));
  }
}

async function readSecret(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const secret = text.trim();
  if (secretPattern.test(secret)) return secret;
  const detail = `${file} does not hold a secret that livereel made. Put the right one back, or remove it: then everybody has to log in again.`;
  throw new LivereelError('bad-configuration', detail);
}

/** Written aside and linked: a server that is killed here leaves no half secret, and of two that start one wins. */
async function makeSecret(file: string): Promise<string> {
  const aside = `${file}.${process.pid}`;
  await writeFile(aside, `${randomBytes(keyBytes).toString('base64url')}\n`, { mode: 0o600 });
  await link(aside, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(aside, { force: true });
  return (await readSecret(file)) as string;
}
