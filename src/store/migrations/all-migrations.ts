import type { Knex } from 'knex';
import * as videos from './0001-videos.ts';
import * as transcripts from './0002-transcripts.ts';
import * as videoTasks from './0003-video-tasks.ts';
import * as accounts from './0004-accounts.ts';
import * as tasks from './0005-tasks.ts';
import * as uploads from './0006-uploads.ts';
import * as imports from './0007-imports.ts';
import * as deletions from './0008-deletions.ts';
import * as webhooks from './0009-webhooks.ts';
import * as playbackEpoch from './0010-playback-epoch.ts';
import * as videoOrders from './0011-video-orders.ts';
import * as repliesNewest from './0012-replies-newest.ts';
import * as failedTasks from './0013-failed-tasks.ts';
import * as titleWords from './0014-title-words.ts';

/** One step of the schema. Steps that were released are never changed, only followed by others. */
export type Migration = {
  readonly up: (knex: Knex) => Promise<void>;
  readonly down: (knex: Knex) => Promise<void>;
};

/** All steps by name, in their order. Imported, not found on disk: the same in src/, in dist/ and in a bundle. */
export const allMigrations: Readonly<Record<string, Migration>> = {
  '0001-videos': videos,
  '0002-transcripts': transcripts,
  '0003-video-tasks': videoTasks,
  '0004-accounts': accounts,
  '0005-tasks': tasks,
  '0006-uploads': uploads,
  '0007-imports': imports,
  '0008-deletions': deletions,
  '0009-webhooks': webhooks,
  '0010-playback-epoch': playbackEpoch,
  '0011-video-orders': videoOrders,
  '0012-replies-newest': repliesNewest,
  '0013-failed-tasks': failedTasks,
  '0014-title-words': titleWords,
};
