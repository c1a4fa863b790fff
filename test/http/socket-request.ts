import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

/** A whole answer. `json` is undefined when the text is none. */
export type SocketAnswer = { status: number; headers: IncomingHttpHeaders; text: string; json: unknown };

/** What is sent. */
export type SocketRequest = {
  method?: string;
  headers?: OutgoingHttpHeaders;
  /** Objects go as JSON; a list of chunks goes chunked, without a length. */
  body?: string | Uint8Array | object;
  chunks?: readonly Uint8Array[];
};

/** Sends one request to a Unix socket, as nginx does, and reads the whole answer. */
export function socketRequest(
  socketPath: string,
  path: string,
  options: SocketRequest = {},
): Promise<SocketAnswer> {
  const { body, chunks } = options;
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const headers: OutgoingHttpHeaders = { host: 'localhost:8000', ...options.headers };
  if (body !== undefined && !isRaw) headers['content-type'] ??= 'application/json';
  const sentBody = body === undefined || isRaw ? body : JSON.stringify(body);
  // Node says the length by itself only of methods that usually have a body.
  if (sentBody !== undefined) headers['content-length'] ??= Buffer.byteLength(sentBody);
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, path, method: options.method ?? 'GET', headers, agent: false },
      response => {
        const received: Buffer[] = [];
        response.on('data', (chunk: Buffer) => received.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(received).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
        });
      },
    );
    sent.on('error', reject);
    for (const chunk of chunks ?? []) sent.write(chunk);
    sent.end(sentBody);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
