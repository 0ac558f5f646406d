// SPDX-License-Identifier: Apache-2.0
//
// How the proxy is, who is logged in, and reading the bindings anew.
import { ask, download, mayChange, reason } from './api';
import { button, fill, make, message } from './dom';
import { facts as factsIn } from './record';
import { day } from './time';

interface Status {
  uptime: string; version: string; pid: number; vault: { open: boolean }; audit: { writable: boolean };
  bindings: { sha256: string | null };
}
interface Session { id: string; scope: string; created_at: number; expires_at: number }

export function showStatus(place: HTMLElement): () => void {
  const told = message('told');
  const problem = message('problem');
  const facts = make('div', {});
  const sessions = make('div', {});
  const say = (text: string, wrong = ''): void => { fill(told, text); fill(problem, wrong); };
  const refresh = async (): Promise<void> => {
    try {
      fill(facts, factsOf(await ask<Status>('GET', '/api/status')));
      if (mayChange()) fill(sessions, ...sessionsOf(await ask<Session[]>('GET', '/api/auth/sessions'), refresh, say));
    } catch (wrong) {
      say('', reason(wrong));
    }
  };
  const reload = button('Read the bindings anew', () => {
    say('');
    ask('POST', '/api/reload', {})
      .then(() => say('It was begun. What became of it: keyswap status'))
      .catch((wrong: unknown) => say('', reason(wrong)));
  });
  fill(place, make('h1', { tabindex: '-1' }, 'Status'), told, problem, facts,
    mayChange() ? make('div', { class: 'row' }, reload) : null, auditPart(say), sessions);
  void refresh();
  return () => undefined;
}

function yes(good: boolean, right: string, wrong: string, command: string): HTMLElement {
  return good ? make('span', { class: 'good' }, right)
    : make('span', { class: 'bad' }, `${wrong} `, make('code', {}, command));
}

function factsOf(status: Status): HTMLElement {
  return make('dl', {},
    make('dt', {}, 'Running for'), make('dd', {}, status.uptime),
    make('dt', {}, 'Version'), make('dd', {}, `${status.version}, process ${status.pid}`),
    make('dt', {}, 'Vault'), make('dd', {}, yes(status.vault.open, 'open', 'locked: no secret is used.', 'keyswap doctor')),
    make('dt', {}, 'Audit log'),
    make('dd', {}, yes(status.audit.writable, 'takes records', 'takes no records: everything is refused.', 'keyswap audit verify')),
    make('dt', {}, 'Bindings in force'), make('dd', {}, make('code', {}, (status.bindings.sha256 ?? 'not known').slice(0, 16))));
}

function auditPart(say: (text: string, wrong?: string) => void): HTMLElement {
  const found = make('div', { role: 'status' });
  const verify = button('Verify the log', () => {
    say('');
    verify.disabled = true;
    fill(found, 'All of it is being read…');
    ask<Record<string, unknown>>('GET', '/api/audit/verify').then((said) => {
      const list = make('dl', {});
      for (const [name, value] of factsIn(said)) list.append(make('dt', {}, name), make('dd', {}, value));
      fill(found, list);
    }).catch((wrong: unknown) => { fill(found); say('', reason(wrong)); }).finally(() => { verify.disabled = false; });
  });
  const csv = button('Export as CSV', () => {
    say('');
    download('/api/audit/export').catch((wrong: unknown) => say('', reason(wrong)));
  });
  return make('section', {}, make('h2', {}, 'Audit log'), make('div', { class: 'row' }, verify, csv), found);
}

function sessionsOf(sessions: Session[], refresh: () => Promise<void>, say: (text: string, wrong?: string) => void): HTMLElement[] {
  const items = sessions.map((one) => {
    const end = button('End', () => {
      ask('DELETE', `/api/auth/sessions/${encodeURIComponent(one.id)}`)
        .then(() => say('The session was ended.')).catch((wrong: unknown) => say('', reason(wrong))).finally(() => void refresh());
    });
    end.setAttribute('aria-label', `End the session of ${day(one.created_at)}`);
    return make('li', {}, make('div', { class: 'row' },
      make('span', {}, `${one.scope}, since ${day(one.created_at)}, until ${day(one.expires_at)}`), end));
  });
  return [make('h2', {}, 'Sessions'), make('ul', { class: 'list', 'aria-label': 'Sessions' }, ...items)];
}
