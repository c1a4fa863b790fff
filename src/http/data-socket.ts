import type { TemplatedApp, WebSocket } from 'uWebSockets.js';
import { LivereelError } from '../errors.ts';
import {
  type ConnectionSettings,
  IngestConnection,
  type MessageSocket,
  refuseSocket,
} from '../ingest/ingest-connection.ts';
import type { Log } from '../log.ts';
import type { Session } from '../sessions/session.ts';
import { credentials, type PublishedSessions } from './data-ingest.ts';

type SocketData = {
  readonly admitted: Session | LivereelError;
  readonly settings: ConnectionSettings;
  connection: IngestConnection | null;
  isClosed: boolean;
};

// A message over the limit is still received up to this size, so that its sender is told why.
const receivedMessageBytes = 33_554_432;
const idleTimeoutSeconds = 30;

/** The ingest WebSocket `/ingest/:id` (docs/protocol.md, section 3.1). */
export function addIngestSocket(
  app: TemplatedApp,
  sessions: PublishedSessions,
  settings: Omit<ConnectionSettings, 'hasTimestamps' | 'endsOnClose'>,
  log: Log,
): void {
  app.ws<SocketData>('/ingest/:id', {
    maxPayloadLength: receivedMessageBytes,
    idleTimeout: idleTimeoutSeconds,
    sendPingsAutomatically: true,
    maxBackpressure: 1_048_576,
    upgrade: (response, request, context) => {
      let isAborted = false;
      response.onAborted(() => {
        isAborted = true;
      });
      const { id, token } = credentials(request);
      const hasTimestamps = request.getQuery('timestamps') === 'us';
      const endsOnClose = request.getQuery('endOnClose') === '1';
      const [key, protocol, extensions] = ['key', 'protocol', 'extensions'].map(name =>
        request.getHeader(`sec-websocket-${name}`),
      ) as [string, string, string];
      // Refusals are told over the WebSocket: a browser shows a script no other answer.
      void admit(sessions, id, token, log).then(admitted => {
        if (isAborted) return;
        const data: SocketData = {
          admitted,
          settings: { ...settings, hasTimestamps, endsOnClose },
          connection: null,
          isClosed: false,
        };
        response.cork(() => response.upgrade(data, key, protocol, extensions, context));
      });
    },
    open: socket => {
      const data = socket.getUserData();
      const messages = messageSocket(socket);
      if (data.admitted instanceof LivereelError) return refuseSocket(messages, data.admitted);
      try {
        data.connection = new IngestConnection(data.admitted, messages, data.settings);
      } catch (error) {
        refuseSocket(
          messages,
          error instanceof LivereelError ? error : new LivereelError('internal', 'the server failed'),
        );
      }
    },
    message: (socket, message, isBinary) => {
      const { connection } = socket.getUserData();
      if (connection === null) return;
      if (isBinary) connection.binary(new Uint8Array(message));
      else connection.text(Buffer.from(message).toString('utf8'));
    },
    close: socket => {
      const data = socket.getUserData();
      data.isClosed = true;
      data.connection?.closed();
    },
  });
}

async function admit(
  sessions: PublishedSessions,
  id: string,
  token: string,
  log: Log,
): Promise<Session | LivereelError> {
  try {
    return await sessions.authorize(id, token);
  } catch (error) {
    if (error instanceof LivereelError) return error;
    log.error({ err: error }, 'publisher not admitted');
    return new LivereelError('internal', 'the server failed; try again');
  }
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
