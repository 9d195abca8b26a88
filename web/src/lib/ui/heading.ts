/** Moves the focus to the page's heading, for when what had it is about to go. */
export function focusHeading(): void {
  document.querySelector<HTMLElement>('main h1')?.focus();
}
