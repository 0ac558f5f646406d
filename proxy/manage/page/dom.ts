// SPDX-License-Identifier: Apache-2.0
//
// Making what is shown. Text is only ever text: paths, names and errors may be an attacker's, and nothing here
// reads markup. What a terminal or an eye could be misled by is shown as its number.

export type Child = Node | string | null;

const attributesKnown = new Set([
  'aria-current', 'aria-describedby', 'aria-invalid', 'aria-label', 'aria-labelledby', 'aria-pressed', 'autocomplete',
  'class', 'for', 'href', 'id', 'maxlength', 'minlength', 'name', 'open', 'required', 'role', 'spellcheck', 'tabindex',
  'type', 'value',
]);

export function make<K extends keyof HTMLElementTagNameMap>(
    tag: K, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (!attributesKnown.has(name)) throw new Error(`no attribute ${name}`);
    made.setAttribute(name, value);
  }
  for (const child of children) if (child !== null) made.append(typeof child === 'string' ? visible(child) : child);
  return made;
}

export function fill(place: HTMLElement, ...children: Child[]): void {
  place.replaceChildren();
  for (const child of children) if (child !== null) place.append(typeof child === 'string' ? visible(child) : child);
}

// Controls, marks that turn the direction of writing, and what has no width: as \u202e.
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

export function button(text: string, act: () => void, kind = ''): HTMLButtonElement {
  const made = make('button', kind === '' ? { type: 'button' } : { type: 'button', class: kind }, text);
  made.addEventListener('click', act);
  return made;
}

// A line that a screen reader says when it changes.
export function message(kind: 'problem' | 'told'): HTMLElement {
  return make('p', { class: kind, role: kind === 'problem' ? 'alert' : 'status' });
}

let ids = 0;

// With its label, and what helps to fill it in.
export function field(label: string, attributes: Record<string, string>, hint = ''): [HTMLInputElement, DocumentFragment] {
  const id = `field-${++ids}`;
  const input = make('input', { id, ...attributes });
  const all = document.createDocumentFragment();
  all.append(make('label', { for: id }, label));
  if (hint !== '') {
    input.setAttribute('aria-describedby', `${id}-hint`);
    all.append(make('p', { id: `${id}-hint`, class: 'hint' }, hint));
  }
  all.append(input);
  return [input, all];
}

// Asks before something that cannot be undone. It stands where the focus does not, and works half a second after
// it appeared: a click that was meant for something else does nothing.
export function confirm(title: string, text: string, act: string): Promise<boolean> {
  return new Promise((decided) => {
    const heading = make('h2', { id: `field-${++ids}` }, title);
    const dialog = make('dialog', { 'aria-labelledby': heading.id }, heading, make('p', {}, text));
    const yes = button(act, () => dialog.close('yes'), 'danger');
    const no = button('Cancel', () => dialog.close('no'));
    yes.disabled = true;
    setTimeout(() => { yes.disabled = false; }, 500);
    dialog.append(make('div', { class: 'row' }, no, yes));
    dialog.addEventListener('close', () => {
      dialog.remove();
      decided(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}
