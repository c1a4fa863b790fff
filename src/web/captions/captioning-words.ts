/** How well a stream is captioned, as the event `captioning` tells. */
export type Captioning = {
  readonly state: 'on' | 'delayed' | 'paused' | 'off';
  readonly lagSeconds: number;
  /** Why they are off, in words, where the server says it. */
  readonly reason?: string;
};

/** What is known of a video's captions. */
export type CaptionFacts = {
  readonly captioning: Captioning | undefined;
  readonly correctedPercent: number | undefined;
  readonly isLive: boolean;
  /** Whether a file is on its way or made into the video: nobody has listened to it yet. */
  readonly isMade: boolean;
  /** Whether the server has said what there is. */
  readonly isKnown: boolean;
  readonly hasCaptions: boolean;
  readonly isTranscript: boolean;
};

/** The state of the captions in a sentence; empty when all is as one expects. */
export function captioningWords(facts: CaptionFacts): string {
  return facts.isLive ? liveWords(facts) : overWords(facts);
}

function liveWords({ captioning, isKnown, hasCaptions }: CaptionFacts): string {
  if (!isKnown) return 'Looking for captions';
  if (captioning === undefined) return hasCaptions ? '' : 'No captions yet';
  const lagSeconds = Math.round(captioning.lagSeconds);
  if (captioning.state === 'paused') {
    return 'Captions are paused: the server has too much to do. All of it comes after the end.';
  }
  if (captioning.state === 'delayed') return `Captions are delayed by ${lagSeconds} s: the server is busy`;
  if (captioning.state === 'off') return `Captions are off${reasonWords(captioning.reason)}`;
  return hasCaptions ? 'Captions are on' : 'Captions are on: what is said will stand here';
}

function overWords({ correctedPercent, isKnown, isMade, hasCaptions, isTranscript }: CaptionFacts): string {
  if (correctedPercent !== undefined) return `Correcting the transcript: ${Math.floor(correctedPercent)} %`;
  if (!isKnown) return 'Looking for the transcript';
  if (!hasCaptions && !isTranscript && isMade) return 'The video is still being made';
  if (!hasCaptions) return isTranscript ? 'Nobody speaks in this video' : 'This video has no transcript';
  return isTranscript ? '' : 'As it was heard live, not corrected yet';
}

function reasonWords(reason: string | undefined): string {
  return reason === undefined || reason === '' ? ' for this video' : `: ${reason}`;
}
