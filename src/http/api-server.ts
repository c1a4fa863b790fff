import { chmod, lstat, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { problemResponse } from './problem.ts';
import type { TusDoor } from './tus-door.ts';

// nginx keeps connections to us for 60 s: ours must outlast them, or it sends into one that we are closing.
const keepAliveMillis = 75_000;
const headersMillis = 10_000;
const requestMillis = 30_000;
/** What every system takes (sockaddr_un: 104 bytes on macOS, 108 on Linux, the closing zero included). */
const maxSocketPathBytes = 103;
/** How long a request under way may take once the server closes. */
const drainMillis = 3_000;

/** What an `ApiServer` is started with; `app` is `createApiApp`'s. */
export type ApiServerParts = {
  readonly app: OpenAPIHono;
  readonly socketPath: string;
  /** Takes files: requests for it go there, and none has to be over by a certain time. */
  readonly tus?: TusDoor;
  readonly log: Log;
};

/** Serves the control plane, or the doors for files, on a Unix socket, for nginx alone (mode 0660). Owns the socket file. */
export class ApiServer {
  readonly #server: Server;
  readonly #socketPath: string;
  #closed: Promise<void> | undefined;

  private constructor(server: Server, socketPath: string) {
    this.#server = server;
    this.#socketPath = socketPath;
  }

  /**
   * Listens; a socket file that a killed server left is replaced. `socketPath` is at most 103 bytes.
   * @throws LivereelError `bad-configuration` when something that is no socket stands there, or nothing can.
   */
  static async start({ app, socketPath, tus, log }: ApiServerParts): Promise<ApiServer> {
    await makeRoom(socketPath);
    const listener = getRequestListener(app.fetch, {
      // What is no request to hono: a Host header or a target that makes no URL.
      errorHandler: error => problemResponse(unreadable(error), log),
    });
    const server = createServer({ keepAliveTimeout: keepAliveMillis }, (request, response) => {
      const takesFile = tus?.takes(request.url ?? '') ?? false;
      const answered = takesFile ? tus?.handle(request, response) : listener(request, response);
      answered?.catch((error: unknown) => {
        log.warn({ err: error }, 'answer could not be sent');
        response.destroy();
      });
    });
    server.headersTimeout = headersMillis;
    server.requestTimeout = tus === undefined ? requestMillis : 0;
    await listen(server, socketPath);
    const started = new ApiServer(server, socketPath);
    try {
      await chmod(socketPath, 0o660);
    } catch (error) {
      await started.close();
      throw error;
    }
    return started;
  }

  /** Takes no more requests, lets those under way finish for 3 s, then cuts them. Safe twice, never throws. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const cut = setTimeout(() => this.#server.closeAllConnections(), drainMillis);
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
    clearTimeout(cut);
    await rm(this.#socketPath, { force: true }).catch(() => {});
  }
}

function unreadable(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'RequestError') return error;
  return new LivereelError('bad-request', 'The address or the Host header cannot be read.', { cause: error });
}

async function makeRoom(socketPath: string): Promise<void> {
  // Node cuts a longer path without a word, and listens somewhere else.
  if (Buffer.byteLength(socketPath) > maxSocketPathBytes) {
    const detail = `The socket's path ${socketPath} is over ${maxSocketPathBytes} bytes. Set a shorter CONTENT_DIR.`;
    throw new LivereelError('bad-configuration', detail);
  }
  const found = await lstat(socketPath).catch(() => undefined);
  if (found === undefined) return;
  if (found.isSocket()) return rm(socketPath, { force: true });
  const detail = `${socketPath} is in the way and is not a socket. Move it, or set another CONTENT_DIR.`;
  throw new LivereelError('bad-configuration', detail);
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => {
      const detail = `Cannot listen on ${socketPath} (${cause.message}). Set a CONTENT_DIR that can be written to.`;
      reject(new LivereelError('bad-configuration', detail, { cause }));
    };
    server.once('error', failed);
    server.listen(socketPath, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
