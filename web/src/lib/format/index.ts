export { shortId } from './identifier';
export { indentJson, isJson } from './json';
export { memberText } from './member';
export { bytes, compactCount, count, counted, percent } from './number';
export { countdown, duration, exactTime, fullTime, relativeTime } from './time';
export { oldestWaiting, waitingCount } from './waiting';
