// SPDX-License-Identifier: Apache-2.0
//
// A record of the audit log as a row of the live list. Pure.
import type { Row } from './filter';

export interface Entry {
  seq: number; ts: string; type: string; request_id?: string; decision?: string; reason?: string;
  secret?: string | null; scheme?: string | null;
  client?: { addr?: string; uid?: number; caller?: string };
  destination?: { host: string; port: number; method: string; path: string };
  [key: string]: unknown;
}

export interface Shown extends Row { seq: number; time: string; where: string; entry: Entry }

// Records of what was decided; others stand in the log, too.
export function isDecision(entry: Entry): boolean {
  return entry.type === 'inject_decision' || entry.type === 'tunnel';
}

export function toRow(entry: Entry): Shown {
  const to = entry.destination;
  const host = to === undefined ? '' : to.host + (to.port === 443 ? '' : `:${to.port}`);
  const method = entry.type === 'tunnel' ? 'CONNECT' : to?.method ?? '';
  const path = entry.type === 'tunnel' ? '' : to?.path ?? '';
  return {
    seq: entry.seq, time: entry.ts.slice(11, 19), entry, method, host, path, where: host + path,
    secret: entry.secret ?? '', caller: entry.client?.caller ?? '', reason: entry.reason ?? '',
    decision: entry.decision ?? '',
  };
}

export const kindOf: Record<string, string> = { allowed: 'good', pass: 'quiet', denied: 'warn', refused: 'bad' };

// The keys of a record with their values as text, in their order; inner objects as `client.addr`.
export function facts(entry: Record<string, unknown>, before = ''): Array<[string, string]> {
  const found: Array<[string, string]> = [];
  for (const [name, value] of Object.entries(entry)) {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      found.push(...facts(value as Record<string, unknown>, `${before}${name}.`));
    } else if (value !== null && value !== '') {
      found.push([before + name, typeof value === 'string' ? value : JSON.stringify(value)]);
    }
  }
  return found;
}

// A word of a shell: quoted unless it is plain.
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

// The command that says why, for a request of an intercepted connection.
export function explainCommand(row: Shown): string {
  if (row.entry.type === 'tunnel' || row.method === '' || row.method === 'message') return '';
  return `keyswap bindings explain ${shellWord(row.method)} ${shellWord(`https://${row.where}`)}`;
}
