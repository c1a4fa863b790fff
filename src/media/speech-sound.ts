/** Samples in a second of what is listened to: mono, signed 16 bit, as all speech models take it. */
export const speechSampleRate = 16_000;
