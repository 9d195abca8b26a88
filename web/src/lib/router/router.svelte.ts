import { formatQuery, parseHash, type Place, type Query } from './route';

class Router {
  #place = $state.raw<Place>(parseHash(globalThis.location?.hash ?? ''));

  /** Where the person is. */
  get place(): Place {
    return this.#place;
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
