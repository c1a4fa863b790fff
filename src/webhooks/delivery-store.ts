import type { Knex } from 'knex';
import type { DeliveryState } from '../api/webhook.ts';
import type { Database } from '../store/database.ts';

/** Something that happened, as it was when it happened. */
export type WebhookEvent = {
  readonly eventId: string;
  /** Counts up over all events: the greater is the later. */
  readonly eventSequence: number;
  readonly type: string;
  readonly videoId: string | null;
  /** Of a video its row, by column. */
  readonly data: Record<string, unknown>;
  readonly happenedAt: Date;
};

/** One event on its way to one endpoint. */
export type Delivery = WebhookEvent & {
  readonly id: string;
  readonly sequence: number;
  readonly endpointId: string;
  readonly isReplay: boolean;
  readonly state: DeliveryState;
  /** How often it was begun. */
  readonly attempts: number;
  readonly dueAt: Date;
  readonly attemptedAt: Date | null;
  readonly durationMillis: number | null;
  readonly responseStatus: number | null;
  readonly responseBody: string | null;
  readonly error: string | null;
  readonly createdAt: Date;
};

/** How an attempt went. */
export type Outcome = Pick<
  Delivery,
  'state' | 'durationMillis' | 'responseStatus' | 'responseBody' | 'error'
> & {
  /** `waiting`: until the next try. */
  readonly delaySeconds?: number;
};

const eventColumns = [
  'event.sequence as event_sequence',
  'event.type',
  'event.data',
  'event.created_at as happened_at',
];

/**
 * The SQL of the tables `webhook_events` and `webhook_deliveries`. Times are the database's own.
 * @throws LivereelError `database-unavailable`.
 */
export class DeliveryStore {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /**
   * Takes the next delivery that is due, for `leaseSeconds`; undefined when there is none. What happened to a video
   * before goes first, until it was tried `patientAttempts` times in vain. `busy`: endpoints that get enough already.
   */
  async claim(
    leaseSeconds: number,
    patientAttempts: number,
    busy: readonly string[],
  ): Promise<Delivery | undefined> {
    const { rows } = await this.#database.run(knex =>
      knex.raw(claimNext, { lease: leaseSeconds, patient: patientAttempts, busy }),
    );
    return rows[0] === undefined ? undefined : toDelivery(rows[0]);
  }

  /** Notes how an attempt went; nothing when the delivery was taken by another meanwhile. */
  async settle({ id, attempts }: Pick<Delivery, 'id' | 'attempts'>, outcome: Outcome): Promise<void> {
    await this.#database.run(knex =>
      knex('webhook_deliveries')
        .where({ id, attempts, state: 'waiting' })
        .update({
          state: outcome.state,
          duration_millis: outcome.durationMillis,
          response_status: outcome.responseStatus,
          response_body: outcome.responseBody,
          error: outcome.error,
          leased_until: null,
          due_at: knex.raw("now() + ? * interval '1 second'", [outcome.delaySeconds ?? 0]),
        }),
    );
  }

  /** The server stops while it sends: this was no attempt. */
  async release({ id, attempts }: Pick<Delivery, 'id' | 'attempts'>): Promise<void> {
    await this.#database.run(knex =>
      knex('webhook_deliveries')
        .where({ id, attempts, state: 'waiting' })
        .update({ attempts: attempts - 1, leased_until: null }),
    );
  }

  /** Nothing more is sent to an endpoint: what waits has failed. */
  async failAll(endpointId: string, error: string): Promise<void> {
    await this.#database.run(knex =>
      knex('webhook_deliveries')
        .where({ endpoint_id: endpointId, state: 'waiting' })
        .update({ state: 'failed', error, leased_until: null }),
    );
  }

  /** An endpoint's deliveries, newest first. `before`: the sequence number of the last one of the page before. */
  async list(
    endpointId: string,
    { before, limit, state }: { before?: number; limit: number; state?: DeliveryState },
  ): Promise<Delivery[]> {
    const rows = await this.#select(deliveries => {
      const query = deliveries.where('delivery.endpoint_id', endpointId).orderBy('delivery.sequence', 'desc');
      if (before !== undefined) query.where('delivery.sequence', '<', before);
      if (state !== undefined) query.where('delivery.state', state);
      return query.limit(limit);
    });
    return rows.map(toDelivery);
  }

  async find(endpointId: string, id: string): Promise<Delivery | undefined> {
    const rows = await this.#select(deliveries =>
      deliveries.where({ 'delivery.endpoint_id': endpointId, 'delivery.id': id }),
    );
    return rows[0] === undefined ? undefined : toDelivery(rows[0]);
  }

  /** Sends an event once more to an endpoint, from the first attempt on; `id`: of the new delivery. Safe to repeat. */
  async replay({ endpointId, eventId, videoId }: Delivery, id: string): Promise<void> {
    const row = { id, endpoint_id: endpointId, event_id: eventId, video_id: videoId, is_replay: true };
    await this.#database.run(knex => knex('webhook_deliveries').insert(row).onConflict('id').ignore());
  }

  /** Tries again what failed since then, at most `limit`; gives how many. */
  async retryFailedSince(endpointId: string, since: Date, limit: number): Promise<number> {
    return await this.#database.run(knex =>
      knex('webhook_deliveries')
        .whereIn(
          'id',
          knex('webhook_deliveries')
            .select('id')
            .where({ endpoint_id: endpointId, state: 'failed' })
            .where('created_at', '>=', since)
            .orderBy('sequence')
            .limit(limit),
        )
        .update({ state: 'waiting', attempts: 0, due_at: knex.fn.now(), leased_until: null }),
    );
  }

  /** Notes an event for whoever wants it; nothing happens when `eventId` is known already. */
  async record(eventId: string, type: string, videoId: string, data: Record<string, unknown>): Promise<void> {
    await this.#database.run(knex =>
      knex.raw('select record_webhook_event(?, ?, id, owner_id, ?::jsonb) from videos where id = ?', [
        eventId,
        type,
        storable(data),
        videoId,
      ]),
    );
  }

  /** Notes an event for one endpoint alone. */
  async recordFor(endpointId: string, eventId: string, type: string, id: string): Promise<void> {
    await this.#database.run(knex =>
      knex.transaction(async transaction => {
        const event = { id: eventId, type, data: '{}' };
        await transaction('webhook_events').insert(event).onConflict('id').ignore();
        const delivery = { id, endpoint_id: endpointId, event_id: eventId };
        await transaction('webhook_deliveries').insert(delivery).onConflict('id').ignore();
      }),
    );
  }

  /** The greatest `lastIndex` that events of this kind have told of a video; -1 before the first. */
  async lastIndexTold(videoId: string, type: string): Promise<number> {
    const rows = await this.#database.run(knex =>
      knex('webhook_events')
        .where({ video_id: videoId, type })
        .select(knex.raw("max((data->>'lastIndex')::int) as last")),
    );
    return rows[0]?.last ?? -1;
  }

  /** Forgets what happened before then, at most `limit` events with their deliveries; gives how many. */
  async forgetBefore(before: Date, limit: number): Promise<number> {
    return await this.#database.run(knex =>
      knex('webhook_events')
        .whereIn(
          'id',
          knex('webhook_events')
            .select('id')
            .where('created_at', '<', before)
            .orderBy('created_at')
            .limit(limit),
        )
        .delete(),
    );
  }

  async #select(narrow: (deliveries: Knex.QueryBuilder) => Knex.QueryBuilder) {
    return await this.#database.run(
      async knex =>
        await narrow(
          knex('webhook_deliveries as delivery')
            .join('webhook_events as event', 'event.id', 'delivery.event_id')
            .select('delivery.*', ...eventColumns),
        ),
    );
  }
}

