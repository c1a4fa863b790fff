import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { malformedSdp } from './malformed-sdp.ts';

/** A name and a password that belong together (RFC 8839, section 5.4). */
export type IceCredentials = { readonly ufrag: string; readonly password: string };

/** The hash of a certificate (RFC 8122, section 5): `sha-256`, `AB:CD:…`. */
export type Fingerprint = { readonly algorithm: string; readonly value: string };

/** How a peer is recognised: what its packets must be signed with. */
export type PeerTransport = { readonly ice: IceCredentials; readonly fingerprint: Fingerprint };

const hashBytes = new Map([
  ['sha-1', 20],
  ['sha-224', 28],
  ['sha-256', 32],
  ['sha-384', 48],
  ['sha-512', 64],
]);

/**
 * The transport of a section; what it does not say itself, the session says for all.
 * @throws LivereelError `malformed-sdp` when ICE or DTLS are missing.
 */
export function readPeerTransport(section: MediaDescription, session: SessionDescription): PeerTransport {
  const ice = readIceCredentials(
    section.iceUfrag ?? session.iceUfrag ?? '',
    section.icePwd ?? session.icePwd ?? '',
  );
  const setup = section.setup ?? session.setup;
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive') {
    throw malformedSdp('it has no a=setup:actpass; media is encrypted by DTLS.');
  }
  const given = section.fingerprint ?? session.fingerprint;
  const fingerprint = {
    algorithm: String(given?.type ?? '').toLowerCase(),
    value: String(given?.hash ?? '').toUpperCase(),
  };
  const sizeBytes = hashBytes.get(fingerprint.algorithm);
  if (sizeBytes === undefined || !/^[0-9A-F]{2}(:[0-9A-F]{2})*$/.test(fingerprint.value)) {
    throw malformedSdp('it has no a=fingerprint that can be read; media is encrypted by DTLS.');
  }
  if (fingerprint.value.length !== 3 * sizeBytes - 1) {
    throw malformedSdp(`its a=fingerprint is too long or too short for ${fingerprint.algorithm}.`);
  }
  return { ice, fingerprint };
}

/** @throws LivereelError `malformed-sdp` when they are not as RFC 8839, section 5.4, wants them. */
export function readIceCredentials(ufrag: string | number, password: string | number): IceCredentials {
  const ice = { ufrag: String(ufrag), password: String(password) };
  if (!/^[\w+/=-]{4,256}$/.test(ice.ufrag) || !/^[\w+/=-]{22,256}$/.test(ice.password)) {
    throw malformedSdp('it has no a=ice-ufrag and a=ice-pwd that can be used.');
  }
  return ice;
}
