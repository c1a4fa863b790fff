/** What is used of a WebSocket: the browser's, Node's own (22 on), and the `ws` package's all have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** Makes a WebSocket to an address. */
export type WebSocketClass = new (url: string) => WebSocketLike;

/**
 * The given class, else the platform's.
 * @throws TypeError when there is neither (Node 20): pass the one of the `ws` package.
 */
export function webSocketClass(given: WebSocketClass | undefined): WebSocketClass {
  const found = given ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (found === undefined) {
    throw new TypeError(
      "This platform has no WebSocket. Pass one: { webSocket: (await import('ws')).WebSocket }.",
    );
  }
  return found;
}
