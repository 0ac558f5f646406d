// SPDX-License-Identifier: Apache-2.0
//
// What is left of quotas and volumes today, and how fast each binding may go.
import { ask, reason } from './api';
import { fill, make, message } from './dom';

interface Limit {
  secret: string; host: string; limit: 'rate_limit' | 'quota' | 'daily_volume'; requests?: number; per_seconds?: number;
  unit?: string; per_day?: number | string; used?: number | string; left?: number | string;
}
interface Limits { resets: string; limits: Limit[] }

const everyMs = 5000;

export function showLimits(place: HTMLElement): () => void {
  const problem = message('problem');
  const resets = make('p', { class: 'quiet' });
  const list = make('div', {});
  fill(place, make('h1', { tabindex: '-1' }, 'Limits'), resets, problem, list);
  let last = '';
  const refresh = async (): Promise<void> => {
    if (document.hidden) return;
    try {
      const said = await ask<Limits>('GET', '/api/limits');
      fill(problem);
      const text = JSON.stringify(said);
      if (text === last) return;  // what is read is not made anew under the reader
      last = text;
      fill(resets, `Counted anew at ${said.resets}`);
      fill(list, said.limits.length === 0 ? none() : make('ul', { class: 'list', 'aria-label': 'Limits' }, ...said.limits.map(itemOf)));
    } catch (wrong) {
      fill(problem, reason(wrong));
    }
  };
  void refresh();
  const timer = window.setInterval(() => void refresh(), everyMs);
  return () => window.clearInterval(timer);
}

function none(): HTMLElement {
  return make('div', { class: 'empty' }, make('p', {}, 'No binding has a limit. A rule of bindings.yaml takes one:'),
    make('p', {}, make('code', {}, 'quota: { requests: 1000, per: day }'), ' ', make('code', {}, 'keyswap bindings edit')));
}

function itemOf(one: Limit): HTMLLIElement {
  const head = [make('strong', {}, one.secret), make('span', { class: 'quiet' }, ` ${one.host}`)];
  if (one.limit === 'rate_limit') {
    return make('li', {}, ...head, make('p', {}, `at most ${one.requests} requests in ${one.per_seconds} s`));
  }
  const used = Number(one.used);
  const most = Number(one.per_day);
  const share = most > 0 ? Math.min(1, used / most) : 1;
  const text = `${one.used} of ${one.per_day} ${one.unit} used today, ${one.left} left`;
  const meter = make('meter', { value: String(share), 'aria-label': text });
  return make('li', {}, ...head,
    make('p', { class: share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : '' }, meter, ` ${text}`));
}
