import type { Knex } from 'knex';

/** Who is told by HTTP what happens to videos, what has happened, and how the telling went (docs/webhooks.md). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('webhook_endpoints', table => {
    table.specificType('id', 'char(12)').primary();
    // Null: of whoever is at the machine itself.
    table.specificType('account_id', 'char(12)').references('accounts.id').onDelete('CASCADE');
    // Hears of everybody's videos, as long as its account is an admin's.
    table.boolean('is_for_all').notNullable();
    table.text('url').notNullable();
    table.specificType('events', 'text[]').notNullable();
    table.text('description').notNullable().defaultTo('');
    table.boolean('is_enabled').notNullable().defaultTo(true);
    table.text('disabled_reason');
    // Secrets are derived from the server's; nothing secret is stored.
    table.integer('secret_version').notNullable().defaultTo(1);
    table.binary('secret_check').notNullable();
    table.timestamp('old_secret_until');
    // Since when nothing was delivered any more; null: the last one was.
    table.timestamp('failing_since');
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    table.timestamp('updated_at').notNullable().defaultTo(knex.fn.now());
    table.index(['account_id'], 'webhook_endpoints_account');
  });
  await knex.schema.createTable('webhook_events', table => {
    table.text('id').primary();
    table.bigIncrements('sequence', { primaryKey: false }).unique();
    table.text('type').notNullable();
    // No reference: what happened stays true when the video is deleted.
    table.specificType('video_id', 'char(12)');
    table.jsonb('data').notNullable();
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    table.index(['created_at'], 'webhook_events_old');
    table.index(['video_id', 'type'], 'webhook_events_video');
  });
  await knex.schema.createTable('webhook_deliveries', table => {
    table.text('id').primary();
    table.bigIncrements('sequence', { primaryKey: false }).unique();
    table
      .specificType('endpoint_id', 'char(12)')
      .notNullable()
      .references('webhook_endpoints.id')
      .onDelete('CASCADE');
    table.text('event_id').notNullable().references('webhook_events.id').onDelete('CASCADE');
    table.specificType('video_id', 'char(12)');
    table.boolean('is_replay').notNullable().defaultTo(false);
    table.text('state').notNullable().defaultTo('waiting');
    table.integer('attempts').notNullable().defaultTo(0);
    table.timestamp('due_at').notNullable().defaultTo(knex.fn.now());
    // While one is being sent; over when the server that sent it died.
    table.timestamp('leased_until');
    table.timestamp('attempted_at');
    table.integer('duration_millis');
    table.integer('response_status');
    table.text('response_body');
    table.text('error');
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now());
    table.check("state in ('waiting', 'delivered', 'failed')", [], 'webhook_deliveries_state_known');
    table.index(['endpoint_id', 'sequence'], 'webhook_deliveries_endpoint');
    table.index(['event_id'], 'webhook_deliveries_event');
  });
  await knex.raw(
    'create unique index webhook_deliveries_once on webhook_deliveries (endpoint_id, event_id) where not is_replay',
  );
  await knex.raw(
    "create index webhook_deliveries_due on webhook_deliveries (due_at) where state = 'waiting'",
  );
  await knex.raw(
    "create index webhook_deliveries_order on webhook_deliveries (endpoint_id, video_id, sequence) where state = 'waiting'",
  );
  for (const statement of [recordEvent, ofVideos, onVideos, ofTranscripts, onTranscripts]) {
    await knex.raw(statement);
  }
}

/** Forgets who was to be told what. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop trigger webhook_events_of_transcripts on transcripts');
  await knex.raw('drop trigger webhook_events_of_videos on videos');
  for (const routine of ['webhook_event_of_transcript()', 'webhook_event_of_video()']) {
    await knex.raw(`drop function ${routine}`);
  }
  await knex.raw('drop function record_webhook_event(text, text, char(12), char(12), jsonb)');
  for (const table of ['webhook_deliveries', 'webhook_events', 'webhook_endpoints']) {
    await knex.schema.dropTable(table);
  }
}

/**
 * Notes an event, and a delivery for each endpoint that wants it; nothing when none does. A repetition under the same
 * id changes nothing. Called in the transaction of what happened: both are there after a crash, or neither.
 */
const recordEvent = `
create function record_webhook_event(event text, kind text, video char(12), owner char(12), facts jsonb)
returns void language plpgsql set search_path from current as $$
declare
  wanting char(12)[];
begin
  select array_agg(e.id) into wanting
  from webhook_endpoints e left join accounts a on a.id = e.account_id
  where e.is_enabled and kind = any (e.events)
    and case when e.is_for_all then e.account_id is null or a.role = 'admin' else e.account_id = owner end;
  if wanting is null then
    return;
  end if;
  insert into webhook_events (id, type, video_id, data) values (event, kind, video, facts)
  on conflict (id) do nothing;
  insert into webhook_deliveries (id, endpoint_id, event_id, video_id)
  select replace(gen_random_uuid()::text, '-', ''), endpoint, event, video from unnest(wanting) as endpoint
  on conflict (endpoint_id, event_id) where not is_replay do nothing;
end $$`;

/** A video is live for the first time (coming back after an interruption is none), ready, failed, or deleted. */
const ofVideos = `
create function webhook_event_of_video() returns trigger language plpgsql set search_path from current as $$
declare
  kind text;
  video videos%rowtype;
begin
  if tg_op = 'DELETE' then
    video := old;
    kind := case when old.state <> 'created' then 'video.deleted' end;
  else
    video := new;
    kind := case new.state when 'live' then 'video.live' when 'ready' then 'video.ready' when 'failed' then 'video.failed' end;
    if tg_op = 'UPDATE' and (old.state = new.state or (new.state = 'live' and old.state = 'interrupted')) then
      return null;
    end if;
  end if;
  if kind is not null then
    perform record_webhook_event(
      'evt_' || replace(gen_random_uuid()::text, '-', ''), kind, video.id, video.owner_id,
      (to_jsonb(video) - array['ingest_token_hash', 'client_address', 'publish_url'])
      || jsonb_build_object('owner_name', (select name from accounts where id = video.owner_id)));
  end if;
  return null;
end $$`;

const onVideos = `
create trigger webhook_events_of_videos after insert or update of state or delete on videos
for each row execute function webhook_event_of_video()`;

/** The corrected words of a video are there, for the first time or once more. */
const ofTranscripts = `
create function webhook_event_of_transcript() returns trigger language plpgsql set search_path from current as $$
begin
  if new.final then
    perform record_webhook_event(
      'evt_' || replace(gen_random_uuid()::text, '-', ''), 'transcript.ready', new.video_id,
      (select owner_id from videos where id = new.video_id),
      jsonb_build_object('language', new.language, 'model', new.model,
        'segments', jsonb_array_length(new.segments)));
  end if;
  return null;
end $$`;

const onTranscripts = `
create trigger webhook_events_of_transcripts after insert or update of segments on transcripts
for each row execute function webhook_event_of_transcript()`;
