import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenAiRecogniser } from '../../src/captions/openai-recogniser.ts';
import { Patience } from '../../src/captions/patience.ts';
import { WhisperServer } from '../../src/captions/whisper-server.ts';
import { createLog } from '../../src/log.ts';
import { testModelPath } from './speech.ts';

/** The recogniser that the set-up built. */
export const whisperProgram = fileURLToPath(new URL('../../dist/whisper-server', import.meta.url));

/** The real engine with the small test model. */
export type TestRecogniser = {
  readonly recogniser: OpenAiRecogniser;
  readonly server: WhisperServer;
  readonly runDir: string;
  close(): Promise<void>;
};

/** Starts whisper.cpp with the test model, one thread; owned by the test: `t.teardown(() => engine.close())`. */
export async function startTestRecogniser(
  options: { leastPatienceSeconds?: number } = {},
): Promise<TestRecogniser> {
  const runDir = await mkdtemp(join(tmpdir(), 'livereel-recogniser-'));
  const server = await WhisperServer.start(
    {
      program: whisperProgram,
      modelPath: testModelPath,
      name: 'recogniser',
      threads: 1,
      runDir,
      log: createLog('silent'),
    },
    new AbortController().signal,
  );
  const recogniser = new OpenAiRecogniser({
    server,
    reader: { kind: 'whisper.cpp', audioPositions: 750 },
    longestRequestSeconds: 15,
    key: undefined,
    atOnce: 1,
    patience: new Patience({ beforeFirstSeconds: 60, leastSeconds: options.leastPatienceSeconds ?? 60 }),
  });
  const close = async () => {
    recogniser.close();
    await server.close();
    await rm(runDir, { recursive: true, force: true });
  };
  return { recogniser, server, runDir, close };
}
