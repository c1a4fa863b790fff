/** What a refusal or failure may say besides its code and sentence. */
export type PublishErrorFacts = {
  readonly cause?: unknown;
  /** When it is worth to try again. */
  readonly retryAfterSeconds?: number;
  /** The HTTP status, where there was one. */
  readonly status?: number;
};

/**
 * Why a publisher failed: `code` is the server's stable word (docs/protocol.md, section 6) or one of ours
 * (`server-unreachable`, `bytes-lost`, `publisher-ended`); the message tells a person what happened and what to do.
 */
export class PublishError extends Error {
  readonly code: string;
  readonly facts: PublishErrorFacts;

  constructor(code: string, message: string, facts: PublishErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'PublishError';
    this.code = code;
    this.facts = facts;
  }
}
