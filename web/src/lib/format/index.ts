export { shortId } from './identifier';
export { indentJson, isJson } from './json';
export { bytes, compactCount, count, counted, percent } from './number';
export { countdown, duration, exactTime, fullTime, relativeTime } from './time';
