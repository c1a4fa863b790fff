import type { TestPage } from './chromium.ts';
import { eventually } from './eventually.ts';

/** What a browser says of what it gets of one kind (`RTCInboundRtpStreamStats`). */
export type Inbound = {
  readonly framesDecoded: number;
  readonly frameWidth: number;
  readonly nackCount: number;
  /** Milliseconds on the sender's clock; null before the browser knows that from sender reports. */
  readonly estimatedPlayoutTimestamp: number | null;
};

/** The one peer connection of a page that has a video element: the browser's side. */
export class PagePeer {
  readonly #page: TestPage;

  constructor(page: TestPage) {
    this.#page = page;
  }

  /** The camera and the microphone; `rids`: layers from the smallest on. */
  async offerToPublish(codec: string, rids: readonly string[]): Promise<string> {
    return await this.#page.evaluate(`(async () => {
      const rids = ${JSON.stringify(rids)};
      const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640 }, audio: true });
      const peer = window.peer = new RTCPeerConnection();
      for (const track of media.getTracks()) {
        const isVideo = track.kind === 'video';
        const layers = rids.map((rid, index) => ({ rid, scaleResolutionDownBy: 4 / 2 ** index }));
        const sendEncodings = isVideo && rids.length > 0 ? layers : undefined;
        const transceiver = peer.addTransceiver(track, { direction: 'sendonly', streams: [media], sendEncodings });
        if (!isVideo) continue;
        const wanted = [${JSON.stringify(`video/${codec}`)}, 'video/rtx'];
        const { codecs } = RTCRtpSender.getCapabilities('video');
        transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => wanted.includes(mimeType)));
      }
      await peer.setLocalDescription();
      return peer.localDescription.sdp;
    })()`);
  }

  /** To see and to hear; what comes is shown in the page's video element. */
  async offerToView(): Promise<string> {
    return await this.#page.evaluate(`(async () => {
      const peer = window.peer = new RTCPeerConnection();
      const shown = document.querySelector('video').srcObject = new MediaStream();
      peer.ontrack = ({ track }) => shown.addTrack(track);
      peer.addTransceiver('audio', { direction: 'recvonly' });
      peer.addTransceiver('video', { direction: 'recvonly' });
      await peer.setLocalDescription();
      return peer.localDescription.sdp;
    })()`);
  }

  async takeAnswer(sdp: string): Promise<void> {
    await this.#page.evaluate(
      `window.peer.setRemoteDescription({ type: 'answer', sdp: ${JSON.stringify(sdp)} })`,
    );
  }

  /** Resolves once packets go both ways. */
  async connected(): Promise<void> {
    const isConnected = () => this.#page.evaluate<boolean>(`window.peer.connectionState === 'connected'`);
    await eventually(isConnected, { what: 'the browser is connected' });
  }

  async inbound(kind: 'video' | 'audio'): Promise<Inbound> {
    return await this.#page.evaluate<Inbound>(`(async () => {
      const reports = [...(await window.peer.getStats()).values()];
      const found = reports.find(({ type, kind }) => type === 'inbound-rtp' && kind === '${kind}') ?? {};
      const { framesDecoded = 0, frameWidth = 0, nackCount = 0, estimatedPlayoutTimestamp = null } = found;
      return { framesDecoded, frameWidth, nackCount, estimatedPlayoutTimestamp };
    })()`);
  }
}
