// SPDX-License-Identifier: Apache-2.0
//
// The page: who is in sees one view at a time, named behind the #, so that links, the back button and the keyboard
// work as they do everywhere.
import { ask, forgetSession, hasSession, reason, whenSessionEnds } from './api';
import { enterByCode, showLogIn, showSetUp, takeCode } from './access';
import { showBindings } from './bindings';
import { button, fill, make } from './dom';
import { showLimits } from './limits';
import { showLive } from './live';
import { showSecrets } from './secrets';
import { showStatus } from './status';

const views = new Map([
  ['live', { title: 'Live', show: showLive }],
  ['secrets', { title: 'Secrets', show: showSecrets }],
  ['limits', { title: 'Limits', show: showLimits }],
  ['bindings', { title: 'Bindings', show: showBindings }],
  ['status', { title: 'Status', show: showStatus }],
]);

const header = make('header', {});
const place = make('main', { id: 'main', tabindex: '-1' });
let leave: () => void = () => undefined;

function nameOfView(): string {
  const name = location.hash.slice(1);
  return views.has(name) ? name : 'live';
}

function paintHeader(current: string): void {
  const links = [...views].map(([name, view]) =>
    make('a', { href: `#${name}`, ...(name === current ? { 'aria-current': 'page' } : {}) }, view.title));
  const out = button('Log out', () => {
    ask('POST', '/api/auth/logout', {}).catch(() => undefined).finally(() => {
      forgetSession();
      void enter('');
    });
  });
  fill(header, make('span', { class: 'name' }, 'keyswap'), make('nav', { 'aria-label': 'Views' }, ...links), out);
}

function showView(): void {
  if (!hasSession()) return;
  const name = nameOfView();
  const view = views.get(name);
  if (view === undefined) return;
  leave();
  paintHeader(name);
  leave = view.show(place);
  document.title = `${view.title} · keyswap`;
  place.querySelector('h1')?.focus();
}

function leaveViews(): void {
  leave();
  leave = () => undefined;
  fill(header, make('span', { class: 'name' }, 'keyswap'));
}

async function enter(note: string): Promise<void> {
  const code = takeCode('code');
  const setup = takeCode('setup');
  let told = note;
  if (code !== '' && !await enterByCode(code)) told = 'The code is used or too old. Get another one: keyswap ui';
  if (hasSession()) return showView();
  leaveViews();
  document.title = 'keyswap';
  try {
    const status = await ask<{ initialized: boolean }>('GET', '/api/auth/status');
    if (status.initialized) showLogIn(place, told, showView);
    else showSetUp(place, setup, showView);
  } catch (wrong) {
    fill(place, make('h1', { tabindex: '-1' }, 'keyswap'), make('p', { class: 'problem', role: 'alert' }, reason(wrong)),
      button('Try again', () => void enter('')));
  }
}

whenSessionEnds(() => void enter('The session has ended.'));
window.addEventListener('hashchange', () => {
  if (/^#(code|setup)=/.test(location.hash)) void enter('');
  else showView();
});
const skip = make('a', { class: 'skip', href: '#main' }, 'To the content');
skip.addEventListener('click', (event) => {
  event.preventDefault();  // what stands behind the # is the view
  place.focus();
});
document.body.replaceChildren(skip, header, place);
void enter('');
