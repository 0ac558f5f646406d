// SPDX-License-Identifier: Apache-2.0
//
// What is decided, as it is decided: the newest first, filtered here, paused at will.
import { ask, listen, reason } from './api';
import { button, field, fill, make, message } from './dom';
import type { ServerEvent } from './events';
import { explainInto } from './explain';
import { parseFilter, type Test } from './filter';
import { type Entry, explainCommand, facts, isDecision, kindOf, type Shown, toRow } from './record';

interface Page { entries: Entry[]; next: number | null }

const keptMax = 2000;
const shownMax = 300;
const askedAtOnce = 100;
const againMs = 1000;
const againMsAtMost = 15_000;

// Lives until the returned function is called.
export function showLive(place: HTMLElement): () => void {
  const view = new LiveView();
  fill(place, ...view.parts());
  view.run();
  return () => view.stop();
}

class LiveView {
  private readonly rows = new Map<number, Shown>();  // by their number in the log
  private held: Shown[] = [];  // came while it was paused
  private older: number | null = null;
  private leftOut = 0;
  private test: Test = () => true;
  private isPaused = false;
  private isStopped = false;
  private hasBegun = false;
  private willPaint = false;
  private wait = againMs;
  private timer = 0;
  private stream: AbortController | null = null;
  private readonly shown = new Map<number, HTMLLIElement>();
  private readonly list = make('ol', { class: 'list', 'aria-label': 'Decisions, the newest first' });
  private readonly count = make('p', { class: 'quiet' });
  private readonly empty = make('div', {});
  private readonly problem = message('problem');
  private readonly filterProblem = message('problem');
  private readonly filter: HTMLInputElement;
  private readonly filterField: DocumentFragment;
  private readonly pause = button('Pause', () => this.togglePause());
  private readonly more = button('Older ones', () => void this.loadOlder());
  private readonly onVisibility = (): void => this.follow();

  constructor() {
    [this.filter, this.filterField] = field('Filter', { type: 'search', autocomplete: 'off', spellcheck: 'false', name: 'filter' },
      'A word, or ~m method ~d host ~p path ~s secret ~c caller ~r reason ~k decision; & | ! ( )');
    this.filter.addEventListener('input', () => this.readFilter());
    this.pause.setAttribute('aria-pressed', 'false');
    this.more.hidden = true;
    document.addEventListener('visibilitychange', this.onVisibility);
  }

  parts(): Node[] {
    return [make('h1', { tabindex: '-1' }, 'Live decisions'), this.filterField, this.filterProblem,
      make('div', { class: 'row' }, this.pause, this.count), this.problem, this.empty, this.list, this.more];
  }

  run(): void { this.follow(); }

  stop(): void {
    this.isStopped = true;
    window.clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.stream?.abort();
  }

  // A tab that nobody sees holds no connection: a browser has six for all tabs of one address.
  private follow(): void {
    window.clearTimeout(this.timer);
    if (document.hidden || this.isStopped) {
      this.stream?.abort();
      this.stream = null;
      return;
    }
    if (this.stream !== null) return;
    const stream = new AbortController();
    this.stream = stream;
    listen('/api/audit/stream', stream.signal, (event) => this.take(event))
      .catch((wrong: unknown) => { if (!stream.signal.aborted) fill(this.problem, reason(wrong)); })
      .finally(() => {
        if (this.stream !== stream) return;
        this.stream = null;
        this.timer = window.setTimeout(() => this.follow(), this.wait);
        this.wait = Math.min(2 * this.wait, againMsAtMost);
      });
  }

  private take(event: ServerEvent): void {
    const said = JSON.parse(event.data) as Entry & { count?: number };
    if (event.name === 'begin') {
      fill(this.problem);
      this.wait = againMs;
      void this.load(said.seq + 1).catch((wrong: unknown) => fill(this.problem, reason(wrong)));
    } else if (event.name === 'skipped') {
      this.leftOut += said.count ?? 0;
      this.paintSoon();
    } else if (event.name === 'end') {
      ask('GET', '/api/status').catch(() => undefined);  // says that the session has ended
    } else if (isDecision(said)) {
      const row = toRow(said);
      if (this.isPaused) this.held = [...this.held, row].slice(-keptMax);
      else this.rows.set(row.seq, row);
      this.paintSoon();
    }
  }

