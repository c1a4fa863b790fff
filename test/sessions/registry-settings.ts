import type { RegistrySettings } from '../../src/sessions/session-registry.ts';
import { pipelineSettings } from './recorded-stream.ts';

/** A registry that takes whatever comes; ffmpeg works in `workingDirectory`. */
export const registrySettings = (workingDirectory: string): RegistrySettings => ({
  maxSessions: 100,
  maxSessionsPerAddress: 100,
  minFreeDiskBytes: 0,
  minFreeDiskRatio: 0,
  reconnectWindowSeconds: 60,
  createdTimeoutSeconds: 600,
  silentPublisherSeconds: 600,
  maxSessionBytes: 2 ** 30,
  targetDurationSeconds: 4,
  pipeline: { ...pipelineSettings, workingDirectory },
});
