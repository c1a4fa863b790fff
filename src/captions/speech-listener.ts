/** Takes a session's sound, as its pipeline hears it; one per session, owned by the session. */
export interface SpeechListener {
  /**
   * Sound at its place: `startSeconds` on the media timeline (the one of captions and of the player), 16 kHz mono.
   * Times rise; a hole between two pushes is silence, what was heard before never comes again.
   */
  push(startSeconds: number, pcm: Int16Array): void;
  /** No more sound will come; resolves when every caption is final, or given up. Never rejects. */
  end(): Promise<void>;
  /** Lets go at once. Safe to call twice, never throws. */
  close(): Promise<void>;
}
