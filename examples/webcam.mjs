// Streams a camera, or a video file, as JPEG frames:  node webcam.mjs http://127.0.0.1:8000 [file]
// Node 20 or newer and ffmpeg; nothing to install.
import { spawn } from 'node:child_process';

const [server, file] = process.argv.slice(2);
const camera = { linux: ['-f', 'v4l2', '-i', '/dev/video0'], darwin: ['-f', 'avfoundation', '-i', '0'] };
const input = file ? ['-re', '-i', file] : camera[process.platform];
const post = async (path, body, headers) => {
  const answer = await fetch(new URL(path, server), { method: 'POST', body, headers });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};

const request = JSON.stringify({ input: 'frames', title: 'Webcam' });
const session = await post('/api/v1/sessions', request, { 'content-type': 'application/json' });
console.log('Watch at', session.watchUrl);
const authorization = { authorization: `Bearer ${session.ingestToken}` };

const ffmpeg = spawn('ffmpeg', [
  '-v',
  'error',
  ...input,
  '-an',
  '-f',
  'image2pipe',
  '-c:v',
  'mjpeg',
  '-q:v',
  '4',
  'pipe:1',
]);
ffmpeg.stderr.pipe(process.stderr);
process.once('SIGINT', () => ffmpeg.kill());
let buffer = Buffer.alloc(0);
for await (const bytes of ffmpeg.stdout) {
  const takenUs = Date.now() * 1_000;
  buffer = Buffer.concat([buffer, bytes]);
  // ffmpeg's JPEGs end with FF D9, and these two bytes occur nowhere else in them.
  while (buffer.includes('ffd9', 0, 'hex')) {
    const end = buffer.indexOf('ffd9', 0, 'hex') + 2;
    const headers = { ...authorization, 'content-type': 'image/jpeg' };
    await post(`/ingest/${session.id}/frames?capturedAtUs=${takenUs}`, buffer.subarray(0, end), headers);
    buffer = buffer.subarray(end);
  }
}
await post(`/api/v1/sessions/${session.id}/end`, undefined, authorization);
