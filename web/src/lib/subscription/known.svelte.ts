import { createQuery } from '@tanstack/svelte-query';
import { api, body, type Subscription } from '$lib/api';
import { session } from '$lib/session';

/** A subscription by its identifier, for what only mentions it: undefined until it is known, and for whoever may not read it. */
export function knownSubscription(id: () => string): () => Subscription | undefined {
  // One answer names what most lists show; only what is not in it is asked for one by one.
  const many = createQuery(() => ({
    queryKey: ['subscriptions', 'names'],
    queryFn: () => body(api.GET('/v1/subscriptions', { params: { query: { limit: 250 } } })),
    enabled: session.can('subscriptions:read'),
    staleTime: 30_000,
  }));
  const listed = $derived(many.data?.data.find((subscription) => subscription.id === id()));
  const one = createQuery(() => ({
    queryKey: ['subscriptions', id()],
    queryFn: () => body(api.GET('/v1/subscriptions/{id}', { params: { path: { id: id() } } })),
    enabled: session.can('subscriptions:read') && many.isSuccess && listed === undefined,
    staleTime: 30_000,
    retry: false,
  }));
  return () => listed ?? one.data;
}
