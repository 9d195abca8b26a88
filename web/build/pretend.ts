// TO BE DELETED: answers the calls a binary does not have yet (WAYPOST_PRETEND=1), so that pages can be built before it does.
import type { Plugin } from 'vite';

const session = {
  name: 'development',
  tenant: null,
  scopes: ['admin'],
  expires_at: null,
  is_dev: true,
  version: '0.1.0',
};

/** Pretends to be the coming API in `npm run dev`. */
export function pretend(): Plugin {
  const points = { '1h': [60, 60_000], '24h': [96, 900_000], '7d': [84, 7_200_000] } as const;
  return {
    name: 'waypost:pretend',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const url = new URL(request.url ?? '/', 'http://any');
        const answer = (status: number, body?: unknown) => {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(body === undefined ? undefined : JSON.stringify(body));
        };
        if (url.pathname === '/v1/session') {
          if (request.method === 'DELETE') answer(204);
          else answer(request.method === 'POST' ? 201 : 200, session);
        } else if (url.pathname === '/v1/stats') {
          const window = (url.searchParams.get('window') ?? '24h') as keyof typeof points;
          const [count, point_ms] = points[window];
          const start = Math.floor(Date.now() / point_ms) * point_ms - (count - 1) * point_ms;
          const list = Array.from({ length: count }, (_, index) => {
            const accepted = Math.round(400 + 180 * Math.sin(index / 7) + 60 * Math.sin(index * 3));
            const failed = index % 23 > 18 ? 60 : Math.round(4 + 3 * Math.sin(index));
            return {
              at: new Date(start + index * point_ms).toISOString(),
              accepted_count: accepted,
              delivered_count: accepted - Math.round(failed / 2),
              failed_count: failed,
              dead_lettered_count: index % 23 > 20 ? 5 : 0,
            };
          });
          const sum = (key: 'accepted_count' | 'delivered_count' | 'failed_count' | 'dead_lettered_count') =>
            list.reduce((total, point) => total + point[key], 0);
          answer(200, {
            window,
            since_at: list[0]?.at,
            point_ms,
            accepted_count: sum('accepted_count'),
            duplicate_count: 12,
            attempt_count: sum('delivered_count') + sum('failed_count'),
            failed_count: sum('failed_count'),
            delivered_count: sum('delivered_count'),
            dead_lettered_count: sum('dead_lettered_count'),
            success_rate: sum('delivered_count') / (sum('delivered_count') + sum('failed_count')),
            end_to_end_p50_ms: 11.8,
            end_to_end_p99_ms: 84.2,
            waiting: {
              count: 37,
              is_capped: false,
              oldest_waiting_at: new Date(Date.now() - 754_000).toISOString(),
            },
            points: list,
          });
        } else if (url.pathname === '/v1/stats/subscriptions') {
          void worst(server.config.server.proxy?.['/v1'], url).then((body) => answer(200, body));
        } else if (url.pathname === '/v1/events/tail') {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write(': hello\n\n');
          let last = String(request.headers['last-event-id'] ?? '');
          const timer = setInterval(() => {
            void ask(server.config.server.proxy?.['/v1'], '/v1/events?limit=20').then((list) => {
              const rows = (list as { data: { id: string }[] }).data.reverse();
              for (const row of last === '' ? [] : rows.filter((row) => row.id > last))
                response.write(`id: ${row.id}\nevent: event\ndata: ${JSON.stringify(row)}\n\n`);
              last = rows.at(-1)?.id ?? last;
            });
          }, 500);
          request.on('close', () => clearInterval(timer));
        } else next();
      });
    },
  };
}

async function ask(proxied: unknown, path: string): Promise<unknown> {
  const { target, headers } = proxied as { target: string; headers: Record<string, string> };
  return (await fetch(target + path, { headers })).json();
}

async function worst(proxied: unknown, url: URL): Promise<unknown> {
  const list = (await ask(proxied, '/v1/subscriptions?limit=10')) as { data: { id: string }[] };
  const data = list.data.map((subscription, index) => ({
    subscription_id: subscription.id,
    attempt_count: 1_000 + index * 90,
    failed_count: Math.max(0, 410 - index * 190),
    delivered_count: 700,
    dead_lettered_count: Math.max(0, 20 - index * 12),
    success_rate: Math.min(1, 0.6 + index * 0.19),
    end_to_end_p99_ms: 900 / (index + 1),
  }));
  return { window: url.searchParams.get('window') ?? '24h', since_at: new Date().toISOString(), data };
}
