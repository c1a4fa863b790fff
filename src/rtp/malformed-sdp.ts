import { LivereelError } from '../errors.ts';

/** `malformed-sdp`: `detail` says what is wrong with an offer or a fragment, in a sentence. */
export function malformedSdp(detail: string): LivereelError {
  return new LivereelError('malformed-sdp', `The session description cannot be used: ${detail}`);
}
