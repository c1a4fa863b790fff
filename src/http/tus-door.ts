import type { IncomingMessage, ServerResponse } from 'node:http';
import { MemoryLocker } from '@tus/server';
import { LivereelError } from '../errors.ts';
import type { UploadIntake } from '../library/upload-intake.ts';
import type { Log } from '../log.ts';
import type { Askers } from './asker.ts';
import { tokenOf } from './bearer-token.ts';
import { isCrossSite } from './foreign-pages.ts';
import { clientAddressOf, type PublicAddress, publicUrlFor } from './request-origin.ts';
import { readTusMetadata } from './tus-metadata.ts';
import { ProblemServer, type TusRequest, tusRefusal } from './tus-refusal.ts';
import { TusStore } from './tus-store.ts';
import { newUploadId, readUploadId, writeUploadId } from './upload-id.ts';

/** What the door to resumable uploads needs. */
export type TusDoorParts = {
  readonly intake: UploadIntake;
  readonly askers: Askers;
  readonly publicAddress: () => PublicAddress;
  readonly log: Log;
};

/** The path of resumable uploads. */
export const tusPath = '/uploads';
// A client that comes back takes over from its own lost connection; what that has brought is written meanwhile.
const takeOverMillis = 500;

/**
 * Resumable uploads: tus 1.0 with creation (also with the first bytes), deferred length, termination and expiration
 * (docs/protocol.md, section 8). An upload's address is a secret of its sender. Refusals are problems of RFC 9457.
 */
export class TusDoor {
  readonly #parts: TusDoorParts;
  readonly #server: ProblemServer;

  constructor(parts: TusDoorParts) {
    this.#parts = parts;
    const { intake } = parts;
    const store = new TusStore(intake);
    this.#server = new ProblemServer({
      path: tusPath,
      datastore: store,
      locker: new MemoryLocker(),
      lockDrainTimeout: takeOverMillis,
      maxSize: () => intake.maxBytes,
      exposedHeaders: ['Livereel-Video-Id'],
      namingFunction: () => writeUploadId(newUploadId()),
      generateUrl: (request, { id }) => this.#addressOf(request as TusRequest, id),
      onIncomingRequest: async (_request, id) => {
        readUploadId(id);
      },
      onUploadCreate: async (request, upload) => {
        await this.#begin(request as TusRequest, upload);
        return {};
      },
      onUploadFinish: async (_request, upload) => {
        await intake.finish(readUploadId(upload.id).videoId);
        store.over(upload.id, upload.size ?? upload.offset);
        return {};
      },
      onResponseError: (request, fault) => tusRefusal(request as TusRequest, fault, parts.log),
    });
  }

  /** Whether a request's address is one of resumable uploads. */
  takes(url: string): boolean {
    return url === tusPath || url.startsWith(`${tusPath}/`) || url.startsWith(`${tusPath}?`);
  }

  /** Answers a request. @throws what makes an answer impossible; the connection is then to be closed. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#server.handle(request, response);
  }

  async #begin(
    { headers }: TusRequest,
    upload: { id: string; size?: number | undefined; metadata?: Record<string, string | null> | undefined },
  ): Promise<void> {
    const { intake, askers, publicAddress } = this.#parts;
    // As for the API's own routes: a foreign page may not use what its reader may do.
    if (
      tokenOf(headers, undefined) === undefined &&
      isCrossSite(headers, publicUrlFor(headers, publicAddress()))
    )
      throw new LivereelError('cross-site-request', 'A page of another site may not upload without a token.');
    const asker = await askers.of(headers);
    const { title, visibility, replyTo } = readTusMetadata(upload.metadata ?? {});
    await intake.begin(
      {
        ...readUploadId(upload.id),
        title,
        visibility,
        replyTo,
        sizeBytes: upload.size ?? null,
        metadata: headers.get('upload-metadata'),
      },
      { asker, address: clientAddressOf(headers) },
    );
  }

  /** Also says which video it will be. */
  #addressOf({ headers, runtime }: TusRequest, id: string): string {
    runtime?.node?.res?.setHeader('Livereel-Video-Id', readUploadId(id).videoId);
    return `${publicUrlFor(headers, this.#parts.publicAddress())}${tusPath}/${id}`;
  }
}
