import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** A message as it came. */
export type ReceivedMessage = {
  readonly id: string;
  readonly type: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: what it holds is what tests ask.
  readonly data: any;
  readonly sequence: number;
  readonly atMillis: number;
};

/** How a receiver answers; without a word it takes everything. */
export type Answer = (message: ReceivedMessage, response: ServerResponse) => void | Promise<void>;

/** A real HTTP server that keeps what it is told. */
export class Receiver {
  readonly messages: ReceivedMessage[] = [];
  readonly url: string;
  answer: Answer = (_message, response) => void response.writeHead(204).end();

  private constructor(url: string) {
    this.url = url;
  }

  /** Listens on a free port (or on `port`) until the test is over. */
  static async start(t: Test, port = 0): Promise<Receiver> {
    let receiver: Receiver | undefined;
    const server = createServer((request, response) => void receiver?.take(request, response));
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
    t.teardown(() => {
      server.closeAllConnections();
      return new Promise(resolve => server.close(resolve));
    });
    receiver = new Receiver(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
    return receiver;
  }

  /** Types of what came, in its order; of one video if it is named. */
  types(videoId?: string): string[] {
    return this.messages
      .filter(({ data }) => videoId === undefined || data.videoId === videoId)
      .map(({ type }) => type);
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces).toString();
    const { id, type, data, sequence } = JSON.parse(body);
    const message = { id, type, data, sequence, headers: request.headers, body, atMillis: performance.now() };
    this.messages.push(message);
    await this.answer(message, response);
  }
}

/** Whether one of a message's signatures was made with this secret, by the letter of Standard Webhooks. */
export function isSignedWith(secret: string, { headers, body }: ReceivedMessage): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const signature = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(signature);
}
