// SPDX-License-Identifier: Apache-2.0
//
// Times of the API (seconds since 1970) as they are read. Pure but for the clock.

export function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ') + ' UTC';
}

export function ago(seconds: number, now = Date.now() / 1000): string {
  const passed = Math.max(0, Math.floor(now - seconds));
  if (passed < 60) return 'just now';
  if (passed < 3600) return count(Math.floor(passed / 60), 'minute');
  if (passed < 86_400) return count(Math.floor(passed / 3600), 'hour');
  return count(Math.floor(passed / 86_400), 'day');
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? '' : 's'} ago`;
}
