import type { TestPage } from './chromium.ts';

/** What a page's player says of itself; latency is null where the page does not tell it. */
export type PlayerState = {
  readonly currentTime: number;
  readonly duration: number;
  readonly ended: boolean;
  readonly latencySeconds: number | null;
};

/** How playing went over a while. */
export type Watched = {
  readonly advancedSeconds: number;
  readonly longestStallSeconds: number;
  /** Median of what the player reported every half second; null where it tells none. */
  readonly latencySeconds: number | null;
};

// What runs in a page is text here: the server's sources are compiled without a browser's names, and so are these.
const video = `(document.querySelector('video[data-testid=video]') ?? document.querySelector('video'))`;

/** The page's video as it is now; zeroes while there is none. */
export async function playerState(page: TestPage): Promise<PlayerState> {
  // A number that is not finite does not pass as JSON.
  const state = await page.evaluate<PlayerState & { duration: number | null }>(`(() => {
    const video = ${video};
    const stats = window.livereel;
    return {
      currentTime: video?.currentTime ?? 0,
      duration: Number.isFinite(video?.duration) ? video.duration : null,
      ended: video?.ended ?? false,
      latencySeconds: stats?.hls?.latency ?? stats?.latencySeconds ?? null,
    };
  })()`);
  return { ...state, duration: state.duration ?? Number.NaN };
}

/** Looks at the video's time twenty times a second in the page itself, so that no round trip counts as a stall. */
export async function watchFor(page: TestPage, seconds: number): Promise<Watched> {
  return await page.evaluate<Watched>(`(async () => {
    const video = ${video};
    const begun = performance.now();
    const first = video.currentTime;
    let last = first, movedAt = begun, longest = 0, looks = 0;
    const latencies = [];
    while (performance.now() - begun < ${seconds * 1_000}) {
      await new Promise(resolve => setTimeout(resolve, 50));
      if (video.currentTime !== last) movedAt = performance.now();
      last = video.currentTime;
      longest = Math.max(longest, performance.now() - movedAt);
      looks += 1;
      const latency = window.livereel?.hls?.latency ?? window.livereel?.latencySeconds ?? null;
      if (looks % 10 === 0 && latency !== null) latencies.push(latency);
    }
    latencies.sort((left, right) => left - right);
    const latencySeconds = latencies[latencies.length >> 1] ?? null;
    return { advancedSeconds: last - first, longestStallSeconds: longest / 1000, latencySeconds };
  })()`);
}

/** Moves to a time and plays from there. */
export async function playFrom(page: TestPage, seconds: number): Promise<void> {
  await page.evaluate(
    `(() => { const video = ${video}; video.currentTime = ${seconds}; return video.play(); })()`,
  );
}

/** Whether this browser can record the type. */
export async function canRecord(page: TestPage, mimeType: string): Promise<boolean> {
  return await page.evaluate<boolean>(`MediaRecorder.isTypeSupported(${JSON.stringify(mimeType)})`);
}

/** Players that are not ours, as a page loads them; each notes fatal errors in `window.fatal`. */
const strangers = {
  'hls.js': `
    const player = new Hls({ lowLatencyMode: true });
    player.on('hlsError', (event, data) => { if (data.fatal) window.fatal.push(data.details); });
    player.attachMedia(video);
    player.loadSource(url);
    window.livereel = { hls: player };`,
  'Shaka Player': `
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    player.addEventListener('error', ({ detail }) => {
      if (detail.severity === 2) window.fatal.push(String(detail.code));
    });
    player.configure({ streaming: { lowLatencyMode: true } });
    await player.attach(video);
    await player.load(url);
    window.livereel = { shaka: player };`,
} as const;

/** A player of someone else. */
export type Stranger = keyof typeof strangers;

/** Opens an empty page on the server's origin, with the player's source, and plays the address in it. */
export async function openStranger(
  page: TestPage,
  player: Stranger,
  from: { readonly baseUrl: string; readonly source: string; readonly url: string },
): Promise<void> {
  await page.route('**/stranger.html', route =>
    route.fulfill({ contentType: 'text/html', body: '<video data-testid="video" muted></video>' }),
  );
  await page.goto(`${from.baseUrl}/stranger.html`);
  await page.addScriptTag({ content: from.source });
  await page.evaluate(`(async () => {
    const video = document.querySelector('video');
    const url = ${JSON.stringify(from.url)};
    window.fatal = [];
    ${strangers[player]}
    await video.play();
  })()`);
}

/** What was fatal to the player so far. */
export async function fatalErrors(page: TestPage): Promise<string[]> {
  return await page.evaluate<string[]>('window.fatal');
}
