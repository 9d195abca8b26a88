/** The tenant that is meant where none is named. */
export const defaultTenant = 'default';

/** Whether a text can be a tenant's name: what else an address says is not sent to the API. */
export function isTenantName(text: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,62}$/.test(text);
}

let carried: () => string | undefined = () => undefined;

/** Tells links which tenant to carry; the session does, for a credential that reaches all of them. */
export function carryTenant(tenant: () => string | undefined): void {
  carried = tenant;
}

/** What a link's query says about the tenant: the one it names or else the one that is shown; nothing for the default. */
export function tenantOf(named: string | undefined): string | undefined {
  const tenant = named ?? carried();
  return tenant === defaultTenant ? undefined : tenant;
}
