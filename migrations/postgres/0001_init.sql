-- Identifiers are UUIDv7 of type uuid, times microseconds since 1970 UTC, small structures JSON text that only Rust reads.
-- Keep this file and its sibling in migrations/sqlite alike: a test compares the schemas they make.

CREATE TABLE tenants (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    description TEXT,
    retention TEXT,                      -- how long its events are kept, as JSON; null: as the settings say
    created_at BIGINT NOT NULL
);

-- Which database each tenant's own things are in, at home only: 0 is home. A row outlives its tenant, whose events do so too: one of the
-- same name is where they are.
CREATE TABLE pins (
    tenant TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    shard BIGINT NOT NULL
);

-- One row: which installation this database belongs to, and as which shard.
CREATE TABLE identity (
    id BIGINT NOT NULL PRIMARY KEY,
    installation UUID NOT NULL,
    shard BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id UUID NOT NULL PRIMARY KEY,
    key_hash BYTEA NOT NULL UNIQUE,
    tenant TEXT COLLATE "C",                         -- null: all tenants
    name TEXT COLLATE "C" NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    hint TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

-- Who is signed in to the dashboard. Without a key: with the development key, which is never stored.
CREATE TABLE sessions (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    api_key_id UUID,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE producers (
    id UUID NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,                -- the secrets, encrypted
    created_at BIGINT NOT NULL
);
CREATE INDEX producers_by_tenant ON producers (tenant, id);

CREATE TABLE subscriptions (
    id UUID NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    disabled_reason TEXT COLLATE "C",
    spec TEXT NOT NULL,                  -- as JSON, without its credential
    sealed BYTEA NOT NULL,                -- signing secrets and credential, encrypted
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX subscriptions_by_tenant ON subscriptions (tenant, id);

-- Whether sinks agree to deliveries (the webhook handshake), where they are asked. One row a subscription: what it was asked, what it
-- allows and what was last heard of it.
CREATE TABLE handshakes (
    subscription_id UUID NOT NULL PRIMARY KEY,
    begun_at BIGINT NOT NULL,            -- tells the handshakes of a subscription apart: another sink begins another one
    revision BIGINT NOT NULL,            -- grows with every write
    is_paused BOOLEAN NOT NULL,          -- the subscription is to be paused, not active, once its sink agrees
    next_ask_at BIGINT NOT NULL,
    attempt_count BIGINT NOT NULL,
    asked_at BIGINT,
    asked_origin TEXT COLLATE "C",
    requested_rate BIGINT,
    callback_hash BYTEA,                  -- of the secret, until it is used
    callback_expires_at BIGINT,
    allowed_at BIGINT,
    allowed_origin TEXT COLLATE "C",
    allowed_rate BIGINT,                 -- requests a minute; null: no limit
    last_heard TEXT COLLATE "C",                     -- allowed, refused, withheld, unreachable
    last_status BIGINT,
    last_error TEXT COLLATE "C"
);
CREATE INDEX handshakes_by_due ON handshakes (next_ask_at);

-- One row. Every change to a subscription raises it in its transaction; every accepting transaction reads it.
CREATE TABLE routing (
    id BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO routing (id, version) VALUES (1, 1);

-- What subscriptions were as far as routing is concerned: a row is in force from one routing version until another. An event was
-- routed by the rows in force at its version. Deleting a subscription ends its last row.
CREATE TABLE subscription_revisions (
    tenant TEXT COLLATE "C" NOT NULL,
    subscription_id UUID NOT NULL,
    from_version BIGINT NOT NULL,
    until_version BIGINT,                -- null: in force now
    status TEXT COLLATE "C" NOT NULL,
    disabled_reason TEXT COLLATE "C",
    rules TEXT NOT NULL,                 -- source, types and filters, as JSON
    began_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant, subscription_id, from_version)
);
CREATE INDEX subscription_revisions_by_end ON subscription_revisions (until_version);

-- One row: the key that encrypts secrets, itself wrapped by the operator's key if there is one.
CREATE TABLE vault (
    id BIGINT NOT NULL PRIMARY KEY,
    data_key BYTEA NOT NULL,
    is_wrapped BOOLEAN NOT NULL
);

-- Events, deliveries and attempts are partitioned by stretches of time, which their identifiers begin with: Waypost makes and drops the
-- partitions of all three together. What finds none lies in the default ones.
CREATE TABLE events (
    id UUID NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    accepted_at BIGINT NOT NULL,
    routing_version BIGINT NOT NULL,     -- what it was routed by
    event_id TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C",
    time TEXT COLLATE "C",
    traceparent TEXT COLLATE "C",
    wire TEXT COLLATE "C" NOT NULL,                  -- how body is to be read: structured, binary, protobuf
    attributes TEXT,                     -- binary only: [[name, value], …]
    body BYTEA NOT NULL,                   -- as received; nothing once its data expired
    data_expired_at BIGINT,              -- since then it is its attributes alone, stored as if it had come in binary mode
    PRIMARY KEY (tenant, id)
) PARTITION BY RANGE (id);
CREATE TABLE events_default PARTITION OF events DEFAULT;

-- The deduplication window. A digest keeps the entry small whatever the length of source and id.
CREATE TABLE event_keys (
    key UUID NOT NULL PRIMARY KEY,       -- a digest, not an identifier
    event_id UUID NOT NULL,
    accepted_at BIGINT NOT NULL
);
CREATE INDEX event_keys_by_age ON event_keys (accepted_at);

-- Signed messages that were accepted, for as long as their signature would verify.
CREATE TABLE replays (
    producer_id UUID NOT NULL,
    digest UUID NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (producer_id, digest)
);
CREATE INDEX replays_by_expiry ON replays (expires_at);

-- An identifier is made of its event's and its subscription's: there is one delivery for the two, and an event's stand together.
CREATE TABLE deliveries (
    id UUID NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    event_id UUID NOT NULL,
    subscription_id UUID NOT NULL,
    state TEXT COLLATE "C" NOT NULL,                 -- pending, in_flight, delivered, dead_lettered, cancelled
    attempt_count BIGINT NOT NULL,
    budget_attempt_count BIGINT NOT NULL,
    is_reopened BOOLEAN NOT NULL DEFAULT FALSE, -- by a person, once or more
    next_attempt_at BIGINT,              -- pending only
    lease_owner UUID,                    -- in_flight only
    lease_token BIGINT NOT NULL,         -- grows with every claim
    reason TEXT COLLATE "C",                         -- dead_lettered only
    last_status BIGINT,
    last_error_class TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    is_spent BOOLEAN NOT NULL DEFAULT FALSE, -- its event's data expired: it can't be sent again
    replay_job_id UUID                   -- the replay that created it or last opened it
) PARTITION BY RANGE (id);
CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT
    WITH (fillfactor = 50);              -- room on the page for the row that its outcome makes of it
CREATE INDEX deliveries_by_tenant ON deliveries (tenant, id);
CREATE INDEX deliveries_by_subscription ON deliveries (subscription_id, id);

-- What is pending, lane by lane. A table of its own, so that no index of deliveries holds anything that changes: on Postgres the
-- outcome of an attempt then rewrites one row and no index (a heap-only update).
CREATE TABLE queue (
    subscription_id UUID NOT NULL,
    due_at BIGINT NOT NULL,
    delivery_id UUID NOT NULL,
    PRIMARY KEY (subscription_id, due_at, delivery_id)
);

-- The keys by which deliveries wait in line. Who changes a line locks its row here first of all.
CREATE TABLE order_keys (
    key UUID NOT NULL PRIMARY KEY,       -- a digest of subscription, attribute and value
    last_position BIGINT NOT NULL
);

-- Ordered deliveries that have not ended, each in the line of its key. Only the first of a line is due; the others are parked in the
-- queue at the end of time.
CREATE TABLE ordered (
    key UUID NOT NULL,
    position BIGINT NOT NULL,
    subscription_id UUID NOT NULL,
    delivery_id UUID NOT NULL,
    due_at BIGINT NOT NULL,              -- when it is due once it is the first
    is_blocking BOOLEAN NOT NULL,        -- it is dead, and those behind it wait until somebody sees to it
    PRIMARY KEY (key, position)
);
CREATE UNIQUE INDEX ordered_by_delivery ON ordered (delivery_id);
CREATE INDEX ordered_blocking ON ordered (subscription_id, key) WHERE is_blocking;

-- What is in flight, batch by batch: the deliveries that were leased to a node together. A row goes some time after the last of
-- them ended; until then whoever takes over from the node finds here what it may have held.
CREATE TABLE leases (
    node_id UUID NOT NULL,
    id UUID NOT NULL,
    deliveries BYTEA NOT NULL,           -- their identifiers, one after the other
    PRIMARY KEY (node_id, id)
);

-- What is dead, with what it is searched and grouped by.
CREATE TABLE dead_letters (
    tenant TEXT COLLATE "C" NOT NULL,
    delivery_id UUID NOT NULL,
    subscription_id UUID NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    is_spent BOOLEAN NOT NULL DEFAULT FALSE, -- as its delivery
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, delivery_id)
);

-- Dead letters that go on to a dead-letter sink: when each is due, or what became of it.
CREATE TABLE forwards (
    delivery_id UUID NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    event_id UUID NOT NULL,
    subscription_id UUID NOT NULL,
    failure TEXT NOT NULL,               -- why the delivery died, as JSON
    state TEXT COLLATE "C" NOT NULL,                 -- pending, delivered, failed
    due_at BIGINT,                       -- pending only; when the lease ends, while it is leased
    lease_token BIGINT NOT NULL,         -- grows with every claim
    attempt_count BIGINT NOT NULL,
    last_status BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX forwards_by_due ON forwards (subscription_id, due_at, delivery_id) WHERE due_at IS NOT NULL;

CREATE TABLE attempts (
    delivery_id UUID NOT NULL,
    number BIGINT NOT NULL,
    id UUID NOT NULL,
    started_at BIGINT NOT NULL,
    duration_us BIGINT NOT NULL,
    verdict TEXT COLLATE "C" NOT NULL,
    status BIGINT,
    error_class TEXT COLLATE "C",
    error TEXT,
    response_headers TEXT,               -- [[name, value], …]
    response_body BYTEA,
    is_body_truncated BOOLEAN NOT NULL,
    PRIMARY KEY (delivery_id, number)
) PARTITION BY RANGE (delivery_id);
CREATE TABLE attempts_default PARTITION OF attempts DEFAULT;

-- What a sink asked for, known to every node.
CREATE TABLE sink_pauses (
    subscription_id UUID NOT NULL PRIMARY KEY,
    paused_until BIGINT NOT NULL
);

-- Rate limits, kept by all nodes together: when a subscription's bucket is full again.
CREATE TABLE rate_cells (
    subscription_id UUID NOT NULL PRIMARY KEY,
    full_at BIGINT NOT NULL
);

-- Sinks in trouble; one that is well has no row.
CREATE TABLE sink_health (
    subscription_id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,            -- grows with every change, also over a time in which there was no row
    state TEXT COLLATE "C" NOT NULL,                -- failing, open, half_open, recovering
    since_at BIGINT NOT NULL,
    until_at BIGINT,                     -- when it is tried, when the node that tries it has taken too long, or when it is forgotten
    prober UUID,                         -- half_open: the node that tries it
    trip_count BIGINT NOT NULL,
    failing_since BIGINT,                -- since when nothing went well
    failure_count BIGINT NOT NULL,
    last_failed_at BIGINT NOT NULL,
    last_status BIGINT,
    last_error TEXT
);

CREATE TABLE nodes (
    id UUID NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- One row: the node that deletes what is too old.
CREATE TABLE retention_lead (
    id BIGINT NOT NULL PRIMARY KEY,
    node_id UUID,
    led_until BIGINT NOT NULL
);
INSERT INTO retention_lead (id, led_until) VALUES (1, 0);

-- Roll-ups: every node writes rows of its own, so that nodes never wait for each other. A series is a tenant's or, with an identifier
-- that is not nil, one of its subscriptions'; each is kept in several widths, one for each window that is looked at.
CREATE TABLE stats (
    tenant TEXT COLLATE "C" NOT NULL,
    width_ms BIGINT NOT NULL,
    subscription_id UUID NOT NULL,
    begins_at BIGINT NOT NULL,
    node_id UUID NOT NULL,
    accepted BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    dead_lettered BIGINT NOT NULL,
    waiting BIGINT,                      -- null: nobody looked
    latencies TEXT NOT NULL,             -- end-to-end, [[bucket, count], …]
    PRIMARY KEY (tenant, width_ms, subscription_id, begins_at, node_id)
);
CREATE INDEX stats_by_age ON stats (width_ms, begins_at);

-- Long work that people start, such as a replay. Where it stands is one row, changed in the transaction of each step.
CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,                  -- replay
    subscription_id UUID NOT NULL,
    state TEXT COLLATE "C" NOT NULL,                 -- running, paused, cancelled, completed, failed
    failure TEXT COLLATE "C",                        -- failed only
    parameters TEXT NOT NULL,            -- as JSON
    progress TEXT NOT NULL,              -- as JSON
    unattempted BYTEA NOT NULL,          -- the deliveries it opened that nobody tried yet, one identifier after the other
    opens_at BIGINT NOT NULL,            -- before this moment its rate lets it open nothing
    due_at BIGINT NOT NULL,              -- when its next step is due; while a node has it, when its lease ends
    lease_owner UUID,                    -- the node that has it
    lease_token BIGINT NOT NULL,         -- grows with every claim
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX jobs_by_tenant ON jobs (tenant, id);
CREATE INDEX jobs_by_due ON jobs (state, due_at);
