// TO BE DELETED: calls that are being added to the document. When `openapi/openapi.json` has them, run `npm run generate`, delete this
// file and the two places that name it (client.ts, index.ts).
import type { EventLine, Scope, StatsWindow, Timestamp, Waiting, DeliveryState } from './schema';

type Json<T> = { headers: { [name: string]: unknown }; content: { 'application/json': T } };
type None = { query?: never; header?: never; path?: never; cookie?: never };
type Unused = { put?: never; options?: never; head?: never; patch?: never; trace?: never };

export interface Session {
  name: string;
  tenant?: string | null;
  scopes: Scope[];
  expires_at?: Timestamp | null;
  is_dev: boolean;
  version: string;
}

export interface NewSession {
  api_key?: string;
  sign_in_token?: string;
}

export interface StatsPoint {
  at: Timestamp;
  accepted_count: number;
  delivered_count: number;
  failed_count: number;
  dead_lettered_count: number;
}

export interface Stats {
  window: StatsWindow;
  since_at: Timestamp;
  point_ms: number;
  accepted_count: number;
  duplicate_count: number;
  attempt_count: number;
  failed_count: number;
  delivered_count: number;
  dead_lettered_count: number;
  success_rate?: number | null;
  end_to_end_p50_ms?: number | null;
  end_to_end_p99_ms?: number | null;
  waiting: Waiting;
  points: StatsPoint[];
}

export interface SubscriptionStats {
  subscription_id: string;
  attempt_count: number;
  failed_count: number;
  delivered_count: number;
  dead_lettered_count: number;
  success_rate?: number | null;
  end_to_end_p99_ms?: number | null;
}

export interface SubscriptionStatsList {
  window: StatsWindow;
  since_at: Timestamp;
  data: SubscriptionStats[];
}

interface BulkQuery {
  state?: DeliveryState;
  subscription_id?: string;
  event_id?: string;
  after?: string;
  before?: string;
  limit?: number;
  dry_run?: boolean;
  all?: boolean;
}

type BulkCall = {
  parameters: { query?: BulkQuery; header?: never; path?: never; cookie?: never };
  requestBody?: never;
  responses: { 200: Json<{ count: number; dry_run: boolean; has_more: boolean }> };
};

export interface AddedPaths {
  '/v1/session': {
    parameters: None;
    get: { parameters: None; requestBody?: never; responses: { 200: Json<Session> } };
    post: {
      parameters: None;
      requestBody: { content: { 'application/json': NewSession } };
      responses: { 201: Json<Session> };
    };
    delete: {
      parameters: None;
      requestBody?: never;
      responses: { 204: { headers: object; content?: never } };
    };
  } & Unused;
  '/v1/stats': {
    parameters: None;
    get: {
      parameters: { query?: { window?: StatsWindow; subscription_id?: string } };
      requestBody?: never;
      responses: { 200: Json<Stats> };
    };
    post?: never;
    delete?: never;
  } & Unused;
  '/v1/stats/subscriptions': {
    parameters: None;
    get: {
      parameters: { query?: { window?: StatsWindow; limit?: number } };
      requestBody?: never;
      responses: { 200: Json<SubscriptionStatsList> };
    };
    post?: never;
    delete?: never;
  } & Unused;
  '/v1/deliveries/redeliver': { parameters: None; get?: never; post: BulkCall; delete?: never } & Unused;
  '/v1/deliveries/cancel': { parameters: None; get?: never; post: BulkCall; delete?: never } & Unused;
}

export type TailedEvent = EventLine;
