import { type MediaDescription, parseParams } from 'sdp-transform';
import type { RtpCodec } from './negotiated-media.ts';

/** The codec of an m-section that both sides know. */
export type ChosenCodec = {
  readonly codec: RtpCodec;
  readonly payloadType: number;
  /** Null where no retransmissions were offered for it. */
  readonly rtxPayloadType: number | null;
  /** For the answer; null where the codec needs none. */
  readonly formatParameters: string | null;
};

/** What each codec is for. */
export const kindOfCodec = { H264: 'video', VP8: 'video', opus: 'audio' } as const satisfies Record<
  RtpCodec,
  'video' | 'audio'
>;

type Format = {
  readonly payloadType: number;
  readonly name: string;
  readonly parameters: Record<string, string | number | undefined>;
};

/**
 * The best codec of a section by `wish` (the best first); null when there is none. Among several of one codec H.264's
 * profiles decide, then the order of the offer.
 */
export function chooseCodec(section: MediaDescription, wish: readonly RtpCodec[]): ChosenCodec | null {
  const formats = formatsOf(section);
  for (const codec of wish) {
    if (kindOfCodec[codec] !== section.type) continue;
    const [best] = formats
      .map(format => ({ format, rank: rankOf(codec, format) }))
      .filter(({ rank }) => rank > 0)
      .sort((a, b) => b.rank - a.rank);
    if (best === undefined) continue;
    return {
      codec,
      payloadType: best.format.payloadType,
      rtxPayloadType: codec === 'opus' ? null : repairOf(best.format.payloadType, formats),
      formatParameters: parametersOf(codec, best.format),
    };
  }
  return null;
}

/** The formats of a section with their codecs, in the order of its m-line. */
function formatsOf(section: MediaDescription): Format[] {
  const parameters = new Map(section.fmtp.map(({ payload, config }) => [payload, config]));
  const names = new Map(
    section.rtp.map(({ payload, codec, rate, encoding }) => [
      payload,
      `${codec}/${rate}${encoding === undefined ? '' : `/${encoding}`}`.toUpperCase(),
    ]),
  );
  return String(section.payloads ?? '')
    .split(' ')
    .flatMap(word => {
      const payloadType = Number(word);
      const name = names.get(payloadType);
      if (name === undefined || !isUsable(payloadType)) return [];
      return [{ payloadType, name, parameters: parseParams(String(parameters.get(payloadType) ?? '')) }];
    });
}

/** On a port that carries RTCP too, 64 to 95 would be taken for it (RFC 5761, section 4). */
function isUsable(payloadType: number): boolean {
  return Number.isInteger(payloadType) && payloadType >= 0 && payloadType <= 127 && (payloadType & 96) !== 64;
}

/** The higher the better; 0: not this codec, or not in a way that is taken. */
function rankOf(codec: RtpCodec, format: Format): number {
  if (codec === 'opus') return format.name === 'OPUS/48000/2' ? 1 : 0;
  if (codec === 'VP8') return format.name === 'VP8/90000' ? 1 : 0;
  if (format.name !== 'H264/90000' || String(format.parameters['packetization-mode']) !== '1') return 0;
  return rankOfProfile(profileLevelId(format));
}

/**
 * H.264's profiles as RFC 6184, table 5, tells them apart. Constrained baseline is what every browser can decode;
 * those above high (4:2:2, 10 bits, 4:4:4) hardly anything can.
 */
function rankOfProfile(profileLevelId: string): number {
  const profile = Number.parseInt(profileLevelId.slice(0, 2), 16);
  const constraints = Number.parseInt(profileLevelId.slice(2, 4), 16);
  const isConstrainedBaseline =
    (profile === 0x42 && (constraints & 0x40) !== 0) ||
    (profile === 0x4d && (constraints & 0x80) !== 0) ||
    (profile === 0x58 && (constraints & 0xc0) === 0xc0);
  if (isConstrainedBaseline) return 4;
  return { 0x42: 3, 0x4d: 2, 0x64: 1 }[profile] ?? 0;
}

/** Without one, baseline at level 1 is meant (RFC 6184, section 8.1). */
function profileLevelId({ parameters }: Format): string {
  const given = String(parameters['profile-level-id'] ?? '');
  return /^[0-9a-f]{6}$/i.test(given) ? given.toLowerCase() : '42000a';
}

function parametersOf(codec: RtpCodec, format: Format): string | null {
  if (codec === 'VP8') return null;
  if (codec === 'H264') {
    const asymmetry =
      String(format.parameters['level-asymmetry-allowed']) === '1' ? 'level-asymmetry-allowed=1;' : '';
    return `${asymmetry}packetization-mode=1;profile-level-id=${profileLevelId(format)}`;
  }
  // Two channels only for who has them to send, or asks for them: a microphone's one is not doubled.
  const isStereo = [format.parameters.stereo, format.parameters['sprop-stereo']].some(given => given === 1);
  return `minptime=10;useinbandfec=1${isStereo ? ';stereo=1;sprop-stereo=1' : ''}`;
}

function repairOf(payloadType: number, formats: readonly Format[]): number | null {
  const repair = formats.find(
    ({ name, parameters }) => name === 'RTX/90000' && String(parameters.apt) === String(payloadType),
  );
  return repair?.payloadType ?? null;
}
