import type { TestChromium, TestPage } from './chromium.ts';

/** How a page publishes its fake camera. */
export type PublishOptions = {
  readonly codec: 'H264' | 'VP8';
  readonly bitrateBitsPerSecond?: number;
  /** Two layers: a quarter of the size, and the whole. */
  readonly isSimulcast?: boolean;
};

/** What a viewer's connection says of what came, and its video of what it shows. */
export type Shown = {
  readonly width: number;
  readonly framesDecoded: number;
  readonly keyFramesDecoded: number;
  readonly packetsLost: number;
  readonly soundPackets: number;
};

/** Gives the answer to an offer. */
export type Answering = (offer: string) => Promise<string>;

// What runs in a page is text here: the server's sources are compiled without a browser's names, and so are these.

/** A blank page that may use the camera; there is no server behind it. */
export async function blankPage(browser: TestChromium): Promise<TestPage> {
  const page = await browser.page();
  await page.route('http://localhost/blank', route =>
    route.fulfill({ contentType: 'text/html', body: '<video autoplay muted playsinline></video>' }),
  );
  await page.goto('http://localhost/blank');
  return page;
}

/** Publishes the fake camera and microphone from `page` (or its `window.camera`, see numbered-camera.ts), and resolves with the milliseconds from answer to connection. */
export async function publishFrom(
  page: TestPage,
  { codec, bitrateBitsPerSecond = 1_500_000, isSimulcast = false }: PublishOptions,
  answering: Answering,
): Promise<number> {
  const layers = isSimulcast
    ? [
        { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 200_000 },
        { rid: 'h', maxBitrate: bitrateBitsPerSecond },
      ]
    : [{ maxBitrate: bitrateBitsPerSecond }];
  const offer = await page.evaluate<string>(`(async () => {
    const stream = window.camera ?? await navigator.mediaDevices.getUserMedia({
      video: { width: 640, height: 480, frameRate: 30 }, audio: true });
    const peer = window.peer = new RTCPeerConnection();
    for (const track of stream.getTracks()) {
      const isVideo = track.kind === 'video';
      const transceiver = peer.addTransceiver(track, { direction: 'sendonly', streams: [stream],
        ...(isVideo && { sendEncodings: ${JSON.stringify(layers)} }) });
      if (!isVideo) continue;
      const all = RTCRtpSender.getCapabilities('video').codecs;
      transceiver.setCodecPreferences([
        ...all.filter(({ mimeType }) => mimeType === 'video/${codec}'),
        ...all.filter(({ mimeType }) => mimeType === 'video/rtx') ]);
    }
    await peer.setLocalDescription();
    return peer.localDescription.sdp;
  })()`);
  return connect(page, await answering(offer));
}

/** Watches in `page`: picture and sound go into its video element. As `publishFrom`. */
export async function viewIn(page: TestPage, answering: Answering): Promise<number> {
  const offer = await page.evaluate<string>(`(async () => {
    const peer = window.peer = new RTCPeerConnection();
    for (const kind of ['video', 'audio']) peer.addTransceiver(kind, { direction: 'recvonly' });
    const stream = new MediaStream();
    document.querySelector('video').srcObject = stream;
    peer.ontrack = ({ track }) => stream.addTrack(track);
    await peer.setLocalDescription();
    return peer.localDescription.sdp;
  })()`);
  return connect(page, await answering(offer));
}

/** As `viewIn`, where the server makes the offer: `answered` is given the answer. */
export async function viewOffered(
  page: TestPage,
  offer: string,
  answered: (sdp: string) => Promise<void>,
): Promise<number> {
  const answer = await page.evaluate<string>(`(async () => {
    const peer = window.peer = new RTCPeerConnection();
    const stream = new MediaStream();
    document.querySelector('video').srcObject = stream;
    peer.ontrack = ({ track }) => stream.addTrack(track);
    await peer.setRemoteDescription({ type: 'offer', sdp: ${JSON.stringify(offer)} });
    await peer.setLocalDescription();
    return peer.localDescription.sdp;
  })()`);
  await answered(answer);
  return whenConnected(page);
}

/** What a viewer's page shows now. */
export async function shownIn(page: TestPage): Promise<Shown> {
  return await page.evaluate<Shown>(`(async () => {
    const all = [...(await window.peer.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
    const picture = all.find(({ kind }) => kind === 'video');
    const sound = all.find(({ kind }) => kind === 'audio');
    return {
      width: document.querySelector('video').videoWidth,
      framesDecoded: picture?.framesDecoded ?? 0,
      keyFramesDecoded: picture?.keyFramesDecoded ?? 0,
      packetsLost: picture?.packetsLost ?? 0,
      soundPackets: sound?.packetsReceived ?? 0,
    };
  })()`);
}

/** The state of the page's connection: `connected`, `failed`, … */
export async function connectionState(page: TestPage): Promise<string> {
  return await page.evaluate<string>('window.peer?.connectionState ?? "none"');
}

async function connect(page: TestPage, answer: string): Promise<number> {
  await page.evaluate(`window.peer.setRemoteDescription({ type: 'answer', sdp: ${JSON.stringify(answer)} })`);
  return whenConnected(page);
}

async function whenConnected(page: TestPage): Promise<number> {
  return await page.evaluate<number>(`(async () => {
    const begun = performance.now();
    const { peer } = window;
    for (;;) {
      if (peer.connectionState === 'connected') return performance.now() - begun;
      if (peer.connectionState === 'failed') throw new Error('the connection failed');
      if (performance.now() - begun > 20_000) throw new Error('the connection is ' + peer.connectionState);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  })()`);
}
