import { formatQuery, parseHash, type Place, type Query } from './route';
import { defaultTenant, isTenantName } from './tenant';

class Router {
  #place = $state.raw<Place>(parseHash(globalThis.location?.hash ?? ''));

  /** Where the person is. */
  get place(): Place {
    return this.#place;
  }

  /** The tenant that the address names. */
  get tenant(): string {
    const named = this.#place.query['tenant'];
    return named !== undefined && isTenantName(named) ? named : defaultTenant;
  }

  /** Whether the address says nothing yet: it is bare, or leads to sign-in. Any other means the default tenant by naming none. */
  get isBare(): boolean {
    return this.#place.name === 'signIn' || location.hash.replace('#', '') === '';
  }

  /** Follows the address bar; returns how to stop. */
  listen(): () => void {
    const read = () => {
      this.#place = parseHash(location.hash);
    };
    addEventListener('hashchange', read);
    // `history.replaceState` tells nobody, so `replace` reads by itself.
    read();
    return () => removeEventListener('hashchange', read);
  }

  /** Goes to a link made by `href`. */
  go(to: string): void {
    location.hash = to.replace(/^#/, '');
    // The browser tells of it later: until then the old page would stand there for the new tenant.
    this.#place = parseHash(location.hash);
  }

  /** Goes to a link without leaving the present one in the history. */
  replace(to: string): void {
    history.replaceState(history.state, '', to);
    this.#place = parseHash(location.hash);
  }

  /** Changes filters in the address; `undefined` removes one. The cursor belongs to the old filters and goes. */
  filter(changes: Query): void {
    const path = location.hash.replace(/^#/, '').split('?')[0] || '/';
    this.replace(`#${path}${formatQuery({ ...this.#place.query, cursor: undefined, ...changes })}`);
  }
}

/** The place in the dashboard, kept in the address's hash. */
export const router = new Router();
