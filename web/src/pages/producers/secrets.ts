/** The most secrets a producer has at once, as the API bounds them: each costs a check per request. */
export const maxSecrets = 5;

/** A secret as Standard Webhooks writes it: 32 random bytes. */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}

/** The secrets with a new one first; nothing where there is no room. */
export function withSecret(secrets: readonly string[], fresh: string): string[] | undefined {
  return secrets.length >= maxSecrets ? undefined : [fresh, ...secrets];
}

/** The secrets without one; nothing where it is the last, or not there any more. */
export function withoutSecret(secrets: readonly string[], gone: string): string[] | undefined {
  const rest = secrets.filter((secret) => secret !== gone);
  return rest.length === 0 || rest.length === secrets.length ? undefined : rest;
}
