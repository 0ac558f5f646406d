// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a request by the bindings in force, and why: as keyswap bindings explain says it.
import { ask, reason } from './api';
import { fill, make } from './dom';

interface Place { place: string; swapped: boolean; why: string }
interface Verdict { secret: string; swapped: boolean; reason: string; why: string; place: string; places: Place[]; caller: string | null }
interface Explanation { handling: string; refusal: string | null; secrets: Verdict[] }

export interface Question { method: string; url: string; caller?: string }

// Asks, and shows the answer in `place`.
export async function explainInto(place: HTMLElement, question: Question): Promise<void> {
  fill(place, 'Asking…');
  try {
    fill(place, shown(await ask<Explanation>('POST', '/api/explain', question)));
  } catch (wrong) {
    fill(place, make('p', { class: 'problem' }, reason(wrong)));
  }
}

function shown(said: Explanation): HTMLElement {
  const rows = said.secrets.map((one) => make('li', {},
    make('strong', {}, one.secret), ' ',
    make('span', { class: one.swapped ? 'good' : 'warn' }, one.swapped ? 'is swapped in' : 'is not swapped in'),
    one.swapped ? ` (${one.place})` : ` (${one.reason})`,
    make('p', {}, one.why),
    ...one.places.filter((place) => !place.swapped && place.why !== one.why)
      .map((place) => make('p', { class: 'quiet' }, `${place.place}: ${place.why}`))));
  return make('div', {},
    make('p', {}, `The proxy: ${said.handling}`, said.refusal === null ? null : ', refused: ',
      said.refusal === null ? null : make('code', {}, said.refusal)),
    rows.length === 0 ? make('p', { class: 'quiet' }, 'No secret is bound to that host.')
      : make('ul', { class: 'list', 'aria-label': 'Secrets of that host' }, ...rows));
}