  // Those in front of a record.
  private async load(before: number): Promise<void> {
    const page = await ask<Page>('GET', `/api/audit?before=${before}&limit=${askedAtOnce}`);
    for (const entry of page.entries) if (isDecision(entry)) this.rows.set(entry.seq, toRow(entry));
    if (this.older === null || page.next === null || page.next < this.older) this.older = page.next;
    this.more.hidden = this.older === null;
    this.hasBegun = true;
    this.paintSoon();
  }

  private async loadOlder(): Promise<void> {
    if (this.older === null) return;
    this.more.disabled = true;
    await this.load(this.older).catch((wrong: unknown) => fill(this.problem, reason(wrong)));
    this.more.disabled = false;
  }

  private togglePause(): void {
    this.isPaused = !this.isPaused;
    this.pause.setAttribute('aria-pressed', String(this.isPaused));
    if (!this.isPaused) {
      for (const row of this.held) this.rows.set(row.seq, row);
      this.held = [];
    }
    this.paintSoon();
  }

  private readFilter(): void {
    const parsed = parseFilter(this.filter.value);
    const isWrong = 'error' in parsed;
    this.filter.setAttribute('aria-invalid', String(isWrong));
    fill(this.filterProblem, isWrong ? `${parsed.error} (character ${parsed.at + 1})` : null);
    if (!isWrong) {
      this.test = parsed.test;
      this.paintSoon();
    }
  }

  // However much came: once a frame.
  private paintSoon(): void {
    if (this.willPaint) return;
    this.willPaint = true;
    requestAnimationFrame(() => {
      this.willPaint = false;
      if (!this.isStopped) this.paint();
    });
  }

  // Rows that stay are not made anew: what is open stays open, and the focus where it is.
  private paint(): void {
    const all = [...this.rows.values()].sort((one, other) => other.seq - one.seq);
    for (const row of all.splice(keptMax)) this.rows.delete(row.seq);
    const fitting = all.filter(this.test);
    const wanted = fitting.slice(0, shownMax);
    const seqs = new Set(wanted.map((row) => row.seq));
    for (const [seq, item] of this.shown) {
      if (!seqs.has(seq)) {
        item.remove();
        this.shown.delete(seq);
      }
    }
    let before: HTMLLIElement | null = null;
    for (const row of wanted) {
      let item = this.shown.get(row.seq);
      if (item === undefined) {
        item = itemOf(row);
        this.shown.set(row.seq, item);
        if (before === null) this.list.prepend(item);
        else before.after(item);
      }
      before = item;
    }
    fill(this.count, this.countText(wanted.length, all.length));
    this.list.hidden = wanted.length === 0;
    const isEmpty = all.length === 0 && this.hasBegun;
    fill(this.empty, isEmpty ? nothingYet()
      : wanted.length === 0 && this.hasBegun ? make('p', { class: 'empty' }, 'Nothing of that kind.') : null);
  }

  private countText(shown: number, all: number): string {
    return `${shown} of ${all}` + (this.leftOut > 0 ? `, ${this.leftOut} records not shown: too many at once` : '') +
      (this.isPaused ? `, paused, ${this.held.length} more` : '');
  }
}

function nothingYet(): HTMLElement {
  return make('div', { class: 'empty' }, make('p', {}, 'No request has come yet. Send one through the proxy:'),
    make('p', {}, make('code', {}, 'keyswap run -- curl https://api.example.com/')));
}

function itemOf(row: Shown): HTMLLIElement {
  const summary = make('summary', {},
    make('span', { class: 'quiet' }, row.time),
    make('span', { class: kindOf[row.decision] ?? '' }, row.decision),
    make('span', { class: 'grows' }, `${row.method} ${row.where}`),
    row.secret === '' ? null : make('span', {}, row.secret),
    row.caller === '' ? null : make('span', { class: 'quiet' }, row.caller),
    row.decision === 'allowed' ? null : make('span', { class: 'quiet' }, row.reason));
  const details = make('details', {}, summary);
  // Made when it is asked for.
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) details.append(detailsOf(row));
  });
  return make('li', {}, details);
}

function detailsOf(row: Shown): HTMLElement {
  const list = make('dl', {});
  for (const [name, value] of facts(row.entry)) list.append(make('dt', {}, name), make('dd', {}, value));
  const command = explainCommand(row);
  if (command === '') return make('div', {}, list);
  const answer = make('div', { role: 'status' });
  const why = button('Explain', () => {
    const question = { method: row.method, url: `https://${row.where}` };
    void explainInto(answer, row.caller === '' ? question : { ...question, caller: row.caller });
  });
  return make('div', {}, list, make('div', { class: 'row' }, why, make('code', {}, command)), answer);
}
