import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';

/** What a peer that publishes is told. */
export type AiortcPublishing = {
  readonly do: 'publish';
  readonly url: string;
  readonly token: string;
  readonly codec: 'H264' | 'VP8';
  /** False: it vanishes at its end without a word. */
  readonly hangUp: boolean;
};

/** What a peer that watches is told. */
export type AiortcWatching = { readonly do: 'watch'; readonly url: string };

/** What it reports; see aiortc-peer.py. */
export type AiortcReport =
  | { readonly event: 'connected' }
  | { readonly event: 'sent'; readonly first: number; readonly last: number }
  | {
      readonly event: 'seen';
      readonly numbers: readonly number[];
      readonly unreadable: number;
      readonly soundSeconds: number;
      readonly beeps: number;
    };

const script = fileURLToPath(new URL('aiortc-peer.py', import.meta.url));
// Debian's own, which has the package; another one may stand before it in PATH.
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** A peer by Python's aiortc, in a process of its own. Owned by its test: `t.teardown(() => peer.close())`. */
export class AiortcPeer {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #reports: AiortcReport[] = [];
  #errors = '';

  constructor(order: AiortcPublishing | AiortcWatching) {
    const child = spawn(python, [script, JSON.stringify(order)], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    let line = '';
    child.stdout.on('data', (bytes: Buffer) => {
      const lines = (line + bytes.toString()).split('\n');
      line = lines.pop() ?? '';
      this.#reports.push(...lines.map(text => JSON.parse(text) as AiortcReport));
    });
    child.stderr.on('data', (bytes: Buffer) => {
      this.#errors = (this.#errors + bytes.toString()).slice(-4_000);
    });
    // It may have ended by itself when it is told to.
    child.stdin.on('error', () => undefined);
    this.#exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    this.#exited.catch(() => undefined);
  }

  /** Resolves when packets can go both ways. @throws Error with what the peer said, when that never comes. */
  async connected(): Promise<void> {
    await this.#report('connected');
  }

  /** Ends it, and gives what it sent or saw. @throws Error as `connected`, or when it ended badly. */
  async end<Event extends 'sent' | 'seen'>(event: Event): Promise<Extract<AiortcReport, { event: Event }>> {
    this.#child.stdin?.end();
    const report = await this.#report(event);
    const code = await this.#exited;
    if (code !== 0) throw new Error(`aiortc ended with ${code}: ${this.#errors}`);
    return report;
  }

  /** Kills it, as when its machine is gone. Safe to call twice. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited.catch(() => undefined);
  }

  async #report<Event extends AiortcReport['event']>(event: Event) {
    return await eventually(
      () => {
        const report = this.#reports.find(one => one.event === event);
        if (report !== undefined) return report as Extract<AiortcReport, { event: Event }>;
        if (this.#child.exitCode === null) return undefined;
        throw new Error(`aiortc ended with ${this.#child.exitCode}: ${this.#errors}`);
      },
      { timeoutSeconds: 40, what: `aiortc says "${event}"` },
    );
  }
}
