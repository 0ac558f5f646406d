// SPDX-License-Identifier: Apache-2.0
//
// Getting in: the first password, the log-in, and the one-time codes that `keyswap ui` opens the page with.
import { ask, forgetSession, keepSession, reason, type Scope } from './api';
import { field, fill, make, message } from './dom';

interface LoggedIn { token: string; scope: Scope }

async function logIn(credential: { password: string } | { code: string }): Promise<void> {
  forgetSession();
  keepSession(await ask<LoggedIn>('POST', '/api/auth/login', credential));
}

// One-time codes stand behind the #, which no server and no log sees; it leaves the history at once.
export function takeCode(kind: 'code' | 'setup'): string {
  const found = new RegExp(`^#${kind}=([A-Za-z0-9_-]{1,200})$`).exec(location.hash);
  if (found === null) return '';
  history.replaceState(null, '', '/');
  return found[1] ?? '';
}

// True: a session is there.
export async function enterByCode(code: string): Promise<boolean> {
  try {
    await logIn({ code });
    return true;
  } catch {
    return false;
  }
}

function submits(form: HTMLFormElement, problem: HTMLElement, act: () => Promise<void>): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const main = form.querySelector('button');
    if (main?.disabled) return;
    fill(problem);
    if (main) main.disabled = true;
    act().catch((wrong: unknown) => fill(problem, reason(wrong))).finally(() => { if (main) main.disabled = false; });
  });
}

export function showLogIn(place: HTMLElement, note: string, done: () => void): void {
  const [password, passwordField] = field('Password',
    { type: 'password', autocomplete: 'current-password', required: '', name: 'password' });
  const problem = message('problem');
  const form = make('form', { class: 'narrow' });
  form.append(passwordField, problem, make('button', { type: 'submit', class: 'main' }, 'Log in'));
  submits(form, problem, async () => {
    const said = password.value;
    password.value = '';
    await logIn({ password: said }).finally(() => password.focus());
    done();
  });
  fill(place, make('h1', { tabindex: '-1' }, 'Log in'), form,
    make('p', { class: 'quiet' }, 'Without the password: ', make('code', {}, 'keyswap ui'), ' opens this page logged in.'));
  fill(problem, note);
  password.focus();
}

export function showSetUp(place: HTMLElement, codeGiven: string, done: () => void): void {
  const [code, codeField] = field('One-time code', { autocomplete: 'off', spellcheck: 'false', required: '', name: 'code' },
    'It is printed by: keyswap manage setup');
  const [password, passwordField] = field('New password',
    { type: 'password', autocomplete: 'new-password', minlength: '8', required: '', name: 'password' }, 'At least 8 characters.');
  const [again, againField] = field('The same password again',
    { type: 'password', autocomplete: 'new-password', minlength: '8', required: '', name: 'confirm' });
  const problem = message('problem');
  const form = make('form', { class: 'narrow' });
  form.append(codeField, passwordField, againField, problem,
    make('button', { type: 'submit', class: 'main' }, 'Set the password'));
  code.value = codeGiven;
  submits(form, problem, async () => {
    if (password.value !== again.value) {
      again.focus();
      throw new Error('The two passwords differ.');
    }
    await ask('POST', '/api/auth/setup', { password: password.value, confirm: again.value, code: code.value.trim() });
    await logIn({ password: password.value });
    done();
  });
  fill(place, make('h1', { tabindex: '-1' }, 'Set up this page'),
    make('p', {}, 'Nobody can log in yet. The code shows that you are the user of this proxy.'), form);
  (codeGiven === '' ? code : password).focus();
}
