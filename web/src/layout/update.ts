import { toasts } from '$lib/toast';

/**
 * Says, when a part of the dashboard can't be loaded, that this page is most likely from before an upgrade: the parts of a build have
 * names of their own, and the next build has others. A reload gets the new ones. Returns how to stop.
 */
export function tellOfUpdates(target: EventTarget, reload: () => void): () => void {
  const tell = () => {
    toasts.noted(
      'Waypost was updated',
      'A part of this page could not be loaded: it is from before the update, or Waypost does not answer. Reloading drops what is not saved.',
      { text: 'Reload', run: reload },
    );
  };
  target.addEventListener('vite:preloadError', tell);
  return () => target.removeEventListener('vite:preloadError', tell);
}
