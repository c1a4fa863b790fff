import type { us_listen_socket } from 'uWebSockets.js';
import { chmod, rm } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';
import type { ConnectionSettings } from '../ingest/ingest-connection.ts';
import { addFileRoutes, type FileParts } from './data-files.ts';
import { addIngestRoutes, type PublishedSessions } from './data-ingest.ts';
import { addPlaybackRoutes, type PlaybackParts } from './data-playback.ts';
import { DataResponse } from './data-response.ts';
import { addIngestSocket } from './data-socket.ts';
import { addWebRtcRoutes, type WebRtcDoors } from './data-webrtc.ts';
import { ToldEvents, type ToldEventsParts } from './told-events.ts';
import { uWebSockets } from './uwebsockets.ts';
import { WhepDoor } from './whep-door.ts';
import { WhipDoor } from './whip-door.ts';

export type DataPlaneParts = Omit<ToldEventsParts, 'liveMoment'> &
  PlaybackParts &
  FileParts & {
    readonly sessions: PublishedSessions;
    readonly webRtc: Pick<WebRtcDoors, 'engine' | 'iceServers' | 'publicAddress'>;
    readonly settings: Omit<ConnectionSettings, 'hasTimestamps' | 'endsOnClose'>;
  };

/** Everything that moves media or events: ingest, live playlists and parts, event streams; on one Unix socket. */
export class DataPlane {
  readonly #app = uWebSockets.App();
  readonly #socketPath: string;
  readonly #told: ToldEvents;
  readonly #whep: WhepDoor;
  #listening: us_listen_socket | null = null;

  private constructor(socketPath: string, parts: DataPlaneParts) {
    this.#socketPath = socketPath;
    const { sessions, settings, log } = parts;
    addIngestSocket(this.#app, sessions, settings, log);
    addIngestRoutes(this.#app, sessions, settings, log);
    addPlaybackRoutes(this.#app, parts);
    addFileRoutes(this.#app, parts);
    const liveMoment = (id: string) => sessions.find(id)?.clock.told ?? null;
    this.#told = new ToldEvents(this.#app, { ...parts, liveMoment });
    const { engine } = parts.webRtc;
    const whip = new WhipDoor(engine, sessions, log);
    const { viewers } = this.#told;
    this.#whep = new WhepDoor({ ...parts, engine, publishers: whip, viewers });
    addWebRtcRoutes(this.#app, { ...parts.webRtc, askers: parts.askers, whip, whep: this.#whep, log });
    this.#app.any('/*', response => {
      void new DataResponse(response, log).fail(
        new LivereelError('not-found', 'there is nothing at this address'),
      );
    });
  }

  /** Listens on `socketPath`; a stale socket there is removed. */
  static async start(socketPath: string, parts: DataPlaneParts): Promise<DataPlane> {
    const plane = new DataPlane(socketPath, parts);
    await rm(socketPath, { force: true });
    await plane.#listen();
    // nginx runs as the same user or as root's worker; nobody else is let in by the folder.
    await chmod(socketPath, 0o660);
    return plane;
  }

  async #listen(): Promise<void> {
    const listening = await new Promise<us_listen_socket | false>(resolve =>
      this.#app.listen_unix(resolve, this.#socketPath),
    );
    if (!listening) throw new LivereelError('internal', `the socket ${this.#socketPath} cannot be opened`);
    this.#listening = listening;
  }

  /** Closes the socket and all connections. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#listening === null) return;
    this.#listening = null;
    this.#whep.close();
    await this.#told.close();
    this.#app.close();
    await rm(this.#socketPath, { force: true });
  }
}
