import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What a test may make of a request before it is answered as usual; true: it answered itself. */
export type Interference = (request: IncomingMessage, response: ServerResponse) => boolean | undefined;

/** A web server on the loopback address that gives out a folder's files, with ranges and validators. */
export class FileOrigin {
  /** Every request so far. */
  readonly asked: IncomingMessage[] = [];
  /** Connections so far. */
  connections = 0;
  interfere: Interference = () => false;
  /** Of every file; a test changes it when the file is to be another. */
  etag = '"one"';
  readonly #server;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer((request, response) => {
      this.asked.push(request);
      if (this.interfere(request, response)) return;
      void this.#give(request, response);
    });
    this.#server.on('connection', () => {
      this.connections += 1;
    });
  }

  /** Starts one on a free port; `teardown` of the test closes it. */
  static async start(folder: string, t: { teardown(action: () => void): void }): Promise<FileOrigin> {
    const origin = new FileOrigin(folder);
    await new Promise<void>(resolve => origin.#server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      origin.#server.closeAllConnections();
      origin.#server.close();
    });
    return origin;
  }

  /** The address of a file. */
  url(path: string): URL {
    return new URL(path, `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`);
  }

  async #give(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = join(this.#folder, new URL(request.url ?? '', 'http://x').pathname);
    const size = await stat(path).then(
      found => (found.isFile() ? found.size : undefined),
      () => undefined,
    );
    if (size === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here');
      return;
    }
    const { range, 'if-range': ifRange } = request.headers;
    const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
    const isWhole = match === null || (ifRange !== undefined && ifRange !== this.etag);
    const start = isWhole ? 0 : Number(match[1]);
    const end = isWhole || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]));
    if (!isWhole && start >= size) {
      response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
      return;
    }
    response.writeHead(isWhole ? 200 : 206, {
      etag: this.etag,
      'content-length': end - start + 1,
      ...(!isWhole && { 'content-range': `bytes ${start}-${end}/${size}` }),
      ...(path.endsWith('.html') && { 'content-type': 'text/html' }),
    });
    createReadStream(path, { start, end }).pipe(response);
  }
}
