import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { Socket } from 'node:net';
import { loadDatachannel, UdpPort } from './datachannel-transport.ts';
import type { EngineRequest, EngineSettings } from './engine-messages.ts';
import { listeningAddress, localAddresses } from './local-addresses.ts';
import { MessageReader } from './message-pipe.ts';
import { PeerHost } from './peer-host.ts';
import { ServerPipe } from './server-pipe.ts';

/** Where `EngineChild` reads. */
const serverDescriptor = 3;

const back = new Socket({ fd: serverDescriptor, readable: false, writable: true });
const server = new ServerPipe(back);
const settings = JSON.parse(process.argv[2] ?? '{}') as EngineSettings;
// The server is gone: whatever is still to be said has no listener.
for (const pipe of [back, process.stdin]) pipe.on('error', () => process.exit(0));
process.stdin.on('end', () => process.exit(0));

try {
  await run();
} catch (error) {
  server.report({ kind: 'unavailable', reason: (error as Error).message });
  // The server ends this process once it has read why.
  process.stdin.resume();
}

/** @throws Error that says what is missing, in a sentence. */
async function run(): Promise<void> {
  const library = await loadDatachannel().catch(error => {
    throw new Error(
      `The package node-datachannel cannot be loaded on ${process.platform} (${process.arch}): ` +
        `run npm ci with optional packages. ${(error as Error).message}`.slice(0, 500),
    );
  });
  const resolved = await lookup(settings.host);
  const address = listeningAddress(resolved.address, settings.announcedAddresses);
  const port = settings.port === 0 ? await freePort(address) : settings.port;
  const udp = openPort(library, address, port);
  const announced = settings.announcedAddresses;
  const addresses = announced.length > 0 ? announced : localAddresses(address);
  const host = new PeerHost(settings, udp, addresses, server);
  const reader = new MessageReader(({ head, body }) => host.handle(head as EngineRequest, body));
  process.stdin.on('data', (chunk: Buffer) => reader.push(chunk));
  process.on('SIGTERM', () => {
    // Peers are told by DTLS that it is over; that needs a moment.
    host.close();
    setTimeout(() => process.exit(0), 50);
  });
  server.report({ kind: 'ready', port });
}

function openPort(
  library: Awaited<ReturnType<typeof loadDatachannel>>,
  address: string,
  port: number,
): UdpPort {
  try {
    return new UdpPort(library, address, port);
  } catch (error) {
    throw new Error(
      `UDP port ${port} of ${address} is taken by another program, or may not be used: ` +
        `end that program, or set WEBRTC_PORT to another port. ${(error as Error).message}`,
    );
  }
}

/** A port that was free a moment ago. */
async function freePort(address: string): Promise<number> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, resolve);
  });
  const { port } = socket.address();
  await new Promise<void>(resolve => socket.close(() => resolve()));
  return port;
}
