import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { freePort } from '../../test/support/server.ts';
import { missingPackets } from './janus-recording.ts';

const program = '/usr/bin/janus';
const startLimitMillis = 10_000;
const answerLimitMillis = 10_000;
const keepAliveMillis = 20_000;

/** What Janus says; only what is used of it. */
type Message = {
  readonly janus: string;
  readonly transaction?: string;
  readonly data?: { readonly id: number };
  readonly plugindata?: { readonly data: Record<string, unknown> };
  readonly jsep?: { readonly type: string; readonly sdp: string };
  readonly error?: { readonly reason: string };
};
type Plugin = { readonly data: Record<string, unknown>; readonly sdp: string };
type Waiting = { readonly resolve: (message: Message) => void; readonly reject: (error: Error) => void };

/**
 * Debian's Janus with its VideoRoom, doing what livereel does: publishers are forwarded to viewers and recorded (packet
 * by packet into .mjr files, which a program of its own makes a video of later; there is no HLS). Whoever started it
 * closes it.
 */
export class Janus {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, Waiting>();
  readonly #keepAlive: NodeJS.Timeout;
  #session = 0;

  private constructor(process: ChildProcess, folder: string, socket: WebSocket) {
    this.#process = process;
    this.#folder = folder;
    this.#socket = socket;
    socket.on('message', bytes => this.#heard(JSON.parse(`${bytes}`) as Message));
    const ping = () => this.#send({ janus: 'keepalive', session_id: this.#session, transaction: 'alive' });
    this.#keepAlive = setInterval(ping, keepAliveMillis);
  }

  /** Whether Debian's package `janus` is installed. */
  static get isThere(): boolean {
    return existsSync(program);
  }

  /** Starts it with settings of its own, in a temporary folder. @throws Error when it does not answer. */
  static async start(): Promise<Janus> {
    const folder = await mkdtemp(join(tmpdir(), 'livereel-janus-'));
    const port = await freePort();
    await mkdir(join(folder, 'recorded'));
    for (const [name, text] of Object.entries(settings(port))) await writeFile(join(folder, name), text);
    const child = spawn(program, ['-F', folder, '-C', join(folder, 'janus.jcfg'), '--disable-stdout'], {
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    try {
      const janus = new Janus(child, folder, await connected(`ws://127.0.0.1:${port}/`));
      const { data } = await janus.#ask({ janus: 'create' });
      janus.#session = data?.id ?? 0;
      return janus;
    } catch (error) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** A room of its own for a publisher, who is recorded; resolves with its number. */
  async createRoom(room: number): Promise<void> {
    const handle = await this.#attach();
    await this.#tell(handle, {
      request: 'create',
      room,
      publishers: 1,
      // As the engine is asked to: in the same codecs, a key frame every two seconds, no limit of our own.
      videocodec: 'h264,vp8',
      fir_freq: 2,
      bitrate: 0,
      record: true,
      rec_dir: join(this.#folder, 'recorded'),
    });
  }

  /** A publisher's offer. Resolves with the answer. */
  async publish(room: number, offer: string): Promise<string> {
    const handle = await this.#attach();
    const body = { request: 'joinandconfigure', ptype: 'publisher', room, id: room };
    return (await this.#tell(handle, body, { type: 'offer', sdp: offer })).sdp;
  }

  /** A viewer of the room's publisher: Janus makes the offer, which `answer` answers. */
  async view(room: number, answer: (offer: string) => Promise<string>): Promise<void> {
    const handle = await this.#attach();
    const joined = { request: 'join', ptype: 'subscriber', room, streams: [{ feed: room }] };
    const { sdp } = await this.#tell(handle, joined);
    await this.#tell(handle, { request: 'start' }, { type: 'answer', sdp: await answer(sdp) });
  }

  /** How many packets are missing in what it has recorded so far. */
  async lostForGood(): Promise<number> {
    const folder = join(this.#folder, 'recorded');
    const files = await Promise.all((await readdir(folder)).map(name => readFile(join(folder, name))));
    return files.reduce((sum, bytes) => sum + missingPackets(bytes), 0);
  }

  /** Ends it and removes what it recorded. */
  async close(): Promise<void> {
    clearInterval(this.#keepAlive);
    this.#socket.terminate();
    const exited = once(this.#process, 'exit');
    if (this.#process.kill('SIGKILL')) await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #attach(): Promise<number> {
    const { data } = await this.#ask({ janus: 'attach', plugin: 'janus.plugin.videoroom' });
    return data?.id ?? 0;
  }

  async #tell(
    handle: number,
    body: object,
    jsep?: { readonly type: string; readonly sdp: string },
  ): Promise<Plugin> {
    const message = await this.#ask({ janus: 'message', handle_id: handle, body, ...(jsep && { jsep }) });
    const data = message.plugindata?.data ?? {};
    if (data.error !== undefined) throw new Error(`Janus: ${data.error}`);
    return { data, sdp: message.jsep?.sdp ?? '' };
  }

  #ask(request: object): Promise<Message> {
    const transaction = randomBytes(8).toString('hex');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('Janus does not answer')), answerLimitMillis);
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(transaction);
        settle();
      };
      this.#waiting.set(transaction, {
        resolve: message => done(() => resolve(message)),
        reject: error => done(() => reject(error)),
      });
      this.#send({ ...request, transaction, ...(this.#session > 0 && { session_id: this.#session }) });
    });
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  #heard(message: Message): void {
    // `ack`: it is at work, and what it has to say comes later.
    if (message.janus === 'ack') return;
    const waiting = this.#waiting.get(message.transaction ?? '');
    if (message.janus === 'error') waiting?.reject(new Error(`Janus: ${message.error?.reason}`));
    else waiting?.resolve(message);
  }
}

async function connected(url: string): Promise<WebSocket> {
  const giveUpAt = performance.now() + startLimitMillis;
  for (;;) {
    const socket = new WebSocket(url, 'janus-protocol');
    try {
      await once(socket, 'open');
      return socket;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await delay(50);
    }
  }
}

/** As Debian ships it, but for where it listens, and the other plug-ins and transports left out. */
function settings(port: number): Record<string, string> {
  const folder = '/usr/lib/x86_64-linux-gnu/janus';
  const others = ['audiobridge', 'duktape', 'echotest', 'lua', 'nosip', 'recordplay', 'sip', 'streaming']
    .concat(['textroom', 'videocall', 'voicemail'])
    .map(name => `libjanus_${name}.so`);
  const ways = ['http', 'mqtt', 'nanomsg', 'pfunix', 'rabbitmq'].map(name => `libjanus_${name}.so`);
  return {
    'janus.jcfg': [
      `general: { plugins_folder = "${folder}/plugins", transports_folder = "${folder}/transports",`,
      `  events_folder = "${folder}/events", loggers_folder = "${folder}/loggers", debug_level = 2,`,
      '  protected_folders = [ "/bin" ] }',
      'media: { }',
      'nat: { ice_lite = true }',
      `plugins: { disable = "${others.join(',')}" }`,
      `transports: { disable = "${ways.join(',')}" }`,
    ].join('\n'),
    'janus.plugin.videoroom.jcfg': 'general: { }\n',
    'janus.transport.websockets.jcfg': `general: { ws = true, ws_port = ${port}, ws_ip = "127.0.0.1" }\n`,
  };
}
