import { restartedAnswer, restartFragment } from '../../src/client/ice-restart.ts';
import type { TestChromium, TestPage } from '../support/chromium.ts';

/** What a WHIP or WHEP request is answered with. */
export type StandInAnswer = {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
};

// What runs in the page is text: these sources are compiled without a browser's names.
const script = `
  window.peers = new Map();
  window.publishedStream = new MediaStream();
  window.gathered = connection => new Promise(resolve => {
    const look = () => connection.iceGatheringState === 'complete' && resolve();
    connection.onicegatheringstatechange = look;
    look();
  });
  window.answer = async (name, connection, offer) => {
    window.peers.set(name, { connection, offer });
    await connection.setLocalDescription(await connection.createAnswer());
    await window.gathered(connection);
    return connection.localDescription.sdp;
  };
  window.publish = async (name, offer) => {
    const connection = new RTCPeerConnection();
    connection.ontrack = ({ track }) => {
      for (const old of window.publishedStream.getTracks()) {
        if (old.kind === track.kind) window.publishedStream.removeTrack(old);
      }
      window.publishedStream.addTrack(track);
    };
    await connection.setRemoteDescription({ type: 'offer', sdp: offer });
    return window.answer(name, connection, offer);
  };
  window.view = async (name, offer) => {
    const connection = new RTCPeerConnection();
    await connection.setRemoteDescription({ type: 'offer', sdp: offer });
    for (const transceiver of connection.getTransceivers()) {
      const kind = transceiver.receiver.track.kind;
      const track = window.publishedStream.getTracks().find(track => track.kind === kind);
      transceiver.direction = 'sendonly';
      if (track) await transceiver.sender.replaceTrack(track);
    }
    return window.answer(name, connection, offer);
  };
  window.restart = async (name, offer) => {
    const { connection } = window.peers.get(name);
    await connection.setRemoteDescription({ type: 'offer', sdp: offer });
    return window.answer(name, connection, offer);
  };
  window.camera = async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 360;
    const context = canvas.getContext('2d');
    let step = 0;
    setInterval(() => {
      context.fillStyle = 'hsl(' + (step = (step + 7) % 360) + ' 60% 45%)';
      context.fillRect(0, 0, 640, 360);
    }, 40);
    for (const track of canvas.captureStream(25).getTracks()) window.publishedStream.addTrack(track);
  };
`;

/**
 * A WebRTC server for tests of what runs in browsers: a page of a Chromium answers the offers, with connections of
 * its own. What is published goes to all who view. Closed with its Chromium.
 */
export class WebRtcStandIn {
  readonly #page: TestPage;
  #made = 0;
  /** Method and path of each request, in order. */
  readonly requests: string[] = [];
  /** Each offer, in order. */
  readonly offers: string[] = [];
  /** While it is set, offers are refused with it. */
  refusal: StandInAnswer | undefined;
  /** While it is true, answers name a port where nobody listens, as if a firewall swallowed all packets. */
  isUnreachable = false;
  /** While it is true, new ICE credentials are refused. */
  refusesRestarts = false;
  /** The `Link` header of answers. */
  link: string | undefined;

  private constructor(page: TestPage) {
    this.#page = page;
  }

  /** Opens the page; `hasCamera`: something moves in it, which viewers see while nobody publishes. */
  static async start(chromium: TestChromium, url: string, hasCamera = false): Promise<WebRtcStandIn> {
    const page = await chromium.page();
    await page.route('**/stand-in', route =>
      route.fulfill({ contentType: 'text/html', body: '<title>-</title>' }),
    );
    await page.goto(`${url}/stand-in`);
    // Without it Chromium hides its addresses behind names that only a local network resolves.
    await page.evaluate('navigator.mediaDevices.getUserMedia({ audio: true })');
    await page.evaluate(script);
    if (hasCamera) await page.evaluate('window.camera()');
    return new WebRtcStandIn(page);
  }

  /** Answers `/whip/<id>`, `/whep/<id>` and what lies below. */
  async answer(method: string, path: string, body: string): Promise<StandInAnswer> {
    this.requests.push(`${method} ${path}`);
    const [, door = '', id = '', peer] = path.split('/');
    if (peer !== undefined && method === 'DELETE') {
      await this.#run(`window.peers.get('${peer}')?.connection.close()`);
      return { status: 200, headers: {}, body: '' };
    }
    if (peer !== undefined) return this.#restart(peer, body);
    if (this.refusal !== undefined) return this.refusal;
    this.offers.push(body);
    this.#made += 1;
    const name = `peer${this.#made}`;
    const sdp = await this.#run(
      `window.${door === 'whip' ? 'publish' : 'view'}('${name}', ${JSON.stringify(body)})`,
    );
    const headers: Record<string, string> = {
      'content-type': 'application/sdp',
      location: `/${door}/${id}/${name}`,
      etag: '"1"',
      'livereel-now': `${Date.now() + 60_000}`,
    };
    if (this.link !== undefined) headers.link = this.link;
    return { status: 201, headers, body: this.isUnreachable ? unreachable(sdp) : sdp };
  }

  /** Ends all connections, as a server does that dies. */
  async drop(): Promise<void> {
    await this.#run('for (const { connection } of window.peers.values()) connection.close()');
  }

  /** How many bytes of picture came in from publishers so far, and in which codecs. */
  async received(): Promise<{ bytes: number; codecs: string[] }> {
    return await this.#page.evaluate(`(async () => {
      let bytes = 0;
      const codecs = new Set();
      for (const { connection } of window.peers.values()) {
        const stats = await connection.getStats();
        for (const entry of stats.values()) {
          if (entry.type !== 'inbound-rtp' || entry.kind !== 'video') continue;
          bytes += entry.bytesReceived;
          if (entry.codecId) codecs.add(stats.get(entry.codecId)?.mimeType);
        }
      }
      return { bytes, codecs: [...codecs] };
    })()`);
  }

  async #restart(peer: string, fragment: string): Promise<StandInAnswer> {
    const offer = await this.#run(`window.peers.get('${peer}')?.offer ?? ''`);
    if (this.refusesRestarts || offer === '')
      return { status: 404, headers: {}, body: '{"code":"peer-not-found"}' };
    const sdp = await this.#run(
      `window.restart('${peer}', ${JSON.stringify(restartedAnswer(offer, fragment))})`,
    );
    const candidates = sdp.split('\r\n').filter(line => line.startsWith('a=candidate'));
    const body = restartFragment(sdp) + candidates.map(line => `${line}\r\n`).join('');
    return { status: 200, headers: { 'content-type': 'application/trickle-ice-sdpfrag', etag: '"2"' }, body };
  }

  async #run(text: string): Promise<string> {
    return await this.#page.evaluate<string>(text);
  }
}

function unreachable(sdp: string): string {
  return sdp.replace(/^(a=candidate:\S+ 1 udp \d+ )\S+ \d+/gim, '$1127.0.0.1 9');
}
