import type { MediaDescription } from 'sdp-transform';
import type { NegotiatedMedia } from './negotiated-media.ts';

type AnnouncedSource = NegotiatedMedia['sources'][number];

// Browsers send three layers at most.
const mostLayers = 4;

/**
 * The sources that a section announces (RFC 5576): those that carry media, each with what repairs it (`FID`). Layers
 * of the older simulcast (`SIM`) come in its order, the smallest first.
 */
export function announcedSources(section: MediaDescription): AnnouncedSource[] {
  const repairs = new Map<number, number>();
  const others = new Set<number>();
  let layers: readonly number[] = [];
  for (const { semantics, ssrcs } of section.ssrcGroups ?? []) {
    const group = String(ssrcs).split(' ').map(Number);
    const [first, second] = group;
    if (semantics === 'SIM' && layers.length === 0) layers = group;
    if (first === undefined || second === undefined) continue;
    if (semantics === 'FID') repairs.set(first, second);
    // Sources of forward error correction carry no pictures of their own.
    if (semantics === 'FID' || semantics === 'FEC-FR') others.add(second);
  }
  const announced = [...layers, ...(section.ssrcs ?? []).map(({ id }) => Number(id))];
  return [...new Set(announced)]
    .filter(ssrc => isSsrc(ssrc) && !others.has(ssrc))
    .slice(0, mostLayers)
    .map(ssrc => {
      const rtxSsrc = repairs.get(ssrc) ?? null;
      return { ssrc, rtxSsrc: rtxSsrc !== null && isSsrc(rtxSsrc) ? rtxSsrc : null };
    });
}

/**
 * The layers that a section offers to send (RFC 8853), in the order of `a=simulcast`; of alternatives the first.
 * Empty without simulcast.
 */
export function offeredStreamIds(section: MediaDescription): string[] {
  const { simulcast } = section;
  if (simulcast === undefined) return [];
  const list =
    simulcast.dir1 === 'send' ? simulcast.list1 : simulcast.dir2 === 'send' ? simulcast.list2 : undefined;
  if (list === undefined) return [];
  const described = new Set(
    (section.rids ?? []).filter(({ direction }) => direction === 'send').map(({ id }) => String(id)),
  );
  const ids = String(list)
    .split(';')
    // A tilde marks layers that are paused at first.
    .map(alternatives => (alternatives.split(',', 1)[0] as string).replace(/^~/, ''));
  return [...new Set(ids)].filter(id => described.has(id) && /^[\w-]{1,16}$/.test(id)).slice(0, mostLayers);
}

function isSsrc(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
