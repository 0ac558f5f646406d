// SPDX-License-Identifier: Apache-2.0
//
// The file of bindings as it is, what it does with a request, and the sources that its secrets come from.
import { ask, mayChange, reason } from './api';
import { button, field, fill, make, message } from './dom';
import { explainInto } from './explain';

interface Policy { policy_hash: string; file: string; is_in_force: boolean; text: string }
interface Source { name: string; type: string; where: string; secrets: Array<{ name: string }>; cache: { ttl_seconds: number } | null }

type Say = (text: string, wrong?: string) => void;

export function showBindings(place: HTMLElement): () => void {
  const told = message('told');
  const problem = message('problem');
  const file = make('div', {});
  const sources = make('div', {});
  const say: Say = (text, wrong = '') => { fill(told, text); fill(problem, wrong); };
  fill(place, make('h1', { tabindex: '-1' }, 'Bindings'), told, problem, explainForm(), sources, file);
  ask<Policy>('GET', '/api/policies').then((said) => fill(file, ...fileOf(said))).catch((wrong: unknown) => say('', reason(wrong)));
  ask<{ sources: Source[] }>('GET', '/api/sources')
    .then((said) => fill(sources, ...sourcesOf(said.sources, say))).catch((wrong: unknown) => say('', reason(wrong)));
  return () => undefined;
}

function fileOf(said: Policy): HTMLElement[] {
  const state = said.is_in_force ? make('span', { class: 'good' }, 'in force')
    : make('span', { class: 'warn' }, 'changed, and not in force: ', make('code', {}, 'keyswap bindings approve'));
  return [make('h2', {}, 'The file'), make('p', {}, make('code', {}, said.file), ' ', state),
    make('pre', { tabindex: '0', role: 'region', 'aria-label': 'bindings.yaml' },
      ...said.text.replace(/\n$/, '').split('\n').map((line) => make('span', { class: 'line' }, line)))];
}

function sourcesOf(sources: Source[], say: Say): HTMLElement[] {
  const items = sources.map((one) => {
    const item = make('li', {}, make('strong', {}, one.name), make('span', { class: 'quiet' }, ` ${one.type} ${one.where}`),
      make('p', {}, one.secrets.length === 0 ? 'no secret comes from it' : one.secrets.map((secret) => secret.name).join(', ')));
    if (one.cache !== null && mayChange()) {
      const flush = button('Fetch anew', () => {
        say('');
        ask('POST', `/api/sources/${encodeURIComponent(one.name)}/flush`, {})
          .then(() => say(`What ${one.name} gave was dropped: the next request fetches it anew.`))
          .catch((wrong: unknown) => say('', reason(wrong)));
      });
      flush.setAttribute('aria-label', `Fetch anew from ${one.name}`);
      item.append(flush);
    }
    return item;
  });
  return items.length === 0 ? []
    : [make('h2', {}, 'Sources'), make('ul', { class: 'list', 'aria-label': 'Sources' }, ...items)];
}

function explainForm(): HTMLElement {
  const [method, methodField] = field('Method', { value: 'GET', autocomplete: 'off', spellcheck: 'false', required: '', name: 'method' });
  const [url, urlField] = field('URL', { type: 'url', autocomplete: 'off', required: '', name: 'url' });
  const answer = make('div', { role: 'status' });
  const form = make('form', { class: 'narrow' });
  form.append(methodField, urlField, make('div', { class: 'row' }, make('button', { type: 'submit', class: 'main' }, 'Explain')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void explainInto(answer, { method: method.value.trim(), url: url.value.trim() });
  });
  return make('section', {}, make('h2', {}, 'What becomes of a request'), form, answer);
}
