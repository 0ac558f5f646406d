// SPDX-License-Identifier: Apache-2.0
//
// Asking the API. The session's token is kept for this tab alone (sessionStorage is of one origin with its port; a
// cookie would go to every port of this machine), and goes into one header of requests to this origin.

import { EventParser, type ServerEvent } from './events';

export type Scope = 'none' | 'view' | 'approve' | 'admin';

export class Refused extends Error {
  constructor(readonly status: number, text: string) { super(text); }
}

const key = 'keyswap-session';

interface Kept { token: string; scope: Scope }

let onEnd: () => void = () => undefined;

// Called when the session ended, however it did.
export function whenSessionEnds(act: () => void): void { onEnd = act; }

function kept(): Kept | null {
  const text = sessionStorage.getItem(key);
  return text === null ? null : JSON.parse(text) as Kept;
}

export function hasSession(): boolean { return kept() !== null; }
export function mayChange(): boolean { return kept()?.scope === 'admin'; }
export function keepSession(session: Kept): void {
  sessionStorage.setItem(key, JSON.stringify({ token: session.token, scope: session.scope }));
}
export function forgetSession(): void { sessionStorage.removeItem(key); }

// An answer that is no refusal.
async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const session = kept();
  const headers: Record<string, string> = {};
  if (session !== null) headers['Authorization'] = `Bearer ${session.token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const request: RequestInit = { method, headers, credentials: 'omit', cache: 'no-store', redirect: 'error' };
  if (body !== undefined) request.body = JSON.stringify(body);
  if (signal !== undefined) request.signal = signal;
  let answer: Response;
  try {
    answer = await fetch(path, request);
  } catch {
    throw new Refused(0, 'The proxy does not answer. Does it run? keyswap status');
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({})) as { error?: string; retry_after_seconds?: number };
  if (answer.status === 401 && session !== null && kept()?.token === session.token) {
    forgetSession();
    onEnd();
  }
  const later = said.retry_after_seconds === undefined ? '' : ` Try again in ${said.retry_after_seconds} s.`;
  throw new Refused(answer.status, sentence(said.error ?? `status ${answer.status}`) + later);
}

export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  return await (await send(method, path, body)).json() as T;
}

// A file, to be kept by the browser: a link could send no token.
export async function download(path: string): Promise<void> {
  const answer = await send('GET', path);
  const name = /filename="([^"/\\]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? 'keyswap';
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Hands over each event until the stream ends, which it does by `signal`, too.
export async function listen(path: string, signal: AbortSignal, take: (event: ServerEvent) => void): Promise<void> {
  const answer = await send('GET', path, undefined, signal);
  const reader = answer.body?.getReader();
  if (reader === undefined) return;
  const parser = new EventParser();
  const decoder = new TextDecoder();
  for (;;) {
    const piece = await reader.read();
    if (piece.done) return;
    for (const event of parser.take(decoder.decode(piece.value, { stream: true }))) take(event);
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (text.endsWith('.') ? '' : '.');
}

// What to show for something that went wrong.
export function reason(wrong: unknown): string {
  return wrong instanceof Error ? wrong.message : String(wrong);
}
