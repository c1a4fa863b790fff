import type { TemplatedApp, WebSocket } from 'uWebSockets.js';
import { LivereelError } from '../errors.ts';
import {
  type ConnectionSettings,
  IngestConnection,
  type MessageSocket,
  refuseSocket,
} from '../ingest/ingest-connection.ts';
import type { Log } from '../log.ts';
import { credentials, type PublishedSessions } from './data-ingest.ts';

type SocketData = {
  readonly id: string;
  readonly token: string;
  readonly settings: ConnectionSettings;
  connection: IngestConnection | null;
  /** What came before the publisher was admitted. */
  early: { readonly bytes: Buffer; readonly isBinary: boolean }[];
  isClosed: boolean;
};

// A script that does not wait for `ready` may send this much before it is admitted.
const largestEarlyBytes = 8_388_608;
// A message that is over the limit by less is still received, so that its sender is told why.
const toldExcessBytes = 16_777_216;
const idleTimeoutSeconds = 30;

/** The ingest WebSocket `/ingest/:id` (docs/protocol.md, section 3.1). */
export function addIngestSocket(
  app: TemplatedApp,
  sessions: PublishedSessions,
  settings: Omit<ConnectionSettings, 'hasTimestamps' | 'endsOnClose'>,
  log: Log,
): void {
  app.ws<SocketData>('/ingest/:id', {
    maxPayloadLength: settings.maxMessageBytes + toldExcessBytes,
    idleTimeout: idleTimeoutSeconds,
    sendPingsAutomatically: true,
    maxBackpressure: 1_048_576,
    // Upgraded at once and admitted after: an upgrade that waits is now and then closed by uWebSockets.js 20.51
    // right behind its 101 (it reads the socket as the HTTP response that it was). Refusals are told over the
    // WebSocket in any case: a browser shows a script no other answer.
    upgrade: (response, request, context) => {
      const data: SocketData = {
        ...credentials(request),
        settings: {
          ...settings,
          hasTimestamps: request.getQuery('timestamps') === 'us',
          endsOnClose: request.getQuery('endOnClose') === '1',
        },
        connection: null,
        early: [],
        isClosed: false,
      };
      const [key, protocol, extensions] = ['key', 'protocol', 'extensions'].map(name =>
        request.getHeader(`sec-websocket-${name}`),
      ) as [string, string, string];
      response.upgrade(data, key, protocol, extensions, context);
    },
    open: socket => void admit(socket, sessions, log),
    message: (socket, message, isBinary) => {
      const data = socket.getUserData();
      if (data.connection !== null) deliver(data.connection, message, isBinary);
      else keepEarly(socket, message, isBinary);
    },
    close: socket => {
      const data = socket.getUserData();
      data.isClosed = true;
      data.connection?.closed();
    },
  });
}

async function admit(socket: WebSocket<SocketData>, sessions: PublishedSessions, log: Log): Promise<void> {
  const data = socket.getUserData();
  const messages = messageSocket(socket);
  try {
    const session = await sessions.authorize(data.id, data.token);
    if (data.isClosed) return;
    const connection = new IngestConnection(session, messages, data.settings);
    data.connection = connection;
    for (const { bytes, isBinary } of data.early.splice(0)) deliver(connection, bytes, isBinary);
  } catch (error) {
    if (!(error instanceof LivereelError)) log.error({ err: error }, 'publisher not admitted');
    const isKnown = error instanceof LivereelError;
    refuseSocket(messages, isKnown ? error : new LivereelError('internal', 'the server failed; try again'));
  }
}

function deliver(connection: IngestConnection, message: ArrayBuffer | Buffer, isBinary: boolean): void {
  if (!isBinary) connection.text(Buffer.from(message as ArrayBuffer).toString('utf8'));
  else connection.binary(message instanceof ArrayBuffer ? new Uint8Array(message) : message);
}

function keepEarly(socket: WebSocket<SocketData>, message: ArrayBuffer, isBinary: boolean): void {
  const data = socket.getUserData();
  // The memory behind `message` is taken back after this call.
  data.early.push({ bytes: Buffer.from(message.slice(0)), isBinary });
  if (data.early.reduce((sum, { bytes }) => sum + bytes.length, 0) <= largestEarlyBytes) return;
  data.early = [];
  const error = new LivereelError('payload-too-large', 'wait for the "ready" message before sending so much');
  refuseSocket(messageSocket(socket), error);
}

function messageSocket(socket: WebSocket<SocketData>): MessageSocket {
  return {
    send: text => {
      if (!socket.getUserData().isClosed) socket.send(text);
    },
    close: (code, reason) => {
      if (!socket.getUserData().isClosed) socket.end(code, reason);
    },
  };
}
