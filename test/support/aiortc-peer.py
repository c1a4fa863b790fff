"""A WebRTC peer that is not ours: aiortc publishes by WHIP, or watches by WHEP.

Its one argument is JSON; it reports in JSON lines on standard output, and ends when its standard input does.
publish: {"do", "url", "token", "codec": "H264" | "VP8", "hangUp": true | false}
    Frames of 320 x 180 that carry numbers as test/support/numbered-frames.ts has them, 30 a second, with a flash and a
    beep at every second. {"event": "connected"}; at the end {"event": "sent", "first", "last"}.
watch: {"do", "url"}
    {"event": "connected"}; at the end {"event": "seen", "numbers", "unreadable", "soundSeconds", "beeps"}.
"""

import asyncio
import fractions
import json
import math
import sys
import time
import urllib.request

import av
import numpy
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription, rtcrtpsender
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtcpSrPacket

FRAMES_A_SECOND = 30
SAMPLES_A_SECOND = 48_000
SAMPLES_A_PACKET = 960


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def cells_of(number, flash):
    check = 0b1001
    for bit in range(0, 20, 4):
        check ^= ((number >> bit) & 15) * (7 if (bit // 4) % 2 else 1)
    bits = number * 16 + (check & 15)
    grey = [255 if (bits >> (23 - bit)) & 1 else 0 for bit in range(24)]
    return numpy.array(grey + [255 if flash else 0] * 8, numpy.uint8).reshape(4, 8)


def number_in(picture):
    """The number that a grey picture carries; None when it cannot be read."""
    height, width = picture.shape
    means = picture[: height // 4 * 4, : width // 8 * 8].reshape(4, height // 4, 8, width // 8).mean((1, 3))
    bits = 0
    for grey in means.flatten()[:24]:
        if 88 < grey < 168:
            return None
        bits = bits * 2 + (1 if grey >= 128 else 0)
    number = bits // 16
    return number if numpy.array_equal(cells_of(number, False)[:3], (means[:3] >= 128) * 255) else None


class Clock:
    """When sound and pictures begin: the moment the first of them is asked for."""

    def __init__(self):
        self.begin = None

    async def until(self, seconds):
        if self.begin is None:
            self.begin = time.monotonic()
        await asyncio.sleep(max(0, self.begin + seconds - time.monotonic()))

    def seconds(self):
        return 0 if self.begin is None else time.monotonic() - self.begin


class NumberedPictures(MediaStreamTrack):
    kind = "video"

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.first = self.number = None

    async def recv(self):
        # A slow machine leaves pictures out, but none that flashes.
        now = math.ceil(self.clock.seconds() * FRAMES_A_SECOND)
        if self.number is None:
            self.number = now
        else:
            next_flash = (self.number // FRAMES_A_SECOND + 1) * FRAMES_A_SECOND
            self.number = min(max(self.number + 1, now), next_flash)
        if self.first is None:
            self.first = self.number
        await self.clock.until(self.number / FRAMES_A_SECOND)
        grey = numpy.kron(cells_of(self.number, self.number % FRAMES_A_SECOND == 0), numpy.ones((45, 40), numpy.uint8))
        colourless = numpy.full((90, 320), 128, numpy.uint8)
        frame = av.VideoFrame.from_ndarray(numpy.vstack([grey, colourless]), format="yuv420p")
        frame.pts = self.number
        frame.time_base = fractions.Fraction(1, FRAMES_A_SECOND)
        return frame


class Beeps(MediaStreamTrack):
    kind = "audio"

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.next = None

    async def recv(self):
        if self.next is None:
            self.next = math.ceil(self.clock.seconds() * SAMPLES_A_SECOND / SAMPLES_A_PACKET) * SAMPLES_A_PACKET
        begin = self.next
        self.next += SAMPLES_A_PACKET
        # Sound is there when its last sample was heard.
        await self.clock.until(self.next / SAMPLES_A_SECOND)
        seconds = numpy.arange(begin, begin + SAMPLES_A_PACKET) / SAMPLES_A_SECOND
        loud = numpy.where(seconds % 1 < 0.05, 0.8 * numpy.sin(2 * numpy.pi * 1_000 * seconds), 0)
        frame = av.AudioFrame.from_ndarray((loud * 32_767).astype(numpy.int16).reshape(1, -1), layout="mono")
        frame.pts = begin
        frame.sample_rate = SAMPLES_A_SECOND
        frame.time_base = fractions.Fraction(1, SAMPLES_A_SECOND)
        return frame


def report_when_taken(sender, clock, ticks_a_second):
    """Lets sender reports say when pictures and sound were taken: aiortc says when they were sent, and a loaded machine
    encodes for longer than sound and picture may be apart."""
    send = sender._send_rtcp

    async def send_rtcp(packets):
        for packet in packets:
            if isinstance(packet, RtcpSrPacket) and clock.begin is not None:
                info = packet.sender_info
                info.ntp_timestamp = int((clock.begin + info.rtp_timestamp / ticks_a_second) * 2**32)
        await send(packets)

    sender._send_rtcp = send_rtcp


def request(method, url, token=None, body=None):
    headers = {"Content-Type": "application/sdp"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return urllib.request.urlopen(
        urllib.request.Request(url, method=method, headers=headers, data=body and body.encode()), timeout=20
    )


async def connect(peer, url, token=None):
    """Offers, and waits for the connection. Gives the address of what was made."""
    connected = asyncio.Event()

    @peer.on("connectionstatechange")
    def changed():
        if peer.connectionState == "connected":
            connected.set()

    await peer.setLocalDescription(await peer.createOffer())
    answer = await asyncio.to_thread(request, "POST", url, token, peer.localDescription.sdp)
    location = answer.headers["Location"]
    await peer.setRemoteDescription(RTCSessionDescription(answer.read().decode(), "answer"))
    await asyncio.wait_for(connected.wait(), 20)
    say("connected")
    return location


async def told_to_end():
    await asyncio.to_thread(sys.stdin.read)


async def publish(order):
    peer = RTCPeerConnection()
    clock = Clock()
    pictures = NumberedPictures(clock)
    video = peer.addTransceiver(pictures, "sendonly")
    audio = peer.addTransceiver(Beeps(clock), "sendonly")
    # Times of RTP begin at 0, so that reports can tell them.
    rtcrtpsender.random32 = lambda: 0
    report_when_taken(video.sender, clock, 90_000)
    report_when_taken(audio.sender, clock, SAMPLES_A_SECOND)
    wanted = (f"video/{order['codec']}", "video/rtx")
    codecs = rtcrtpsender.RTCRtpSender.getCapabilities("video").codecs
    video.setCodecPreferences([codec for codec in codecs if codec.mimeType in wanted])
    location = await connect(peer, order["url"], order["token"])
    await told_to_end()
    if order["hangUp"]:
        await asyncio.to_thread(request, "DELETE", location, order["token"])
    say("sent", first=pictures.first, last=pictures.number)
    if order["hangUp"]:
        await peer.close()


async def look(track, numbers, unreadable):
    while True:
        frame = await track.recv()
        number = number_in(frame.to_ndarray(format="gray"))
        if number is None:
            unreadable.append(frame.pts)
        else:
            numbers.append(number)


async def listen(track, heard):
    quiet = 0.0
    while True:
        frame = await track.recv()
        heard["seconds"] += frame.samples / frame.sample_rate
        if numpy.abs(frame.to_ndarray()).max() < 5_000:
            quiet += frame.samples / frame.sample_rate
            continue
        if quiet > 0.2:
            heard["beeps"] += 1
        quiet = 0.0


async def watch(order):
    peer = RTCPeerConnection()
    numbers, unreadable, heard, tasks = [], [], {"seconds": 0.0, "beeps": 0}, []

    @peer.on("track")
    def came(track):
        work = look(track, numbers, unreadable) if track.kind == "video" else listen(track, heard)
        tasks.append(asyncio.ensure_future(work))

    peer.addTransceiver("video", "recvonly")
    peer.addTransceiver("audio", "recvonly")
    location = await connect(peer, order["url"])
    await told_to_end()
    for task in tasks:
        if task.done() and not isinstance(task.exception(), MediaStreamError):
            raise task.exception()
    say("seen", numbers=numbers, unreadable=len(unreadable), soundSeconds=heard["seconds"], beeps=heard["beeps"])
    await asyncio.to_thread(request, "DELETE", location)
    await peer.close()


order = json.loads(sys.argv[1])
asyncio.run(publish(order) if order["do"] == "publish" else watch(order))
