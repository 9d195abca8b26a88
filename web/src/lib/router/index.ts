export { href, routes, type Place, type Query, type RouteName, type RouteParams } from './route';
export { router } from './router.svelte';
export { carryTenant, defaultTenant, isTenantName } from './tenant';
