/**
 * Every way in which livereel refuses or fails, as stable kebab-case words.
 * The words are part of the contract (docs/protocol.md, section 6): clients match on them,
 * `http/error-status.ts` gives each its HTTP status, `ingest/close-codes.ts` its WebSocket close code.
 */
export type ErrorCode =
  // requests
  | 'bad-request'
  | 'validation-failed'
  | 'unauthorized'
  | 'not-found'
  | 'method-not-allowed'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'cross-site-request'
  | 'not-ready'
  | 'internal'
  // accounts
  | 'login-failed'
  | 'refresh-token-reused'
  | 'email-taken'
  | 'forbidden'
  | 'quota-exceeded'
  // sessions
  | 'session-not-found'
  | 'session-ended'
  | 'session-superseded'
  | 'session-closed'
  | 'server-full'
  | 'server-draining'
  | 'disk-full'
  | 'too-many-sessions'
  | 'input-not-supported'
  // ingest
  | 'bad-token'
  | 'malformed-message'
  | 'message-too-large'
  | 'unsupported-container'
  | 'offset-mismatch'
  | 'bad-frame'
  | 'frame-too-large'
  | 'publisher-silent'
  | 'media-unusable'
  | 'media-too-costly'
  // uploads
  | 'upload-too-large'
  | 'too-many-uploads'
  | 'upload-not-found'
  | 'media-incomplete'
  // playback
  | 'part-too-far-ahead'
  | 'playlist-not-ready'
  // WebRTC
  | 'malformed-sdp'
  | 'no-common-codec'
  | 'peer-not-found'
  | 'ice-restart-refused'
  | 'precondition-failed'
  | 'precondition-required'
  | 'not-live'
  | 'codecs-not-watchable'
  | 'too-many-requests'
  | 'webrtc-restarting'
  | 'webrtc-unavailable'
  // captions
  | 'recogniser-failed'
  | 'captions-unavailable'
  | 'model-unavailable'
  // imports
  | 'source-address-refused'
  | 'source-unavailable'
  | 'source-refused'
  | 'source-too-large'
  | 'source-is-live'
  | 'source-not-supported'
  | 'downloader-missing'
  | 'import-cancelled'
  | 'import-not-failed'
  | 'import-over'
  | 'too-many-imports'
  // tasks
  | 'task-cancelled'
  | 'task-not-found'
  | 'task-not-over'
  | 'task-not-repeatable'
  // machine
  | 'bad-configuration'
  | 'content-directory-in-use'
  | 'program-missing'
  | 'program-failed'
  | 'database-unavailable';

/** What a `LivereelError` may carry besides its sentence: the cause, and facts a client needs to go on. */
export type ErrorFacts = {
  readonly cause?: unknown;
  /** `server-full`, `too-many-sessions`, `webrtc-restarting`: when to try again. */
  readonly retryAfterSeconds?: number;
  /** `offset-mismatch`: where the server's copy ends (bytes for chunks, frames for frames). */
  readonly offset?: number;
  /** `validation-failed`: what is wrong, field by field. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
};

/**
 * The one error class: a code a program can act on, and a sentence that tells a person what to do.
 * Nothing else is thrown on purpose; whatever else arrives at an edge is answered as `internal`.
 */
export class LivereelError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'LivereelError';
    this.code = code;
    this.facts = facts;
  }
}