const claimNext = `
with next as (
  select delivery.id from webhook_deliveries delivery
  join webhook_endpoints endpoint on endpoint.id = delivery.endpoint_id
  where delivery.state = 'waiting' and delivery.due_at <= now() and endpoint.is_enabled
    and (delivery.leased_until is null or delivery.leased_until < now())
    and delivery.endpoint_id <> all (:busy::char(12)[])
    and not exists (
      select 1 from webhook_deliveries earlier
      where earlier.endpoint_id = delivery.endpoint_id and earlier.video_id = delivery.video_id
        and earlier.state = 'waiting' and earlier.sequence < delivery.sequence and earlier.attempts < :patient)
  order by delivery.due_at, delivery.sequence
  limit 1 for update of delivery skip locked)
update webhook_deliveries delivery
set attempts = delivery.attempts + 1, attempted_at = now(), leased_until = now() + :lease * interval '1 second'
from next, webhook_events event
where delivery.id = next.id and event.id = delivery.event_id
returning delivery.*, ${eventColumns.join(', ')}`;

/** As JSON. Postgres' jsonb has no zero characters. */
function storable(data: unknown): string {
  return JSON.stringify(data, (_key, value) =>
    typeof value === 'string' ? value.replaceAll('\0', '') : value,
  );
}

function toDelivery(row: Record<string, unknown>): Delivery {
  return {
    id: row.id,
    sequence: row.sequence,
    endpointId: row.endpoint_id,
    eventId: row.event_id,
    eventSequence: row.event_sequence,
    type: row.type,
    videoId: row.video_id,
    data: row.data,
    happenedAt: row.happened_at,
    isReplay: row.is_replay,
    state: row.state,
    attempts: row.attempts,
    dueAt: row.due_at,
    attemptedAt: row.attempted_at,
    durationMillis: row.duration_millis,
    responseStatus: row.response_status,
    responseBody: row.response_body,
    error: row.error,
    createdAt: row.created_at,
  } as Delivery;
}
