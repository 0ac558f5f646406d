// SPDX-License-Identifier: Apache-2.0
//
// The secrets of the vault, never their values: added, given another value, removed.
import { ask, mayChange, reason, Refused } from './api';
import { button, confirm, field, fill, make, message } from './dom';
import { shellWord } from './record';
import { ago, day } from './time';

export interface Credential {
  id: string; service: string; name: string; created_at: number; last_used_at: number | null;
  placeholder: string | null; bound: boolean;
}

export function showSecrets(place: HTMLElement): () => void {
  const told = message('told');
  const problem = message('problem');
  const list = make('div', {});
  const say = (text: string, wrong = ''): void => { fill(told, text); fill(problem, wrong); };
  const refresh = async (): Promise<void> => {
    try {
      fill(list, ...listOf(await ask<Credential[]>('GET', '/api/credentials'), refresh, say));
    } catch (wrong) {
      say('', reason(wrong));
    }
  };
  fill(place, make('h1', { tabindex: '-1' }, 'Secrets'), told, problem, list, mayChange() ? addForm(refresh, say) : null);
  void refresh();
  return () => undefined;
}

type Say = (text: string, wrong?: string) => void;
type Refresh = () => Promise<void>;

function listOf(credentials: Credential[], refresh: Refresh, say: Say): HTMLElement[] {
  if (credentials.length === 0) {
    return [make('div', { class: 'empty' }, make('p', {}, 'The vault holds no secret yet. Add one below, or:'),
      make('p', {}, make('code', {}, 'keyswap secret add NAME')))];
  }
  const items = credentials.map((one) => itemOf(one, refresh, say));
  return [make('ul', { class: 'list', 'aria-label': 'Secrets' }, ...items)];
}

function itemOf(one: Credential, refresh: Refresh, say: Say): HTMLLIElement {
  const item = make('li', {},
    make('strong', {}, one.name), one.service === one.name ? null : make('span', { class: 'quiet' }, ` ${one.service}`),
    make('dl', {}, make('dt', {}, 'Added'), make('dd', {}, day(one.created_at)),
      make('dt', {}, 'Last used'), make('dd', {}, usedText(one)),
      ...(one.placeholder === null ? [] : [make('dt', {}, 'Placeholder'), make('dd', {}, make('code', {}, one.placeholder))])));
  if (!one.bound) {
    item.append(make('p', { class: 'warn' }, 'No binding uses it. Bind it to a host: ',
      make('code', {}, `keyswap bindings add ${shellWord(one.name)} --host HOST`)));
  }
  if (mayChange()) {
    const place = make('div', {});
    const rotate = button('Rotate', () => fill(place, rotateForm(one, place, rotate, refresh, say)));
    rotate.setAttribute('aria-label', `Rotate ${one.name}`);
    const remove = button('Remove', () => void removeOne(one, refresh, say), 'danger');
    remove.setAttribute('aria-label', `Remove ${one.name}`);
    item.append(make('div', { class: 'row' }, rotate, remove), place);
  }
  return item;
}

function usedText(one: Credential): HTMLElement | string {
  const month = 30 * 86_400;
  const now = Date.now() / 1000;
  if (one.last_used_at !== null) {
    return now - one.last_used_at < month ? ago(one.last_used_at)
      : make('span', { class: 'warn' }, `${ago(one.last_used_at)}: not for 30 days`);
  }
  return now - one.created_at < month ? 'never' : make('span', { class: 'warn' }, 'never, for 30 days');
}

// The value is in the field until it is sent, and nowhere else.
function valueField(label: string): [HTMLInputElement, DocumentFragment] {
  return field(label, { type: 'password', autocomplete: 'off', spellcheck: 'false', required: '', name: 'key' });
}

function submit(form: HTMLFormElement, say: Say, act: () => Promise<string>): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    say('');
    act().then((text) => say(text)).catch((wrong: unknown) => say('', reason(wrong)));
  });
}

function addForm(refresh: Refresh, say: Say): HTMLElement {
  const [name, nameField] = field('Name', { autocomplete: 'off', spellcheck: 'false', required: '', name: 'name' },
    'As bindings.yaml says it: letters, digits, _ - .');
  const [service, serviceField] = field('Service', { autocomplete: 'off', required: '', name: 'service' }, 'What it is for.');
  const [key, keyField] = valueField('Value');
  const form = make('form', { class: 'narrow' });
  form.append(nameField, serviceField, keyField,
    make('div', { class: 'row' }, make('button', { type: 'submit', class: 'main' }, 'Add the secret')));
  submit(form, say, async () => {
    const given = key.value;
    key.value = '';
    await ask('POST', '/api/credentials', { service: service.value, name: name.value, key: given });
    const added = name.value.trim();
    form.reset();
    await refresh();
    name.focus();
    return `${added} was added.`;
  });
  return make('section', {}, make('h2', {}, 'Add a secret'), form);
}

function rotateForm(one: Credential, place: HTMLElement, opener: HTMLElement, refresh: Refresh, say: Say): HTMLElement {
  const [key, keyField] = valueField(`New value of ${one.name}`);
  const form = make('form', { class: 'narrow' });
  const cancel = button('Cancel', () => { fill(place); opener.focus(); });
  form.append(keyField, make('div', { class: 'row' }, make('button', { type: 'submit', class: 'main' }, 'Rotate'), cancel));
  submit(form, say, async () => {
    const given = key.value;
    key.value = '';
    await ask('POST', `/api/credentials/${encodeURIComponent(one.id)}/rotate`, { key: given });
    await refresh();
    return `${one.name} has another value; the next request uses it.`;
  });
  queueMicrotask(() => key.focus());
  return form;
}

async function removeOne(one: Credential, refresh: Refresh, say: Say): Promise<void> {
  say('');
  if (!await confirm(`Remove ${one.name}?`, 'Its value is gone then: keyswap cannot give it back.', 'Remove')) return;
  const path = `/api/credentials/${encodeURIComponent(one.id)}`;
  try {
    await ask('DELETE', path);
  } catch (wrong) {
    if (!(wrong instanceof Refused) || wrong.status !== 409) return say('', reason(wrong));
    const text = 'A binding names it: its requests are refused from then on.';
    if (!await confirm(`Remove ${one.name} all the same?`, text, 'Remove all the same')) return;
    try {
      await ask('DELETE', `${path}?force=true`);
    } catch (again) {
      return say('', reason(again));
    }
  }
  await refresh();
  say(`${one.name} was removed.`);
}
