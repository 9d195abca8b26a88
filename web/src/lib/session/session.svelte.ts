import { api, body, ProblemError, type NewSession, type Scope, type Session } from '$lib/api';
import { setCaller } from '$lib/api/client';
import { carryTenant, defaultTenant, router } from '$lib/router';
import { toasts } from '$lib/toast';

const remembered = 'waypost.tenant';

class SessionState {
  /** Who is signed in: `undefined` until known, `null` for nobody. */
  current = $state.raw<Session | null | undefined>(undefined);
  /** Whether the session of `current` has ended: its page stays, for whoever signs in again, with what was written into it. */
  isEnded = $state(false);

  /** The tenant whose things are shown: the credential's own, or the one in the address, so that two tabs and a shared link keep theirs. */
  get tenant(): string {
    return this.current?.tenant ?? router.tenant;
  }

  /** Whether the credential reaches every tenant, so that one is chosen. */
  get reachesAll(): boolean {
    return this.current ? (this.current.tenant ?? null) === null : false;
  }

  /** Who is there and what they may do, to be compared: a name alone may be that of another key. */
  get identity(): string {
    const { name, tenant, scopes } = this.current ?? {};
    return JSON.stringify([name, tenant, scopes]);
  }

  /** Who is there and which tenant's things are shown, to be compared: what was begun in one must not end in another. */
  get situation(): string {
    return JSON.stringify([this.identity, this.tenant]);
  }

  /** Whether the credential allows a thing; `admin` allows everything. */
  can(scope: Scope): boolean {
    const scopes = this.current?.scopes ?? [];
    return scopes.includes('admin') || scopes.includes(scope);
  }

  /** Why a thing is not allowed, in words for the person; nothing if it is. */
  refusal(scope: Scope): string | undefined {
    return this.can(scope) ? undefined : `This credential lacks the scope ${scope}.`;
  }

  /** Shows another tenant's things, at a link made for it or else on the same page. Pages and answers are built anew by the layout. */
  choose(tenant: string, link?: string): void {
    if (link === undefined) router.filter({ tenant: tenant === defaultTenant ? undefined : tenant });
    else router.go(link);
    try {
      localStorage.setItem(remembered, tenant);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the address.
    }
  }

  /** Finds out who is signed in. */
  async load(): Promise<void> {
    try {
      this.#welcome(await body(api.GET('/v1/session')));
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== 401) throw error;
      this.current = null;
    }
  }

  /** Signs in with an API key or the token of a sign-in link. */
  async signIn(credential: NewSession): Promise<void> {
    this.#welcome(await body(api.POST('/v1/session', { body: credential })));
  }

  /** Ends the session. */
  async signOut(): Promise<void> {
    await api.DELETE('/v1/session');
    this.leave();
  }

  /** Gives up the page of a session that is over. */
  leave(): void {
    this.current = null;
    this.isEnded = false;
  }

  /** Notes that the API knows the session no more. */
  end(): void {
    if (this.current) this.isEnded = true;
    else this.current = null;
  }

  #welcome(somebody: Session): void {
    this.current = somebody;
    this.isEnded = false;
    // Whoever comes without a place in mind goes on with the tenant of the last time.
    if (this.reachesAll && router.isBare) router.filter({ tenant: recall() });
  }
}

function recall(): string | undefined {
  try {
    const tenant = localStorage.getItem(remembered) ?? defaultTenant;
    return tenant === defaultTenant ? undefined : tenant;
  } catch {
    return undefined;
  }
}

/** Who is signed in, and for which tenant. */
export const session = new SessionState();

carryTenant(() => (session.reachesAll ? session.tenant : undefined));
setCaller({
  tenant: () => (session.reachesAll ? session.tenant : undefined),
  signedOut: () => session.end(),
  tenantGone: (tenant) => {
    // A remembered tenant may have been deleted: without this every page would only say so.
    if (!session.reachesAll || session.tenant !== tenant || tenant === defaultTenant) return;
    session.choose(defaultTenant);
    toasts.noted(
      `The tenant ${tenant} is gone; showing ${defaultTenant}`,
      'No tenant has that name (any more).',
    );
  },
});
