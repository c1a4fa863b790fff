/**
 * The engine's library with nothing of ours behind it: each publisher that POSTs an offer is answered, and its packets
 * are counted and let go. What that costs is the floor of what the engine can cost. Prints its address; ends with its
 * standard input.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { writeAnswer } from '../../src/rtp/answer.ts';
import { narrowOffer } from '../../src/rtp/narrow-offer.ts';
import { readOffer } from '../../src/rtp/offer.ts';
import {
  type DatachannelTransport,
  loadDatachannel,
  UdpPort,
} from '../../src/webrtc/datachannel-transport.ts';
import { freePort } from '../../test/support/server.ts';

const host = '127.0.0.1';
const port = new UdpPort(await loadDatachannel(), host, await freePort());
const transports: DatachannelTransport[] = [];
let packets = 0;
const events = {
  opened: () => undefined,
  packet: () => {
    packets += 1;
  },
  closed: () => undefined,
  fault: (error: unknown) => console.error(error),
};

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(`${packets}`);
    return;
  }
  void text(request).then(sdp => {
    const offer = readOffer(sdp, 'publish');
    const ice = { ufrag: randomBytes(6).toString('hex'), password: randomBytes(24).toString('hex') };
    const transport = port.open(narrowOffer(offer), ice, events);
    transports.push(transport);
    const candidates = [{ address: host, port: port.port }];
    response.writeHead(201).end(writeAnswer(offer, { ...transport.description, candidates }));
  });
});
server.listen(0, host, () => console.log(`http://${host}:${(server.address() as AddressInfo).port}/`));
process.stdin.resume().on('end', () => process.exit(0));
